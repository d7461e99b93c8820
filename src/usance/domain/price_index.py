"""Price indices: published monthly figures, such as consumer prices, that contracts refer to.

Owns: a series and its months, the change between two of them, what an import may add to it.
Does not own: what a change does to a price (contracts.uplift), where figures come from (store).

Always true:
- the change against a month and back again multiply to one;
- no figure changes unless a restatement was said to be one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from usance.domain.calendar import parse_day
from usance.domain.errors import Invalid, Problem, refuse_if

MONTH = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True, slots=True)
class IndexSeries:
    """`IndexSeries("CPI-U", {date(2025, 1, 1): Decimal("317.671")})`: months by their first day."""

    id: str
    values: Mapping[date, Decimal]

    def __post_init__(self) -> None:
        refuse_if(list(_problems(self.values)))


def change(series: IndexSeries, *, of: date, against: date) -> Fraction | None:
    """By what share the figure of one month exceeds that of another, exactly: 3/100.

    Any day of a month stands for it. None when one of the two is not published.
    """
    later = series.values.get(of.replace(day=1))
    earlier = series.values.get(against.replace(day=1))
    if later is None or earlier is None:
        return None
    return Fraction(later) / Fraction(earlier) - 1


def added(
    known: IndexSeries, published: Mapping[date, Decimal], *, may_restate: bool
) -> dict[date, Decimal]:
    """What of `published` the series does not say already.

    Raises Invalid (IndexAlreadyPublished), by month, where it says otherwise and that was not
    said to be a restatement; and for what is no figure of a month.
    """
    refuse_if(list(_problems(published)))
    new = {month: value for month, value in published.items() if known.values.get(month) != value}
    if not may_restate:
        differing = (month for month in new if month in known.values)
        refuse_if([_already(month, new[month], known.values[month]) for month in differing])
    return new


def month_from(written: str, *, path: str = "") -> date:
    """The first day of a month written `2025-01` or as that day. Raises Invalid (InvalidMonth)."""
    text = f"{written}-01" if MONTH.fullmatch(written) else written
    try:
        day = parse_day(text)
    except Invalid:
        day = None
    if day is None or day.day != 1:
        expected = "a month written YYYY-MM, or its first day"
        raise Invalid(Problem("InvalidMonth", path, written[:80], expected))
    return day


def written_month(month: date) -> str:
    """As it is written: `2025-01`."""
    return month.isoformat()[:7]


def _problems(values: Mapping[date, Decimal]) -> Iterator[Problem]:
    for month, value in values.items():
        if month.day != 1:
            yield Problem("InvalidMonth", "", month.isoformat(), "the first day of a month")
        if value <= 0:
            expected = "a figure above zero"
            yield Problem("InvalidIndexValue", written_month(month), f"{value:f}", expected)


def _already(month: date, value: Decimal, known: Decimal) -> Problem:
    expected = f"{known:f}, as imported before; or say that the figure was restated"
    return Problem("IndexAlreadyPublished", written_month(month), f"{value:f}", expected)
