"""Windows: from when until when usage counts against a limit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from usance.domain.calendar import Cadence, Unit, day_of, instants_at, start_of_day
from usance.domain.errors import Invalid, Problem

HOUR = timedelta(hours=1)
UTC_ZONE = ZoneInfo("UTC")


class ResetPeriod(StrEnum):
    """After how long usage counts from zero again."""

    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"
    LIFETIME = "LIFETIME"  # never


class ResetAnchor(StrEnum):
    """What windows are counted from. The names are the reference's, and CALENDAR is ours."""

    SUBSCRIPTION_START = "SubscriptionStart"
    START_OF_THE_MONTH = "StartOfTheMonth"
    EVERY_MONDAY = "EveryMonday"
    EVERY_TUESDAY = "EveryTuesday"
    EVERY_WEDNESDAY = "EveryWednesday"
    EVERY_THURSDAY = "EveryThursday"
    EVERY_FRIDAY = "EveryFriday"
    EVERY_SATURDAY = "EverySaturday"
    EVERY_SUNDAY = "EverySunday"
    CALENDAR = "Calendar"  # full hours, midnights, Mondays, firsts of months, 1 January


WEEKDAYS = [each for each in ResetAnchor if each.startswith("Every")]  # Monday is 0, as in date
UNITS = {
    ResetPeriod.DAY: Unit.DAY,
    ResetPeriod.WEEK: Unit.WEEK,
    ResetPeriod.MONTH: Unit.MONTH,
    ResetPeriod.YEAR: Unit.YEAR,
}


@dataclass(frozen=True, slots=True)
class Window:
    """The instants from `start` up to, not including, `end`; `end` None: for ever."""

    start: datetime
    end: datetime | None = None

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class Reset:
    """When usage counts from zero again: each `count` periods after `anchor`.

    Days and longer go by the clocks of `zone` at the anchor's time of day; hours are elapsed
    hours. `since`: an instant at which usage counted from zero once more, in the middle of a
    window. Raises Invalid (InvalidCadence) unless `count` is from 1 to 1200.
    """

    period: ResetPeriod
    anchor: datetime
    zone: ZoneInfo = UTC_ZONE
    count: int = 1
    since: datetime | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.count <= 1200:
            expected = "a whole number from 1 to 1200"
            raise Invalid(Problem("InvalidCadence", "count", str(self.count), expected))

    def window_at(self, at: datetime) -> Window:
        """The window `at` is in; an instant between two is in the later.

        A lifetime begins at the anchor. Raises Invalid (DayOutOfRange) past the calendar's limits.
        """
        whole, cut = _whole_window(self, at), self.since
        if cut is None or cut <= whole.start or cut not in whole:
            return whole
        return Window(cut, whole.end) if cut <= at else Window(whole.start, cut)


def reset_of(
    period: ResetPeriod,
    according_to: ResetAnchor,
    *,
    started_at: datetime,
    zone: ZoneInfo = UTC_ZONE,
    count: int = 1,
) -> Reset:
    """The reset, each `count` periods, of an entitlement whose subscription started then.

    Raises Invalid (InvalidResetAnchor) when such periods cannot begin there: months on Sundays.
    """
    fits = {ResetPeriod.WEEK: WEEKDAYS, ResetPeriod.MONTH: [ResetAnchor.START_OF_THE_MONTH]}
    allowed = [ResetAnchor.SUBSCRIPTION_START, ResetAnchor.CALENDAR, *fits.get(period, [])]
    if according_to not in allowed:
        expected = f"for periods of a {period} one of {', '.join(allowed)}"
        raise Invalid(Problem("InvalidResetAnchor", "accordingTo", according_to, expected))
    if according_to is ResetAnchor.SUBSCRIPTION_START or period is ResetPeriod.LIFETIME:
        return Reset(period, started_at, zone, count)
    if period is ResetPeriod.HOUR:
        local = started_at.astimezone(zone).replace(minute=0, second=0, microsecond=0)
        return Reset(period, local.astimezone(UTC), zone, count)
    first = _calendar_day(day_of(started_at, zone), period, according_to)
    return Reset(period, start_of_day(first, zone), zone, count)


@lru_cache(maxsize=4096)  # many features have the same resets, and are asked about at one instant
def _whole_window(reset: Reset, at: datetime) -> Window:
    """The window `at` is in, as if usage never counted from zero in its middle."""
    if reset.period is ResetPeriod.LIFETIME:
        return Window(reset.anchor)
    if reset.period is ResetPeriod.HOUR:
        length = reset.count * HOUR
        anchor = reset.anchor.astimezone(UTC)
        start = anchor + (at - anchor) // length * length
        return Window(start, start + length)
    cadence = Cadence(reset.count, UNITS[reset.period])
    found = instants_at(reset.anchor, cadence, at, reset.zone)
    return Window(found.start, found.end)


def _calendar_day(day: date, period: ResetPeriod, according_to: ResetAnchor) -> date:
    """The last day up to `day` on which such a period begins."""
    if period is ResetPeriod.WEEK:
        weekday = WEEKDAYS.index(according_to) if according_to in WEEKDAYS else 0
        return day - timedelta(days=(day.weekday() - weekday) % 7)
    if period is ResetPeriod.MONTH:
        return day.replace(day=1)
    if period is ResetPeriod.YEAR:
        return day.replace(month=1, day=1)
    return day
