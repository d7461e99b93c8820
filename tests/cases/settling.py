"""Cases of what was paid, given back and credited, mapped onto payments and credit notes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from tests.cases.amounts import currency_of, money
from tests.cases.cadences import UNITS, cadence_of
from tests.cases.values import Case, Found, UnmappedError, day, decimal
from usance.domain.calendar import Period
from usance.domain.ids import (
    AllocationId,
    CustomerId,
    InvoiceId,
    LegalEntityId,
    PaymentId,
    RefundId,
)
from usance.domain.invoicing.invoice import InvoiceStatus
from usance.domain.money import Money, total
from usance.domain.payments.allocating import (
    NamedAllocation,
    OpenItem,
    allocate,
    as_allocations,
    take_back,
)
from usance.domain.payments.credit_balance import CreditBalance
from usance.domain.payments.payment import Allocation, Payment
from usance.domain.payments.refund import keep_the_rest, refund_of_payment
from usance.domain.payments.settlement import settlement
from usance.domain.rating.proration import change, credit_within, percent_of, remaining
from usance.domain.tax.credits import TaxedPart, credited_tax

BUYER, SELLER = CustomerId("cus"), LegalEntityId("le")
SOME_DAY = date(2025, 1, 1)
STARTS = re.compile(r"(\w+) anniversary from (\S+)")


def found_in(case: Case) -> Found:
    """What our receivables make of a case."""
    for keys, topic, read in SHAPES:
        if topic == case.topic and keys <= case.inputs.keys():
            return read(case)
    raise UnmappedError(f"inputs {', '.join(case.inputs)}")


def _paid_in_parts(case: Case) -> Found:
    """Invoices, and payments that name the one they are for; what is open after each."""
    of = currency_of(case, case["invoices"][0]["amount"])
    due = {str(each["id"]): day(each["date"]) for each in case["invoices"]}
    gross = {str(each["id"]): money(case, each["amount"]) for each in case["invoices"]}
    allocated = {ident: Money.zero(of) for ident in gross}
    balances, accounts, today = [], [], min(due.values())
    for number, each in enumerate(case["payments"]):
        named = str(each["inv"]) if "inv" in each else None
        today = max(today, due[named]) if named else max(due.values())
        issued = [ident for ident in gross if due[ident] <= today]
        payment = _payment(money(case, each["received"]), f"pay_{number}", today)
        items = {
            InvoiceId(ident): _open_item(ident, gross[ident], allocated[ident], due[ident])
            for ident in issued
        }
        wishes = [NamedAllocation(InvoiceId(named))] if named else None
        for share in allocate(payment, payment.amount, items, wishes):
            allocated[share.invoice_id] += share.amount
        left = {ident: _left(gross[ident], allocated[ident]) for ident in issued}
        balances.append(left)
        accounts.append(total(list(left.values()), of))
    return {"balance_after_each": balances, "account_balance": accounts}


def _refunded(case: Case) -> Found:
    """Refunds of a payment, which open the invoice again, and of credit notes, which do not."""
    gross, paid = money(case, case["invoice"]), money(case, case["paid"])
    of = gross.currency
    payment = _payment(paid, "pay", SOME_DAY)
    item = _open_item("inv", gross, Money.zero(of), SOME_DAY)
    ids = (f"all_{number}" for number in range(1000))
    shares = allocate(payment, paid, {item.invoice_id: item}, [NamedAllocation(item.invoice_id)])
    rows = list(as_allocations(shares, payment, ids=[AllocationId(next(ids))], on=SOME_DAY))
    given_back: list[Money] = []
    totals, balances = [], []
    for each in case["refunds"]:
        amount = money(case, each["amount"])
        if each.get("adjust_line"):
            given_back.append(_credited(amount).refunded)
        else:
            refund = refund_of_payment(payment, amount, refund_id=RefundId("ref"), on=SOME_DAY)
            given_back.append(refund.amount)
            rows += _opened_again(rows, refund.amount, ids)
        totals.append(total(given_back, of))
        balances.append(_left(gross, total([row.amount for row in rows], of)))
    return {"refunded_total": totals, "invoice_balance": balances}


def _opened_again(
    rows: Sequence[Allocation], refunded: Money, ids: Iterator[str]
) -> list[Allocation]:
    """The allocation that stands is taken back, and what was not refunded allocated anew."""
    undone = {row.takes_back for row in rows}
    stands = next(row for row in rows if row.takes_back is None and row.id not in undone)
    back = take_back(
        stands, allocation_id=AllocationId(next(ids)), on=SOME_DAY, was_taken_back=False
    )
    rest = keep_the_rest(stands, refunded, allocation_id=AllocationId(next(ids)), on=SOME_DAY)
    return [back] if rest is None else [back, rest]


def _credited(amount: Money) -> CreditBalance:
    """A credit note for part of the line, paid out whole: no invoice is touched."""
    nothing = Money.zero(amount.currency)
    note = CreditBalance(
        credit_note_id=InvoiceId("crn"),
        number="1",
        issued_on=SOME_DAY,
        customer_id=BUYER,
        legal_entity_id=SELLER,
        amount=amount,
        allocated=nothing,
        refunded=nothing,
    )
    return replace(note, refunded=note.left)


def _credit_note(case: Case) -> Found:
    """What was paid in advance and is not used, given back with the tax it bore."""
    told = STARTS.match(case["interval"])
    if told is None or case["mode"] != "in_advance":
        raise UnmappedError(f"interval {case['interval']!r}")
    cadence, anchor = cadence_of(told[1]), day(told[2])
    last_used = day(case["terminate"])
    period = cadence.period_at(anchor, last_used)
    price = money(case, case["price"])
    of, percent = price.currency, case.number("tax_pct")
    unused = remaining(period, UNITS["day"].boundary(last_used, 1))
    net = -change(price.amount, Decimal(0), currency=of, left=unused).credit
    billed = TaxedPart(price, percent_of(price.amount, percent, currency=of))
    before = TaxedPart(Money.zero(of), Money.zero(of))
    tax = credited_tax(billed, net, before=before, percent=percent)
    return {"credit_subtotal": net, "credit_tax": tax, "credit_total": total([net, tax], of)}


def _repaired(case: Case) -> Found:
    """A change of price after part of the line was credited: at most what is left of it."""
    period, to = case.period("period"), case["change"]
    of = case.currency
    adjusted = Money.zero(of)
    if case.has("adjust_line"):
        adjusted = -money(case, case["adjust_line"]["amount"])
    made = change(
        case.number("price_old"),
        decimal(to["price_new"]),
        currency=of,
        left=remaining(period, day(to["at"])),
    )
    repair = -credit_within(-made.credit, billed=case.money("price_old"), credited=adjusted)
    return {
        "account_credit_after_adjust": adjusted,
        "new_charge": made.charge,
        "repair": repair,
        "credit_generated": -total([repair, made.charge], of),
    }


def _carried(case: Case) -> Found:
    """A document whose credit is more than its charge: the rest is the customer's."""
    net = total([case.money("new_charge"), case.money("repair")], case.currency)
    return {"credit_generated": -net}


def _changed_in_period(case: Case) -> Found:
    """Components changed on one day: what is unused given back, what remains charged."""
    old, new = case["old"], case["new"]
    period = case.period("period")
    of = currency_of(case, next(iter({**new, **old}.values())))
    left = remaining(period, _day_in(period, case["change_at"]))
    made = {
        name: change(decimal(old.get(name, 0)), decimal(new.get(name, 0)), currency=of, left=left)
        for name in {**old, **new}
    }
    lines = [made[name].credit for name in old] + [made[name].charge for name in new]
    net, nothing = total(lines, of), Money.zero(of)
    return {"lines": lines, "total": net, "customer_balance": max(nothing, -net)}


def _day_in(period: Period, plain: str) -> date:
    """A day, or a month and day of the year the period begins in."""
    return day(plain) if len(plain) > len("01-16") else day(f"{period.start.year}-{plain}")


def _payment(amount: Money, ident: str, on: date) -> Payment:
    return Payment(
        id=PaymentId(ident),
        legal_entity_id=SELLER,
        customer_id=BUYER,
        amount=amount,
        received_on=on,
    )


def _open_item(ident: str, gross: Money, allocated: Money, due_on: date) -> OpenItem:
    return OpenItem(
        invoice_id=InvoiceId(ident),
        status=InvoiceStatus.ISSUED,
        number=ident,
        due_on=due_on,
        legal_entity_id=SELLER,
        customer_id=BUYER,
        gross=gross,
        allocated=allocated,
    )


def _left(gross: Money, allocated: Money) -> Money:
    return settlement(gross, allocated, due_on=SOME_DAY, today=SOME_DAY).amount_due


TOPICS = {
    "credit_note_rounding",
    "repair_after_adjustment",
    "payment_allocation",
    "refund",
    "mid_period_change",
}
# The first shape of the topic whose keys are all there.
SHAPES: list[tuple[set[str], str, Callable[[Case], Found]]] = [
    ({"price", "interval", "terminate"}, "credit_note_rounding", _credit_note),
    ({"price_old", "change"}, "repair_after_adjustment", _repaired),
    ({"new_charge", "repair"}, "repair_after_adjustment", _carried),
    ({"invoices", "payments"}, "payment_allocation", _paid_in_parts),
    ({"invoice", "paid", "refunds"}, "refund", _refunded),
    ({"period", "change_at", "old", "new"}, "mid_period_change", _changed_in_period),
]
