"""Instalments: a fixed total invoiced in parts, by number, by milestones, or along a ramp.

Always true:
- the instalments of a total add up to it; the last takes what rounding left;
- no milestone asks for more than the total has left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from usance.domain.calendar import Anchor, Cadence, Period, billing_periods
from usance.domain.errors import Invalid, Problem
from usance.domain.money import Currency, Money, round_minor, total
from usance.domain.rating.proration import months_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A part of a total that falls due when something is reached.

    Either an `amount`, or a `percent` of the total, or neither: then it takes the rest.
    """

    name: str
    amount: Money | None = None
    percent: Decimal | None = None


def equal_parts(whole: Money, count: int, *, upfront: Money | None = None) -> list[Money]:
    """`whole` in `count` equal instalments, after `upfront` when there is one.

    The last instalment takes what rounding left. Raises Invalid (InvalidInstalments) for no
    instalment or more upfront than the whole.
    """
    if count < 1:
        raise _refused("count", str(count), "at least one instalment")
    rest = whole if upfront is None else whole - upfront
    if rest.is_negative != whole.is_negative and not rest.is_zero:
        raise _refused("upfront", str(upfront), f"at most the whole, {whole}")
    each = round_minor(rest.amount, rest.currency, Fraction(1, count))
    parts = [each] * (count - 1)
    last = rest - total(parts, rest.currency)
    return [*([] if upfront is None else [upfront]), *parts, last]


def by_milestones(milestones: Sequence[Milestone], whole: Money | None = None) -> list[Money]:
    """What each milestone is invoiced, adding up to `whole` (by default the sum of the amounts).

    The last milestone takes what rounding percentages left, or the rest where it says so. Raises
    Invalid (InvalidInstalments) when fixed amounts do not come to the whole, or nothing is left.
    """
    if not milestones:
        raise _refused("milestones", "", "at least one milestone")
    if whole is None:
        return [_fixed(index, milestone) for index, milestone in enumerate(milestones)]
    left = whole
    amounts: list[Money] = []
    for index, milestone in enumerate(milestones):
        is_last = index == len(milestones) - 1
        asked = _asked(index, milestone, whole, is_last=is_last, left=left)
        if asked.is_negative != whole.is_negative or abs(asked.minor) > abs(left.minor):
            raise _refused(f"milestones[{index}]", str(asked), f"at most what is left, {left}")
        amounts.append(asked)
        left -= asked
    if not left.is_zero:
        raise _refused("milestones", str(whole - left), f"amounts that come to {whole}")
    return amounts


def _fixed(index: int, milestone: Milestone) -> Money:
    if milestone.amount is None:
        path = f"milestones[{index}].amount"
        raise _refused(path, "", "an amount, for no total is given to take a part of")
    return milestone.amount


def _asked(index: int, milestone: Milestone, whole: Money, *, is_last: bool, left: Money) -> Money:
    if milestone.amount is not None:
        return milestone.amount
    if milestone.percent is None:
        if not is_last:
            path = f"milestones[{index}]"
            raise _refused(
                path, milestone.name, "an amount or a percent: only the last takes the rest"
            )
        return left
    exact = round_minor(whole.amount * milestone.percent.scaleb(-2), whole.currency)
    # Each part before may have rounded half a minor unit away; no more than that is forgiven.
    is_rounding = abs(left.minor - exact.minor) <= index
    is_too_much = abs(exact.minor) > abs(left.minor)
    return left if is_rounding and (is_last or is_too_much) else exact


@dataclass(frozen=True, slots=True)
class MonthlyPrice:
    """From this day on, a month costs `amount`, unrounded major units."""

    start: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class RampSlice:
    """Part of a billing period at one price: the days, how many months they are, the price."""

    period: Period
    months: Fraction
    amount: Decimal

    def charge(self, currency: Currency) -> Money:
        """Price times months, rounded once."""
        return round_minor(self.amount, currency, self.months)


def ramp(
    window: Period, prices: Sequence[MonthlyPrice], cadence: Cadence, *, anchor: Anchor
) -> Iterator[RampSlice]:
    """The billing periods of `window`, split where the price steps, each with its months.

    Months are counted from `anchor`: whole ones, then days over the days of the month they are
    in. Days before the first price are not billed.
    """
    steps = sorted(prices, key=lambda price: price.start)
    for billing in billing_periods(window, cadence, anchor=anchor):
        for index, price in enumerate(steps):
            until = steps[index + 1].start if index + 1 < len(steps) else window.end
            start, end = max(price.start, billing.part.start), min(until, billing.part.end)
            if start < end:
                part = Period(start, end)
                yield RampSlice(part, months_in(part, anchor=anchor), price.amount)


def _refused(path: str, value: str, expected: str) -> Invalid:
    return Invalid(Problem("InvalidInstalments", path, value, expected))
