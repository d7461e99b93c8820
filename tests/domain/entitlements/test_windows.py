"""Windows: from when until when usage counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.calendar import local_instant, month_after
from usance.domain.entitlements.windows import Reset, ResetAnchor, ResetPeriod, Window, reset_of
from usance.domain.errors import Invalid

ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]).map(ZoneInfo)
INSTANTS = st.integers(0, 40 * 365 * 24 * 60).map(
    lambda minutes: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
ENDING = [each for each in ResetPeriod if each is not ResetPeriod.LIFETIME]
RESETS = st.builds(Reset, st.sampled_from(ENDING), INSTANTS, ZONES, st.integers(1, 5))
NEW_YORK = ZoneInfo("America/New_York")
MONTHS = {ResetPeriod.MONTH: 1, ResetPeriod.YEAR: 12}
HOURS = {ResetPeriod.HOUR: 1, ResetPeriod.DAY: 24, ResetPeriod.WEEK: 168}


def utc(text: str) -> datetime:
    """The instant written so, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(RESETS, st.integers(-10, 30), st.integers(0, 10_000))
def test_a_window_never_drifts(reset: Reset, index: int, into: int) -> None:
    """a window never drifts: it starts whole periods after the anchor, however many have passed"""
    start, end = (_boundary(reset, reset.count * (index + more)) for more in (0, 1))
    at = start + (end - start) * into / 10_001
    assert reset.window_at(at) == Window(start, end)


def _boundary(reset: Reset, count: int) -> datetime:
    """`count` periods after the anchor, worked out from the anchor alone."""
    local = reset.anchor.astimezone(reset.zone)
    if reset.period is ResetPeriod.HOUR:
        return reset.anchor + count * timedelta(hours=1)
    if reset.period in MONTHS:
        day = month_after(local.date(), count * MONTHS[reset.period])
    else:
        day = local.date() + count * timedelta(hours=HOURS[reset.period])
    return local_instant(day, local.time(), reset.zone)


@given(RESETS, INSTANTS, st.none() | INSTANTS)
def test_windows_tile_time(reset: Reset, at: datetime, since: datetime | None) -> None:
    """the windows of a reset tile time: an instant is in one, and the next begins where it ends"""
    reset = replace(reset, since=since)
    window = reset.window_at(at)
    assert at in window
    assert window.end is not None
    assert window.end not in window
    assert reset.window_at(window.end).start == window.end
    assert reset.window_at(window.start - timedelta(microseconds=1)).end == window.start


def test_usage_that_is_set_to_zero_cuts_its_window_in_two() -> None:
    cut = utc("2025-01-20T08:00")
    reset = Reset(ResetPeriod.MONTH, utc("2025-01-01"), since=cut)
    assert reset.window_at(utc("2025-01-19")) == Window(utc("2025-01-01"), cut)
    assert reset.window_at(cut) == Window(cut, utc("2025-02-01"))
    assert reset.window_at(utc("2025-02-01")) == Window(utc("2025-02-01"), utc("2025-03-01"))


def test_a_month_from_the_31st_ends_with_short_months() -> None:
    reset = Reset(ResetPeriod.MONTH, utc("2025-01-31"))
    starts = [reset.window_at(utc(f"2025-0{month}-28T12:00")).start for month in (2, 3, 4, 5)]
    assert [f"{each:%m-%d}" for each in starts] == ["02-28", "02-28", "03-31", "04-30"]


def test_a_day_has_23_hours_when_clocks_go_forward() -> None:
    reset = reset_of(
        ResetPeriod.DAY, ResetAnchor.CALENDAR, started_at=utc("2026-03-06T17:00"), zone=NEW_YORK
    )
    window = reset.window_at(utc("2026-03-08T14:00"))
    assert window == Window(utc("2026-03-08T05:00"), utc("2026-03-09T04:00"))


def test_a_lifetime_has_no_end() -> None:
    begun = utc("2025-01-31")
    assert Reset(ResetPeriod.LIFETIME, begun).window_at(utc("2199-01-01")) == Window(begun)
    assert utc("2199-01-01") in Window(begun)


@pytest.mark.parametrize(
    ("period", "according_to", "start"),
    [
        (ResetPeriod.MONTH, ResetAnchor.SUBSCRIPTION_START, "2026-07-15T10:20"),
        (ResetPeriod.MONTH, ResetAnchor.START_OF_THE_MONTH, "2026-07-01T00:00"),
        (ResetPeriod.MONTH, ResetAnchor.CALENDAR, "2026-07-01T00:00"),
        (ResetPeriod.YEAR, ResetAnchor.CALENDAR, "2026-01-01T00:00"),
        (ResetPeriod.WEEK, ResetAnchor.CALENDAR, "2026-07-13T00:00"),
        (ResetPeriod.WEEK, ResetAnchor.EVERY_SUNDAY, "2026-07-12T00:00"),
        (ResetPeriod.WEEK, ResetAnchor.EVERY_MONDAY, "2026-07-13T00:00"),
        (ResetPeriod.WEEK, ResetAnchor.EVERY_WEDNESDAY, "2026-07-15T00:00"),
        (ResetPeriod.WEEK, ResetAnchor.EVERY_THURSDAY, "2026-07-09T00:00"),
        (ResetPeriod.DAY, ResetAnchor.CALENDAR, "2026-07-15T00:00"),
        (ResetPeriod.HOUR, ResetAnchor.CALENDAR, "2026-07-15T10:00"),
        (ResetPeriod.LIFETIME, ResetAnchor.CALENDAR, "2026-07-15T10:20"),
    ],
)
def test_where_the_first_window_begins(
    period: ResetPeriod, according_to: ResetAnchor, start: str
) -> None:
    begun = utc("2026-07-15T10:20")  # a Wednesday
    assert reset_of(period, according_to, started_at=begun).window_at(begun).start == utc(start)


def test_a_month_cannot_begin_on_sundays() -> None:
    begun = local_instant(date(2026, 7, 15), time.min, NEW_YORK)
    with pytest.raises(Invalid, match="accordingTo"):
        reset_of(ResetPeriod.MONTH, ResetAnchor.EVERY_SUNDAY, started_at=begun)


def test_a_reset_is_some_periods_long() -> None:
    with pytest.raises(Invalid, match="count"):
        Reset(ResetPeriod.DAY, utc("2026-07-15"), count=0)
