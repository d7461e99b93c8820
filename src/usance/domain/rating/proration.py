"""Proration: which share of a period a part of it is, and what a change within it comes to.

`share` is exact; amounts are rounded once per line, so what is printed adds up. The default unit
is the local day; the other profiles are what contracts and other systems agree on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from usance.domain.calendar import Anchor, Cadence, Instants, Period, Unit, billing_periods, elapsed
from usance.domain.errors import Invalid, Problem
from usance.domain.money import ONE, Currency, Money, round_minor
from usance.domain.rating.prices import ZERO

MONTHLY = Cadence(1, Unit.MONTH)
NOTHING = Fraction(0)


class Proration(StrEnum):
    """How time is counted when a period is billed in part."""

    DAYS = "DAYS"  # local days over the days of the period: our default, most contracts
    SECONDS = "SECONDS"  # elapsed seconds, as Stripe
    THIRTY_360 = "THIRTY_360"  # every month has 30 days
    ACTUAL_30 = "ACTUAL_30"  # days as they are over months of 30
    MONTH_THEN_DAY = "MONTH_THEN_DAY"  # whole months, then days over the days of that month
    NONE = "NONE"  # a period begun is charged whole


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many of how many: 22 of 31 days, 1814400 of 2592000 seconds."""

    part: Fraction
    whole: Fraction

    @property
    def share(self) -> Fraction:
        """The part over the whole, exactly."""
        return self.part / self.whole

    def __str__(self) -> str:
        if self.part.denominator == self.whole.denominator == 1:
            return f"{self.part}/{self.whole}"
        return str(self.share)


def day_count(
    part: Period,
    whole: Period,
    profile: Proration = Proration.DAYS,
    *,
    anchor: Anchor | None = None,
) -> DayCount:
    """`part` and `whole` counted by that profile.

    Months are counted from `anchor`, by default the start of `whole`. Without a time zone a day
    has 86,400 seconds; for exact seconds count `Instants` with `share_of_time`.
    """
    match profile:
        case Proration.THIRTY_360:
            return DayCount(Fraction(days_30_360(part)), Fraction(days_30_360(whole)))
        case Proration.ACTUAL_30:
            return DayCount(Fraction(part.days), Fraction(days_30_360(whole)))
        case Proration.MONTH_THEN_DAY:
            grid = whole.start if anchor is None else anchor
            return DayCount(months_in(part, anchor=grid), months_in(whole, anchor=grid))
        case Proration.NONE:
            return DayCount(ONE, ONE)
    return DayCount(Fraction(part.days), Fraction(whole.days))


def nominal_count(part: Period, days: int, profile: Proration = Proration.DAYS) -> DayCount:
    """`part` of a period that has `days` by agreement: a year of 365, a month of 30."""
    counted = days_30_360(part) if profile is Proration.THIRTY_360 else part.days
    return DayCount(Fraction(counted), Fraction(days))


def share(
    part: Period,
    whole: Period,
    profile: Proration = Proration.DAYS,
    *,
    anchor: Anchor | None = None,
) -> Fraction:
    """Which share of `whole` the days of `part` are. The whole of it is 1 in every profile."""
    if part == whole:
        return ONE
    return day_count(part, whole, profile, anchor=anchor).share


def share_of_time(part: Instants, whole: Instants) -> Fraction:
    """Which share of `whole` the seconds of `part` are."""
    return part.seconds / whole.seconds


def remaining(whole: Period, change_on: date, profile: Proration = Proration.DAYS) -> Fraction:
    """Which share of `whole` is left when the terms change on that day; nothing at its end.

    Days outside `whole` count as its nearest end.
    """
    if change_on >= whole.end:
        return NOTHING
    return share(Period(max(change_on, whole.start), whole.end), whole, profile)


def remaining_time(whole: Instants, change_at: datetime) -> Fraction:
    """Which share of the seconds of `whole` is left at that instant."""
    if change_at >= whole.end:
        return NOTHING
    return share_of_time(Instants(max(change_at, whole.start), whole.end), whole)


def days_30_360(period: Period) -> int:
    """Its days when every month has 30: the 31st counts as the 30th."""
    start, end = period.start, period.end
    months = (end.year - start.year) * 12 + end.month - start.month
    return 30 * months + min(end.day, 30) - min(start.day, 30)


def months_in(period: Period, *, anchor: Anchor | None = None) -> Fraction:
    """Its months counted from `anchor` (its own start): whole ones, then days over their days."""
    grid = period.start if anchor is None else anchor
    return elapsed(billing_periods(period, MONTHLY, anchor=grid))


@dataclass(frozen=True, slots=True)
class Change:
    """A change of terms within a period: unused time given back, remaining time charged.

    `credit` is zero or negative. Each is one line of the document.
    """

    credit: Money
    charge: Money

    @property
    def net(self) -> Money:
        """The sum of the two rounded lines, as it stands on the document."""
        return self.credit + self.charge


def change(
    old: Decimal,
    new: Decimal,
    *,
    currency: Currency,
    left: Fraction,
    new_left: Fraction | None = None,
) -> Change:
    """What replacing `old` by `new` (full-period amounts) comes to with `left` of the period left.

    `new_left`: the share of the new terms' own first period, where that is another period (1 when
    it begins with the change).
    """
    credit = -round_minor(old, currency, left)
    return Change(credit, round_minor(new, currency, left if new_left is None else new_left))


@dataclass(frozen=True, slots=True)
class Step:
    """From this day on, a whole period costs `amount`."""

    on: date
    amount: Decimal


def changes(
    whole: Period, steps: Sequence[Step], *, currency: Currency, profile: Proration = Proration.DAYS
) -> list[Change]:
    """The lines of several changes in one period, each against the terms then in force.

    The first step is what was in force before; it is billed for the whole period, or for what is
    left from its day. A credit never refers twice to the same days, so what is left of a period
    after all changes was billed once, at the last amount.
    """
    made: list[Change] = []
    in_force = ZERO
    before = whole.start
    for step in steps:
        if step.on < before:
            expected = f"a day on or after {before}"
            raise Invalid(Problem("StepOrder", f"steps[{len(made)}].on", str(step.on), expected))
        left = remaining(whole, step.on, profile)
        made.append(change(in_force, step.amount, currency=currency, left=left))
        in_force, before = step.amount, step.on
    return made


def credit_within(potential: Money, *, billed: Money, credited: Money) -> Money:
    """`potential`, at most what was billed and not yet credited, never below zero."""
    nothing = Money.zero(billed.currency)
    return max(nothing, min(potential, billed - credited))


def percent_of(
    amount: Decimal, percent: Decimal, *, currency: Currency, part: Fraction = ONE
) -> Money:
    """That percentage of a part of an amount, rounded once: a discount, the tax of a credit."""
    return round_minor(amount * percent.scaleb(-2), currency, part)
