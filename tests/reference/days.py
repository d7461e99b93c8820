"""Days of the reference engine: what is written in a form, and the periods counted from an anchor.

Plain on purpose, and nothing of Usance is imported: two minds, one set of rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
DAYS = {"DAY": 1, "WEEK": 7}


class Every(NamedTuple):
    """How often: 3 MONTH, 2 WEEK."""

    times: int
    unit: str


class Days(NamedTuple):
    """From `start` up to, not including, `end`."""

    start: date
    end: date

    @property
    def length(self) -> int:
        """In days."""
        return (self.end - self.start).days

    def common(self, other: Days) -> int:
        """How many days are in both."""
        return max(0, (min(self.end, other.end) - max(self.start, other.start)).days)


def every_of(plain: Mapping[str, Any]) -> Every:
    """`{count, unit}`, count 1 by default."""
    return Every(int(plain.get("count", 1)), plain["unit"])


def the_day(written: str | date) -> date:
    """A day as it is written in a form."""
    return written if isinstance(written, date) else date.fromisoformat(written)


def months_later(anchor: date, months: int) -> date:
    """The same day of a later (or earlier) month; in a shorter one, its last day."""
    year, month0 = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    number = anchor.day
    while True:
        try:
            return date(year, month0 + 1, number)
        except ValueError:
            number -= 1


def boundary(anchor: date, every: Every, index: int) -> date:
    """Boundary number `index`, always counted from the anchor."""
    if every.unit in MONTHS:
        return months_later(anchor, index * every.times * MONTHS[every.unit])
    return anchor + timedelta(days=index * every.times * DAYS[every.unit])


def whole_periods(anchor: date, every: Every, days: Days) -> Iterator[Days]:
    """The whole periods that have a day in `days`, uncut."""
    index = 0
    while boundary(anchor, every, index) > days.start:
        index -= 1
    while boundary(anchor, every, index + 1) <= days.start:
        index += 1
    while boundary(anchor, every, index) < days.end:
        yield Days(boundary(anchor, every, index), boundary(anchor, every, index + 1))
        index += 1


def anchor_by_number(start: date, number: int, every: Every) -> date:
    """The anchor of periods that begin on a day of the month: in the month of `start`, or, where
    that month is too short, so many cadences before it that the month has such a day.
    """
    month = date(start.year, start.month, 1)
    while months_later(month, 1) - month < timedelta(days=number):
        month = months_later(month, -every.times * MONTHS[every.unit])
    return month.replace(day=number)
