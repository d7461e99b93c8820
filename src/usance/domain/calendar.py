"""Calendar: days, half-open periods and the boundaries between billing periods.

Owns: `Period`, `Cadence`, anchors and the boundaries counted from them, stubs, day edges and
boundaries as instants in a time zone.
Does not own: what falls due on a boundary (contracts.schedule), how much of it (rating).

Always true:
- the periods of a window tile it: each of its days is in exactly one;
- a boundary is counted from the anchor, never from the boundary before, so it cannot drift:
  31 January, 28 February, 31 March;
- joining a short first period to the next changes no day and no share;
- the day edges of adjoining periods meet: no instant is in none or in two.

A day here is a local day of the legal entity; `day_edges` turns days into UTC instants, last.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from fractions import Fraction
from math import floor
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from usance.domain.errors import Invalid, Problem

FIRST_DAY = date(1970, 1, 1)  # days before or after these are typing mistakes, not business
LAST_DAY = date(2200, 1, 1)
HALF = Fraction(1, 2)
MICROSECOND = timedelta(microseconds=1)
FIRST_YEAR, LAST_YEAR = FIRST_DAY.year - 100, LAST_DAY.year + 100  # that months may be counted to


class Period(Struct, frozen=True, order=True, gc=False):
    """The days from `start` up to, not including, `end`. Never empty."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start >= self.end:
            expected = f"a day after {self.start}, for the end is the first day not included"
            raise Invalid(Problem("EmptyPeriod", "end", str(self.end), expected))

    @property
    def days(self) -> int:
        """How many days it holds, at least one."""
        return (self.end - self.start).days

    @property
    def last_day(self) -> date:
        """The last day included: for print only."""
        return self.end - timedelta(days=1)

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def covers(self, other: Period) -> bool:
        """True when every day of `other` is a day of this one."""
        return self.start <= other.start and other.end <= self.end

    def overlap(self, other: Period) -> Period | None:
        """The days in both, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None

    def share_of(self, whole: Period) -> Fraction:
        """Its days over the days of `whole`, exactly: 10/31."""
        return Fraction(self.days, whole.days)

    def __str__(self) -> str:
        return f"{self.start.isoformat()}..{self.end.isoformat()}"


@dataclass(frozen=True, slots=True)
class Instants:
    """The instants from `start` up to, not including, `end`. Aware, in UTC, never empty."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start >= self.end:
            expected = f"an instant after {self.start.isoformat()}"
            raise Invalid(Problem("EmptyPeriod", "end", self.end.isoformat(), expected))

    @property
    def seconds(self) -> Fraction:
        """Its length in elapsed seconds, exactly."""
        return Fraction((self.end - self.start) // MICROSECOND, 1_000_000)

    def days_in(self, where: ZoneInfo) -> Period:
        """The local days from the one `start` falls on up to the one `end` falls on."""
        return Period(day_of(self.start, where), day_of(self.end, where))


class Unit(StrEnum):
    """The units a billing period is counted in."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


MONTHS_IN = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.YEAR: 12}
DAYS_IN = {Unit.DAY: 1, Unit.WEEK: 7}


@dataclass(frozen=True, slots=True)
class AnchorDay:
    """A day of a month that may be too short to have it: the 30th of February.

    Months later it is the 30th again; in its own month it is the last day.
    """

    year: int
    month: int
    day: int


Anchor = date | AnchorDay


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often: `Cadence(1, Unit.YEAR)`, `Cadence(2, Unit.WEEK)`."""

    count: int
    unit: Unit

    def __post_init__(self) -> None:
        if not 1 <= self.count <= 1200:
            expected = "a whole number from 1 to 1200"
            raise Invalid(Problem("InvalidCadence", "count", str(self.count), expected))

    @property
    def months(self) -> int:
        """Its length in months, 0 when it is counted in days."""
        if self.unit is Unit.MONTH:  # the usual one, without hashing its name
            return self.count
        return self.count * MONTHS_IN.get(self.unit, 0)

    def boundary(self, anchor: Anchor, index: int) -> date:
        """The day `index` cadences after `anchor` (before it, when negative).

        Raises Invalid (DayOutOfRange) past the calendar's limits.
        """
        months = self.months
        if months:
            return month_after(anchor, index * months)
        try:
            return _first_day(anchor) + timedelta(days=index * self.count * DAYS_IN[self.unit])
        except OverflowError:
            raise _out_of_range(f"{anchor} + {index} x {self}") from None

    def index_at(self, anchor: Anchor, day: date) -> int:
        """Which period `day` is in: the largest k with `boundary(anchor, k) <= day`.

        From an anchor on or before `day` it is also how many whole periods have elapsed.
        """
        months = self.months
        if not months:
            return (day - _first_day(anchor)).days // (self.count * DAYS_IN[self.unit])
        index, rest = divmod((day.year - anchor.year) * 12 + day.month - anchor.month, months)
        if rest or anchor.day <= day.day or self.boundary(anchor, index) <= day:
            return index
        return index - 1

    def period(self, anchor: Anchor, index: int) -> Period:
        """The whole period number `index`, counted from `anchor`."""
        return Period(self.boundary(anchor, index), self.boundary(anchor, index + 1))

    def period_at(self, anchor: Anchor, day: date) -> Period:
        """The whole period that `day` is in."""
        return self.period(anchor, self.index_at(anchor, day))

    def first_boundary(self, anchor: Anchor, day: date) -> date:
        """The first boundary on or after `day`."""
        index = self.index_at(anchor, day)
        start = self.boundary(anchor, index)
        return start if start == day else self.boundary(anchor, index + 1)

    def __str__(self) -> str:
        return f"{self.count} {self.unit}"


def month_after(anchor: Anchor, count: int) -> date:
    """The day `count` months after `anchor`, clipped to the month's last day.

    Counted from the anchor, never from the previous date, so that a contract that starts on
    31 January bills on 28 February and then on 31 March. Raises Invalid (DayOutOfRange).
    """
    years, month0 = divmod(anchor.month - 1 + count, 12)
    year, month = anchor.year + years, month0 + 1
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise _out_of_range(f"{anchor} + {count} months")
    day = anchor.day
    return date(year, month, day if day <= 28 else min(day, monthrange(year, month)[1]))


def anchor_on(start: date, *, day_of_month: int) -> Anchor:
    """The anchor from which boundaries fall on `day_of_month`, in `start`'s own month.

    So a yearly cadence begins in that month each year, and the 31st is kept in a short month.
    """
    if not 1 <= day_of_month <= 31:
        expected = "a day of the month, 1 to 31"
        raise Invalid(Problem("InvalidDayOfMonth", "dayOfMonth", str(day_of_month), expected))
    if day_of_month > monthrange(start.year, start.month)[1]:
        return AnchorDay(start.year, start.month, day_of_month)
    return start.replace(day=day_of_month)


def calendar_anchor(start: date, unit: Unit) -> date:
    """The anchor of calendar periods: 1 January of `start`'s year, or Monday of its week.

    Months, quarters, half-years and years then begin where the calendar's do.
    """
    if unit is Unit.DAY:
        return start
    if unit is Unit.WEEK:
        return start - timedelta(days=start.weekday())
    return start.replace(month=1, day=1)


def period_from(start: date, step: Cadence, *, count: int, anchor: Anchor) -> Period:
    """The period that begins on `start` and ends on the `count`-th boundary of `step` after it.

    For those who restart a period of several months where a change falls and only keep the day
    (Flexprice); ours count the whole cadence from the anchor.
    """
    return Period(start, step.boundary(anchor, step.index_at(anchor, start) + count))


class BillingPeriod(Struct, frozen=True, gc=False):
    """One billing period as it falls in a window: the whole of it, and the part inside.

    `stub` is the short first period joined to it, if one was; `part` then begins with it.
    """

    whole: Period
    part: Period
    stub: BillingPeriod | None = None

    @property
    def share(self) -> Fraction:
        """The part over the whole, exactly; 1 for a period that is not cut."""
        if self.stub is None:
            return self.part.share_of(self.whole)
        return self.stub.share + Period(self.stub.part.end, self.part.end).share_of(self.whole)


def billing_periods(
    window: Period, cadence: Cadence, *, anchor: Anchor, since: date | None = None
) -> Iterator[BillingPeriod]:
    """The billing periods that meet `window`, counted from `anchor` and cut at the window's ends.

    The parts tile the window. The anchor may lie before, in or after it. `since` leaves out the
    periods that ended by that day.
    """
    first = window.start if since is None else max(window.start, since)
    index = cadence.index_at(anchor, first)
    start = cadence.boundary(anchor, index)
    months = cadence.months  # asked once: contracts in their thousands are cut into periods here
    while start < window.end:
        index += 1
        end = month_after(anchor, index * months) if months else cadence.boundary(anchor, index)
        whole = Period(start, end)
        if window.start <= start and end <= window.end:
            yield BillingPeriod(whole, whole)
        else:
            yield BillingPeriod(whole, Period(max(start, window.start), min(end, window.end)))
        start = end


def join_first_stub(periods: Iterator[BillingPeriod]) -> Iterator[BillingPeriod]:
    """The same periods, a short first one joined to the next instead of standing alone."""
    first = next(periods, None)
    if first is None:
        return
    following = next(periods, None) if first.part.start > first.whole.start else None
    if following is None:
        yield first
    else:
        yield BillingPeriod(following.whole, Period(first.part.start, following.part.end), first)
    yield from periods


def elapsed(periods: Iterable[BillingPeriod], *, decimals: int | None = None) -> Fraction:
    """How many whole periods they come to, parts included, exactly.

    With `decimals` each share is rounded half up first, so that the sum is that of what is shown.
    """
    shares = (period.share for period in periods)
    if decimals is None:
        return sum(shares, Fraction(0))
    scale = 10**decimals
    return sum((Fraction(floor(share * scale + HALF), scale) for share in shares), Fraction(0))


def zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name. Raises Invalid (UnknownTimeZone)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        expected = "an IANA time zone such as Europe/Berlin"
        raise Invalid(Problem("UnknownTimeZone", "", name, expected)) from None


def start_of_day(day: date, where: ZoneInfo) -> datetime:
    """The first instant of `day` in that zone, in UTC.

    Where midnight does not exist (a clock change at midnight), the first instant after the gap.
    """
    return local_instant(day, time.min, where)


def local_instant(day: date, at: time, where: ZoneInfo) -> datetime:
    """The instant at which clocks there show `at` on `day`, in UTC.

    A time that a clock change skips is the same time by the clock before the change; of a time
    that comes twice, the first.
    """
    naive = datetime.combine(day, at)
    instant = naive.replace(tzinfo=where).astimezone(UTC)
    if instant.astimezone(where).replace(tzinfo=None) == naive:
        return instant
    before = naive.replace(tzinfo=where, fold=0).utcoffset()
    assert before is not None, "a zone knows its offset"
    return (naive - before).replace(tzinfo=UTC)


def instants_at(
    anchor: datetime, cadence: Cadence, at: datetime, where: ZoneInfo, *, count: int = 1
) -> Instants:
    """The period that `at` is in, between boundaries at the anchor's time of day in that zone.

    Boundaries are local days counted from the anchor, turned into instants last; an instant on a
    boundary belongs to the period that begins there. With `count` it ends so many boundaries on.
    """
    local = anchor.astimezone(where)

    def boundary(index: int) -> datetime:
        return local_instant(cadence.boundary(local.date(), index), local.time(), where)

    index = cadence.index_at(local.date(), day_of(at, where))
    if boundary(index) > at:
        index -= 1
    return Instants(boundary(index), boundary(index + count))


def day_edges(period: Period, where: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants [from, to) in UTC at which the days of `period` begin and end in that zone."""
    return start_of_day(period.start, where), start_of_day(period.end, where)


def day_of(instant: datetime, where: ZoneInfo) -> date:
    """The local day an instant falls on. `instant` must be aware."""
    assert instant.tzinfo is not None, "an instant is aware"
    return instant.astimezone(where).date()


def _first_day(anchor: Anchor) -> date:
    return anchor if isinstance(anchor, date) else month_after(anchor, 0)


def parse_day(text: str | date) -> date:
    """The day written as YYYY-MM-DD. Raises Invalid (InvalidDay, DayOutOfRange)."""
    if isinstance(text, datetime) or not isinstance(text, str | date):
        raise Invalid(Problem("InvalidDay", "", str(text), "a day written YYYY-MM-DD"))
    try:
        day = date.fromisoformat(text) if isinstance(text, str) else text
    except ValueError:
        raise Invalid(Problem("InvalidDay", "", str(text), "a day written YYYY-MM-DD")) from None
    if isinstance(text, str) and text != day.isoformat():
        raise Invalid(Problem("InvalidDay", "", text, "a day written YYYY-MM-DD"))
    if not FIRST_DAY <= day < LAST_DAY:
        raise _out_of_range(str(text))
    return day


def instant_from(text: str) -> datetime:
    """The instant written as ISO 8601, in UTC; a day alone is its noon, UTC.

    Without an offset it is UTC. Raises Invalid (InvalidInstant, DayOutOfRange).
    """
    try:
        if len(text) == 10:
            instant = datetime.combine(date.fromisoformat(text), time(12), tzinfo=UTC)
        else:
            instant = datetime.fromisoformat(text)
    except ValueError:
        expected = "a day such as 2025-03-01 or an instant such as 2025-03-01T09:30:00+01:00"
        raise Invalid(Problem("InvalidInstant", "", text, expected)) from None
    return in_utc(instant)


def in_utc(instant: datetime) -> datetime:
    """The instant in UTC, of a day that can be reckoned with; without an offset it is UTC.

    Raises Invalid (DayOutOfRange).
    """
    try:
        found = instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        raise _out_of_range(str(instant)) from None
    if not FIRST_DAY <= found.date() < LAST_DAY:
        raise _out_of_range(str(instant))
    return found


def _out_of_range(what: str) -> Invalid:
    expected = f"a day from {FIRST_DAY} to {LAST_DAY}"
    return Invalid(Problem("DayOutOfRange", "", what, expected))
