"""Windows: from when until when usage counts against a limit.

Instants are whole nanoseconds since 1970 UTC; a window holds its start and not its end.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

Nanoseconds = int

FOREVER: Nanoseconds = 2**63
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
HOUR: Nanoseconds = 3_600 * 10**9
DAYS_IN = {"DAY": 1, "WEEK": 7}
MONTHS_IN = {"MONTH": 1, "YEAR": 12}
PERIODS = ("HOUR", *DAYS_IN, *MONTHS_IN, "LIFETIME")


class Window(NamedTuple):
    """The instants from `start` up to, not including, `end`."""

    start: Nanoseconds
    end: Nanoseconds


ALWAYS = Window(-FOREVER, FOREVER)


@dataclass(frozen=True, slots=True)
class Reset:
    """When usage counts from zero again: each `count` periods after `anchor`.

    Days and longer go by the clocks of `zone` at the anchor's time of day; hours are elapsed
    hours; a LIFETIME never ends. `since`: an instant at which usage counted from zero once more,
    in the middle of a window.
    """

    period: str
    count: int
    anchor: datetime
    zone: ZoneInfo
    since: Nanoseconds | None = None

    def window_at(self, at: Nanoseconds) -> Window:
        """The window `at` is in. Raises ValueError or OverflowError past the calendar's limits."""
        whole, cut = self._whole_window_at(at), self.since
        if cut is None or not whole.start < cut < whole.end:
            return whole
        return Window(cut, whole.end) if cut <= at else Window(whole.start, cut)

    def _whole_window_at(self, at: Nanoseconds) -> Window:
        if self.period == "LIFETIME":
            return Window(nanoseconds(self.anchor), FOREVER)
        if self.period == "HOUR":
            length = self.count * HOUR
            anchor = nanoseconds(self.anchor)
            start = anchor + (at - anchor) // length * length
            return Window(start, start + length)
        index = self._index_of_day(instant(at).astimezone(self.zone).date())
        if self._boundary(index) > at:
            index -= 1
        return Window(self._boundary(index), self._boundary(index + 1))

    def _boundary(self, index: int) -> Nanoseconds:
        local = self.anchor.astimezone(self.zone)
        naive = datetime.combine(self._day(local.date(), index), local.time())
        return nanoseconds(_instant_of(naive, self.zone))

    def _day(self, anchor: date, index: int) -> date:
        """Counted from the anchor, never from the day before: 31 January, 28 February, 31 March."""
        if self.period in DAYS_IN:
            return anchor + timedelta(days=index * self.count * DAYS_IN[self.period])
        months = anchor.month - 1 + index * self.count * MONTHS_IN[self.period]
        year, month = anchor.year + months // 12, months % 12 + 1
        return date(year, month, min(anchor.day, monthrange(year, month)[1]))

    def _index_of_day(self, day: date) -> int:
        anchor = self.anchor.astimezone(self.zone).date()
        if self.period in DAYS_IN:
            return (day - anchor).days // (self.count * DAYS_IN[self.period])
        between = (day.year - anchor.year) * 12 + day.month - anchor.month
        index = between // (self.count * MONTHS_IN[self.period])
        return index if self._day(anchor, index) <= day else index - 1


def _instant_of(naive: datetime, zone: ZoneInfo) -> datetime:
    """When clocks there show that time.

    A time that a clock change skips is the same time by the clock before the change; of a time
    that comes twice, the first.
    """
    found = naive.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == naive:
        return found
    before = naive.replace(tzinfo=zone, fold=0).utcoffset()
    assert before is not None, "a zone knows its offset"
    return (naive - before).replace(tzinfo=UTC)


def nanoseconds(moment: datetime) -> Nanoseconds:
    """The instant as nanoseconds. `moment` is aware."""
    return (moment - EPOCH) // MICROSECOND * 1_000


def instant(at: Nanoseconds) -> datetime:
    """The instant as a datetime in UTC, cut to microseconds."""
    return EPOCH + timedelta(microseconds=at // 1_000)


def instant_from(text: str) -> datetime:
    """The instant written as ISO 8601, in UTC; without an offset it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def written(at: Nanoseconds) -> str:
    """The instant as ISO 8601, as it travels."""
    return instant(at).isoformat().replace("+00:00", "Z")
