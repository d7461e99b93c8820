"""Cases told over a contract's life: commitments, terminations, several contracts on one invoice.

Each is made a contract of ours, and what that owes is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Any

from tests.cases.amounts import currency_of, money
from tests.cases.cadences import UNITS, cadence_of
from tests.cases.values import Case, Found, UnmappedError, day, decimal
from usance.domain.calendar import Cadence, Period, calendar_anchor
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.order import Order, OrderKind, OrderLine, Segment, Timing
from usance.domain.contracts.owed import due
from usance.domain.contracts.terms import ContractTerms
from usance.domain.contracts.timeline import contract_from
from usance.domain.due_items import DueItem, LineKind
from usance.domain.ids import (
    ContractId,
    CustomerId,
    FeatureId,
    InvoiceId,
    LegalEntityId,
    LineId,
    OrderId,
)
from usance.domain.invoicing.drafting import group
from usance.domain.invoicing.invoice import InvoiceStatus
from usance.domain.invoicing.rated_items import counted_slices, rated
from usance.domain.metering.totals import UsageTotal
from usance.domain.money import Currency, Money, total
from usance.domain.payment_terms import PaymentTerms
from usance.domain.payments.allocating import OpenItem, fill
from usance.domain.payments.payment import Basis
from usance.domain.payments.settlement import settlement
from usance.domain.rating.prices import Flat, PerUnit, Pricing
from usance.domain.rating.proration import nominal_count, share
from usance.domain.rating.rate import rate_line

TERMS = ContractTerms(payment_terms=PaymentTerms(30))
SOME_DAY = date(2025, 1, 1)  # on which several contracts renew, where a case names none
ONE = Decimal(1)
BUYER, SELLER = CustomerId("cus"), LegalEntityId("le")


def found_in(case: Case) -> Found:
    """What our contracts make of a case."""
    return TOPICS[case.topic](case)


def consolidated(case: Case) -> Found:
    """Contracts of one customer that renew on one day, as the invoices they share."""
    fees = _fees(case)
    of = currency_of(case, fees[0])
    on = [SOME_DAY for _ in fees]
    if case.inputs.get("same_day") is False:
        on = [cadence_of("day").boundary(SOME_DAY, index) for index in range(len(fees))]
    signed = [_one_fee(index, decimal(fee), on[index], of) for index, fee in enumerate(fees)]
    if case.inputs.get("same_terms") is False:
        signed = [
            replace(each, terms=replace(TERMS, payment_terms=PaymentTerms(index)))
            for index, each in enumerate(signed)
        ]
    owed = [due(each, through=on[-1]).items for each in signed]
    shared = owed if case.inputs.get("same_customer") is False else [chain(*owed)]
    invoices = [_nets(each.items, of) for items in shared for each in group(items)]
    totals = [total(nets, of) for nets in invoices]
    found: dict[str, object] = {"invoices": totals}
    if len(totals) > 1:
        return found
    found |= dict.fromkeys(("one_invoice", "total", "parent_total_at_commit"), totals[0])
    found |= dict.fromkeys(("children", "parent_lines", "children_due"), invoices[0])
    found["balance_while_draft"] = _open_of(totals[0], InvoiceStatus.DRAFT, of)
    found["due"] = _open_of(totals[0], InvoiceStatus.ISSUED, of)
    if case.has("customer_credit"):
        found["due"] = _due_after(totals[0], Money.parse(_number(case["customer_credit"]), of))
    return found


def _fees(case: Case) -> Sequence[Any]:
    if case.has("children"):
        return [child["plan"] for child in case["children"]]
    for key in ("renewals", "trials_end_same_day"):
        if case.has(key):
            return list(case[key])
    raise UnmappedError("no contracts that renew")


def _one_fee(index: int, fee: Decimal, start: date, of: Currency) -> Contract:
    cadence = cadence_of("month")
    line = _recurring("fee", fee, Period(start, cadence.boundary(start, 12)), cadence, start)
    return _signed([line], of, ContractId(f"ctr_{index:03d}"))


def _nets(items: Sequence[DueItem], of: Currency) -> list[Money]:
    return [rated(item, of, {}).net for item in items]


def _open_of(gross: Money, status: InvoiceStatus, of: Currency) -> Money:
    """What is to be paid: of an issued invoice alone."""
    items = [_open_item(gross, status)]
    return total([each.amount_due for each in items if each.status is InvoiceStatus.ISSUED], of)


def _due_after(gross: Money, credit: Money) -> Money:
    """What is left to pay once the customer's credit is applied to the document, once."""
    shares = fill(credit, [_open_item(gross, InvoiceStatus.ISSUED)], Basis.OLDEST_DUE)
    used = total([share.amount for share in shares], gross.currency)
    return settlement(gross, used, due_on=SOME_DAY, today=SOME_DAY).amount_due


def _open_item(gross: Money, status: InvoiceStatus) -> OpenItem:
    return OpenItem(
        invoice_id=InvoiceId("inv"),
        status=status,
        number="1",
        due_on=SOME_DAY,
        legal_entity_id=SELLER,
        customer_id=BUYER,
        gross=gross,
        allocated=Money.zero(gross.currency),
    )


def _true_up(case: Case) -> Found:
    """What a period's fee and usage lack of its commitment, billed when the period is over."""
    cadence, start, at = cadence_of(case["interval"]), case.day("start"), case.day("true_up_at")
    is_calendar = case.inputs.get("billing") == "calendar"
    anchor = calendar_anchor(start, cadence.unit) if is_calendar else start
    window = Period(start, cadence.boundary(at, 1))
    fee = _recurring("fee", case.number("plan_fee"), window, cadence, anchor)
    used = replace(
        _recurring("used", ONE, window, cadence, anchor),
        kind=LineKind.USAGE,
        segments=(Segment(window, Pricing(price=PerUnit(ONE)), ONE),),
        timing=Timing.IN_ARREARS,
        feature_id=FeatureId("used"),
    )
    committed = replace(
        _recurring("committed", case.number("commitment"), window, cadence, anchor),
        kind=LineKind.COMMITMENT,
        timing=Timing.IN_ARREARS,
        covers=("fee", "used"),
    )
    of = currency_of(case, case["commitment"])
    contract = _signed([fee, used, committed], of)
    counted = UsageTotal(case.number("usage", default="0"), 1, None)
    found = [
        rated(item, of, dict.fromkeys((each.key for each in counted_slices(item)), counted)).net
        for item in due(contract, through=at).items
        if item.kind is LineKind.COMMITMENT and item.due_on == at
    ]
    return {"true_up": found[0] if found else None}


def _cut_short(case: Case) -> Found:
    """The fee of a period of which only some days were served, billed at its end."""
    if case["mode"] != "in_arrears":
        raise UnmappedError(f"mode {case['mode']!r}")
    start, last = case["service"]
    end = day(last)
    if last.endswith("inclusive"):
        end = UNITS["day"].boundary(end, 1)
    whole = re.search(r"\((\d+) days\)", case["how"])
    served = Period(day(start), end)
    if whole is None:
        cadence = cadence_of(case["interval"])
        period = cadence.period_at(calendar_anchor(served.start, cadence.unit), served.start)
    price = money(case, case["price"])
    fee = rate_line(
        Pricing(price=Flat(price.amount)),
        ONE,
        currency=price.currency,
        share=nominal_count(served, int(whole[1])).share if whole else share(served, period),
    )
    return {"fee": fee.net}


def _recurring(
    ref: str, amount: Decimal, window: Period, cadence: Cadence, anchor: date
) -> OrderLine:
    return OrderLine(
        ref=ref,
        name=ref,
        kind=LineKind.RECURRING,
        window=window,
        segments=(Segment(window, Pricing(price=Flat(amount)), ONE),),
        cadence=cadence,
        anchor=anchor,
    )


def _signed(
    lines: Sequence[OrderLine], of: Currency, contract_id: ContractId | None = None
) -> Contract:
    """An active contract over the days of its first line."""
    order = Order(
        id=OrderId("ord"),
        kind=OrderKind.INITIAL,
        customer_id=BUYER,
        legal_entity_id=SELLER,
        contract_id=ContractId("ctr") if contract_id is None else contract_id,
        contract_name="A contract",
        currency=of,
        term=lines[0].window,
        effective_on=lines[0].window.start,
        terms=TERMS,
        lines=tuple(lines),
    )
    return contract_from(order, line_id=LineId)


def _number(plain: object) -> str:
    """The number of `>= 7000`."""
    found = re.search(r"[\d.]+", str(plain))
    if found is None:
        raise UnmappedError(f"no number in {plain!r}")
    return found[0]


TOPICS: dict[str, Callable[[Case], Found]] = {
    "minimum_commitment_true_up": _true_up,
    "termination_proration": _cut_short,
}
