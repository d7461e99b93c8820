"""Uplift: by how much a price rises on an anniversary or at a renewal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from usance.domain.calendar import month_after
from usance.domain.errors import Problem, refuse_if
from usance.domain.ids import REF
from usance.domain.money import MAX_DECIMALS
from usance.domain.price_index import IndexSeries, change

ZERO = Decimal(0)
ONE = Fraction(1)
LIMIT = 1000  # percent: beyond it a figure was mistyped
MAX_LAG = 24
OF_INDICES = "nothing: only the change of an index is bounded and shifted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplift:
    """A fixed percentage, or what an index did over a year.

    The index change is that of the month `lag_months` before, against twelve months earlier;
    `plus` percentage points are added, then `floor` and `cap` (percent) bound the sum. `decimals`:
    to how many places the prices that result are rounded; None: none of their digits is lost.
    """

    percent: Decimal | None = None
    index: str | None = None
    lag_months: int = 2
    floor: Decimal | None = None
    cap: Decimal | None = None
    plus: Decimal = ZERO
    decimals: int | None = None

    def __post_init__(self) -> None:
        refuse_if(list(self._problems()))

    def _problems(self) -> Iterator[Problem]:
        if (self.percent is None) == (self.index is None):
            said = "" if self.percent is None else f"{self.percent:f} and {self.index}"
            yield Problem("AmbiguousUplift", "percent", said, "a percent or an index, one of them")
        if self.decimals is not None and not 0 <= self.decimals <= MAX_DECIMALS:
            expected = f"0 to {MAX_DECIMALS} decimal places"
            yield Problem("InvalidDecimals", "decimals", str(self.decimals), expected)
        yield from self._percent_problems() if self.index is None else self._index_problems()

    def _percent_problems(self) -> Iterator[Problem]:
        yield from _beyond("percent", self.percent)
        for name, bound in (("floor", self.floor), ("cap", self.cap), ("plus", self.plus or None)):
            if bound is not None:
                yield Problem("NotOfThisUplift", name, f"{bound:f}", OF_INDICES)

    def _index_problems(self) -> Iterator[Problem]:
        if self.index is not None and not REF.fullmatch(self.index):
            expected = "the id of an index series, such as CPI-U"
            yield Problem("InvalidIndex", "index", self.index[:80], expected)
        if not 0 <= self.lag_months <= MAX_LAG:
            expected = f"0 to {MAX_LAG} months"
            yield Problem("InvalidLag", "lagMonths", str(self.lag_months), expected)
        for name, bound in (("floor", self.floor), ("cap", self.cap), ("plus", self.plus)):
            yield from _beyond(name, bound)
        if self.cap is not None and self.cap < 0:
            yield Problem("NegativeCap", "cap", f"{self.cap:f}", "zero or more")
        if self.floor is not None and self.cap is not None and self.floor > self.cap:
            expected = f"at most the cap, {self.cap:f}"
            yield Problem("FloorAboveCap", "floor", f"{self.floor:f}", expected)


class Uplifted(NamedTuple):
    """How a factor came about: `change` of the index between two months, as a share; None for a
    fixed percentage.
    """

    factor: Fraction
    of: date | None = None
    against: date | None = None
    change: Fraction | None = None


def uplifted(rule: Uplift, on: date, series: IndexSeries | None) -> Uplifted | None:
    """What a price is multiplied by from that day on, exactly, with the months and the change it
    rests on; None while the index it needs is not published. Zero at the least: nothing is paid to
    the customer.

    The lag is there because a month's figure appears in the middle of the next one: in January
    the last that everybody has is November's, hence 2. Source of the year-on-year comparison by
    month: US Bureau of Labor Statistics, "How to use the CPI for escalation".
    """
    if rule.percent is not None:
        return Uplifted(ONE + Fraction(rule.percent) / 100)
    of, against = index_months(rule, on)
    moved = None if series is None else change(series, of=of, against=against)
    if moved is None:
        return None
    percent = moved * 100 + Fraction(rule.plus)
    if rule.floor is not None:
        percent = max(percent, Fraction(rule.floor))
    if rule.cap is not None:
        percent = min(percent, Fraction(rule.cap))
    return Uplifted(max(ONE + percent / 100, Fraction(0)), of, against, moved)


def index_months(rule: Uplift, on: date) -> tuple[date, date]:
    """The two months an index rule compares for that day, by their first days."""
    of = month_after(on.replace(day=1), -rule.lag_months)
    return of, month_after(of, -12)


def _beyond(name: str, percent: Decimal | None) -> Iterator[Problem]:
    if percent is not None and not -100 <= percent <= LIMIT:
        yield Problem("InvalidPercent", name, f"{percent:f}", f"percent from -100 to {LIMIT}")
