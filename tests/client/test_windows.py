"""Windows of the client, against those of the server and by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from usance.domain.entitlements.windows import Reset as Theirs
from usance.domain.entitlements.windows import ResetPeriod
from usance_client.windows import HOUR, Reset, Window, instant, nanoseconds

ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]).map(ZoneInfo)
INSTANTS = st.integers(0, 40 * 365 * 24 * 60).map(
    lambda minutes: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
ENDING = st.sampled_from(["HOUR", "DAY", "WEEK", "MONTH", "YEAR"])
RESETS = st.builds(Reset, ENDING, st.integers(1, 5), INSTANTS, ZONES)


@settings(deadline=None)
@given(RESETS, INSTANTS, st.none() | INSTANTS)
def test_a_window_never_drifts(reset: Reset, at: datetime, since: datetime | None) -> None:
    """A window never drifts: it starts whole periods after the anchor, however many have passed.

    The server's rules are held to the same words, and both find the same windows.
    """
    period = ResetPeriod(reset.period)
    theirs = Theirs(period, reset.anchor, reset.zone, reset.count, since).window_at(at)
    cut = None if since is None else nanoseconds(since)
    ours = Reset(reset.period, reset.count, reset.anchor, reset.zone, cut)
    window = ours.window_at(nanoseconds(at))
    assert (instant(window.start), instant(window.end)) == (theirs.start, theirs.end)


@settings(deadline=None)
@given(RESETS, INSTANTS)
def test_the_windows_of_a_reset_tile_time(reset: Reset, at: datetime) -> None:
    """The windows of a reset tile time: an instant is in one, and the next begins where it ends."""
    moment = nanoseconds(at)
    window = reset.window_at(moment)
    assert window.start <= moment < window.end
    assert reset.window_at(window.end).start == window.end
    assert reset.window_at(window.end - 1) == window


def test_a_month_of_the_31st_ends_on_the_last_day_of_a_short_one() -> None:
    reset = Reset("MONTH", 1, datetime(2025, 1, 31, tzinfo=UTC), ZoneInfo("UTC"))
    window = reset.window_at(nanoseconds(datetime(2025, 3, 1, tzinfo=UTC)))
    assert instant(window.start) == datetime(2025, 2, 28, tzinfo=UTC)
    assert instant(window.end) == datetime(2025, 3, 31, tzinfo=UTC)


def test_an_hour_is_an_elapsed_one() -> None:
    reset = Reset("HOUR", 2, datetime(2025, 3, 30, 0, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    start = nanoseconds(datetime(2025, 3, 30, 0, 30, tzinfo=UTC))
    assert reset.window_at(start + HOUR) == Window(start, start + 2 * HOUR)
