"""Late fees: what an invoice that is paid late costs its payer, step by step, each step once.

The steps of an invoice: `FEE`, the fixed fee and the statutory sum, when the days of grace are
over; `MONTH n`, a percentage of what is open when it is n full months late; `INTEREST 2026-03`, the
interest of that calendar month, once the month is over. Never on a late fee itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from usance.domain.calendar import Period, month_after
from usance.domain.due_items import LineKind
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.ad_hoc import LATE_PAYMENT
from usance.domain.invoicing.invoice import Draft, Finding, InvoiceLine, Severity
from usance.domain.money import Money, round_minor
from usance.domain.rating.working import Fact, Working
from usance.domain.receivables_policy import InterestRate, LateFeePolicy, recovery_fee

ONE_DAY = timedelta(days=1)
ONE = Decimal(1)
DAYS_A_YEAR = 365  # whatever the year has: the rule of simple late interest
MOST_MONTHS = 120  # after ten years nobody is asked any more
PAID_IN_TIME = Finding(
    Severity.ERROR,
    "PaidInTime",
    "lines",
    "By the payments entered since, paying late costs nothing here.",
)


class Settled(NamedTuple):
    """So much of an invoice settled on a day; below zero: taken back. Days of the legal entity."""

    on: date
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class LateInvoice:
    """An issued invoice past its due day, and how it was settled, in any order.

    A payment settles on the day the money arrived.
    """

    invoice_id: InvoiceId
    number: str
    due_on: date
    gross: Money
    settled: tuple[Settled, ...] = ()

    def open_before(self, day: date) -> Money:
        """What was open when that day began: the day of payment still bears interest."""
        paid = sum(each.amount.minor for each in self.settled if each.on < day)
        return Money(max(self.gross.minor - paid, 0), self.gross.currency)


class Charge(NamedTuple):
    """One step: how it is called, its line, and what it comes to."""

    invoice_id: InvoiceId
    step: str
    line: InvoiceLine


def late_charges(
    policy: LateFeePolicy, late: LateInvoice, *, through: date, charged: Collection[str]
) -> list[Charge]:
    """What is to be charged by the end of the day `through` and was not yet.

    `charged`: the steps there are. A step that comes to nothing is left out and may come later.
    """
    first = late.due_on + timedelta(days=policy.grace_days + 1)
    if through < first:
        return []
    steps = [*_fees(policy, late, first), *_months(policy, late, through)]
    steps += _interest(policy, late, through)
    return [step for step in steps if step.step not in charged]


def charged_anew(
    policy: LateFeePolicy,
    held: Draft,
    late: Sequence[LateInvoice],
    steps: Collection[tuple[InvoiceId, str]],
) -> tuple[InvoiceLine, ...]:
    """The lines of a held late fee as its steps come to now, of what is known of payments now. Of a
    fee that somebody has written anew, the lines as they are.
    """
    if any(line.treatment.rule != LATE_PAYMENT.rule for line in held.lines):
        return held.lines
    charges = [
        charge
        for each in late
        for charge in late_charges(policy, each, through=held.bill_on, charged=())
    ]
    return tuple(charge.line for charge in charges if (charge.invoice_id, charge.step) in steps)


def _fees(policy: LateFeePolicy, late: LateInvoice, on: date) -> Iterator[Charge]:
    owed = late.open_before(on)
    if owed.is_zero:
        return
    fixed = [each for each in policy.fixed if each.currency == owed.currency]
    sums = None if policy.recovery is None else recovery_fee(policy.recovery, owed)
    amount = Money(sum(each.minor for each in (*fixed, sums) if each is not None), owed.currency)
    if not amount.is_zero:
        facts: dict[str, Fact] = {
            "open": owed.amount,
            "fixed": sum((x.amount for x in fixed), Decimal(0)),
        }
        if sums is not None:
            facts["recovery"] = sums.amount
        yield _charge(late, "FEE", Period(on, on + ONE_DAY), amount, Working("late_fee", facts))


def _months(policy: LateFeePolicy, late: LateInvoice, through: date) -> Iterator[Charge]:
    """A percentage of what is open, for each full month it is late."""
    if not policy.monthly_percent:
        return
    for count in range(1, MOST_MONTHS + 1):
        on = month_after(late.due_on, count)
        owed = late.open_before(on + ONE_DAY)
        if on > through:
            return
        amount = round_minor(owed.amount * policy.monthly_percent / 100, owed.currency)
        if not amount.is_zero:
            month = Period(month_after(late.due_on, count - 1) + ONE_DAY, on + ONE_DAY)
            facts: dict[str, Fact] = {"open": owed.amount, "percent": policy.monthly_percent}
            working = Working("monthly_percent", facts)
            yield _charge(late, f"MONTH {count}", month, amount, working)


def _interest(policy: LateFeePolicy, late: LateInvoice, through: date) -> Iterator[Charge]:
    """Each calendar month that is over, from the day after the due day."""
    start = late.due_on + ONE_DAY
    for _ in range(MOST_MONTHS if policy.interest else 0):
        end = month_after(start.replace(day=1), 1)
        if end > through + ONE_DAY:
            return
        amount, working = interest(late, Period(start, end), policy.interest)
        if not amount.is_zero:
            step = f"INTEREST {start:%Y-%m}"
            yield _charge(late, step, Period(start, end), amount, working)
        start = end


def interest(
    late: LateInvoice, days: Period, rates: Sequence[InterestRate]
) -> tuple[Money, Working]:
    """Simple interest for those days: principal x percent x days / 365, parted where principal or
    rate changes, rounded once, half away from zero.
    """
    exact = Fraction(0)
    parts = []
    for part in _even_parts(late, days, rates):
        owed, percent = late.open_before(part.start), _percent_on(part.start, rates)
        exact += Fraction(owed.amount) * Fraction(percent) * part.days / (100 * DAYS_A_YEAR)
        if owed.minor and percent:
            facts: dict[str, Fact] = {
                "period": str(part),
                "principal": owed.amount,
                "percent": percent,
                "days": part.days,
            }
            parts.append(Working("interest", facts))
    amount = round_minor(ONE, late.gross.currency, exact)
    return amount, Working("late_interest", {"net": amount.amount}, tuple(parts))


def _even_parts(late: LateInvoice, days: Period, rates: Sequence[InterestRate]) -> Iterator[Period]:
    """The days in parts throughout which principal and rate are the same."""
    changes = {each.on + ONE_DAY for each in late.settled} | {each.valid_from for each in rates}
    edges = [days.start, *sorted(day for day in changes if days.start < day < days.end), days.end]
    for start, end in pairwise(edges):
        yield Period(start, end)


def _percent_on(day: date, rates: Sequence[InterestRate]) -> Decimal:
    holding = [each.percent for each in rates if each.valid_from <= day]
    return holding[-1] if holding else Decimal(0)


def _charge(
    late: LateInvoice, step: str, period: Period, amount: Money, working: Working
) -> Charge:
    named = Working(
        working.rule,
        {"invoice": late.number, "dueOn": str(late.due_on), "net": amount.amount, **working.facts},
        working.parts,
    )
    titles = {"FEE": "Late payment fee", "MONTH": "Late payment charge"}
    title = titles.get(step.partition(" ")[0], "Late payment interest")
    line = InvoiceLine(
        contract_id=None,
        line_id=None,
        kind=LineKind.ONE_OFF,
        description=f"{title}, invoice {late.number}",
        unit="",
        service_period=period,
        quantity=ONE,
        unit_amount=amount.amount,
        net=amount,
        tax_code="standard",
        treatment=LATE_PAYMENT,
        tax=Money.zero(amount.currency),
        working=named,
    )
    return Charge(late.invoice_id, step, line)
