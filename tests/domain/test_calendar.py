"""Calendar: the lines that are always true, and the examples behind them."""

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.calendar import (
    Anchor,
    AnchorDay,
    Cadence,
    Instants,
    Period,
    Unit,
    anchor_on,
    billing_periods,
    calendar_anchor,
    day_edges,
    day_of,
    elapsed,
    instants_at,
    join_first_stub,
    local_instant,
    month_after,
    parse_day,
    period_from,
    start_of_day,
    zone,
)
from usance.domain.errors import Invalid

DAYS = st.dates(date(2000, 1, 1), date(2060, 1, 1))
CADENCES = st.one_of(
    st.builds(Cadence, st.integers(7, 60), st.just(Unit.DAY)),
    st.builds(Cadence, st.integers(1, 4), st.just(Unit.WEEK)),
    st.builds(Cadence, st.integers(1, 12), st.just(Unit.MONTH)),
    st.builds(Cadence, st.integers(1, 3), st.just(Unit.QUARTER)),
    st.builds(Cadence, st.integers(1, 2), st.just(Unit.YEAR)),
)
ANCHORS = st.one_of(
    DAYS,
    st.builds(AnchorDay, st.integers(2000, 2050), st.integers(1, 12), st.integers(28, 31)),
)
WINDOWS = st.builds(
    lambda start, days: Period(start, start + timedelta(days=days)), DAYS, st.integers(1, 1500)
)
MOMENTS = st.integers(0, 40 * 366 * 86_400).map(
    lambda seconds: datetime(2005, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
ZONES = st.sampled_from(
    [
        zone(name)
        for name in (
            "UTC",
            "Europe/Berlin",
            "America/New_York",
            "Asia/Kathmandu",
            "America/Sao_Paulo",  # its clocks changed at midnight
            "Africa/Cairo",
            "Australia/Lord_Howe",  # half an hour
        )
    ]
)


@given(WINDOWS, CADENCES, ANCHORS)
def test_the_periods_of_a_window_tile_it_each_of_its_days_is_in_exactly_one(
    window: Period, cadence: Cadence, anchor: Anchor
) -> None:
    found = list(billing_periods(window, cadence, anchor=anchor))
    assert found[0].part.start == window.start
    assert found[-1].part.end == window.end
    for one, following in pairwise(found):
        assert one.part.end == following.part.start
    for one in found:
        assert one.whole.covers(one.part)
        assert one.share == Fraction(one.part.days, one.whole.days)
    assert all(one.part == one.whole for one in found[1:-1])


@given(ANCHORS, CADENCES, st.integers(-20, 60))
def test_a_boundary_is_counted_from_the_anchor_so_it_cannot_drift(
    anchor: Anchor, cadence: Cadence, index: int
) -> None:
    boundary = cadence.boundary(anchor, index)
    assert cadence.index_at(anchor, boundary) == index
    assert cadence.index_at(anchor, boundary - timedelta(days=1)) == index - 1
    assert cadence.boundary(anchor, index - 1) < boundary
    assert cadence.first_boundary(anchor, boundary) == boundary
    later = boundary + timedelta(days=1)
    assert cadence.first_boundary(anchor, later) == cadence.boundary(anchor, index + 1)
    assert later in cadence.period_at(anchor, later) or cadence.boundary(anchor, index + 1) == later
    if cadence.months:
        last_of_month = (boundary + timedelta(days=1)).day == 1
        assert boundary.day == anchor.day or (boundary.day < anchor.day and last_of_month)


@given(WINDOWS, CADENCES, ANCHORS)
def test_joining_a_short_first_period_to_the_next_changes_no_day_and_no_share(
    window: Period, cadence: Cadence, anchor: Anchor
) -> None:
    found = list(billing_periods(window, cadence, anchor=anchor))
    joined = list(join_first_stub(iter(found)))
    assert elapsed(joined) == elapsed(found)
    assert joined[0].part.start == window.start
    assert joined[-1].part.end == window.end
    is_short = found[0].part.start > found[0].whole.start and len(found) > 1
    assert len(joined) == len(found) - is_short


@given(DAYS, st.integers(1, 40), st.integers(1, 40), ZONES)
def test_the_day_edges_of_adjoining_periods_meet(
    start: date, first: int, second: int, where: ZoneInfo
) -> None:
    middle, end = start + timedelta(days=first), start + timedelta(days=first + second)
    before = day_edges(Period(start, middle), where)
    after = day_edges(Period(middle, end), where)
    assert before[1] == after[0]
    assert before[0] < before[1] < after[1]
    assert day_of(after[0], where) == middle
    assert day_of(after[0] - timedelta(seconds=1), where) == middle - timedelta(days=1)
    assert Instants(*before).days_in(where) == Period(start, middle)


@given(DAYS, CADENCES, MOMENTS, ZONES)
def test_an_instant_is_in_the_one_period_that_holds_it(
    anchor: date, cadence: Cadence, at: datetime, where: ZoneInfo
) -> None:
    begun = local_instant(anchor, time(14, 30), where)
    found = instants_at(begun, cadence, at, where)
    assert found.start <= at < found.end
    following = instants_at(begun, cadence, found.end, where)
    assert following.start == found.end
    assert instants_at(begun, cadence, at, where, count=2).end == following.end


def test_a_contract_of_the_31st_bills_on_the_last_day_of_a_short_month() -> None:
    monthly = Cadence(1, Unit.MONTH)
    starts = [monthly.boundary(date(2025, 1, 31), index) for index in range(4)]
    assert starts == [date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31), date(2025, 4, 30)]


def test_a_year_from_29_february_returns_to_it_in_a_leap_year() -> None:
    yearly = Cadence(1, Unit.YEAR)
    days = [yearly.boundary(date(2024, 2, 29), index) for index in (1, 4)]
    assert days == [date(2025, 2, 28), date(2028, 2, 29)]


def test_the_30th_is_kept_from_a_february_that_lacks_it() -> None:
    anchor = anchor_on(date(2012, 2, 16), day_of_month=30)
    assert [Cadence(1, Unit.MONTH).boundary(anchor, index) for index in range(2)] == [
        date(2012, 2, 29),
        date(2012, 3, 30),
    ]
    assert Cadence(1, Unit.YEAR).boundary(anchor, 1) == date(2013, 2, 28)
    assert Cadence(1, Unit.WEEK).boundary(anchor, 1) == date(2012, 3, 7)
    assert anchor_on(date(2012, 3, 16), day_of_month=30) == date(2012, 3, 30)


def test_calendar_periods_begin_where_the_calendar_does() -> None:
    wednesday = date(2024, 5, 15)
    assert calendar_anchor(wednesday, Unit.QUARTER) == date(2024, 1, 1)
    assert calendar_anchor(wednesday, Unit.WEEK) == date(2024, 5, 13)
    assert calendar_anchor(wednesday, Unit.DAY) == wednesday


def test_a_period_of_two_weeks_may_be_counted_from_where_it_begins() -> None:
    weekly, start = Cadence(1, Unit.WEEK), date(2024, 3, 8)
    assert period_from(start, weekly, count=2, anchor=date(2023, 1, 6)).end == date(2024, 3, 22)


def test_a_window_of_one_short_period_has_nothing_to_join() -> None:
    window = Period(date(2025, 1, 10), date(2025, 1, 20))
    (only,) = join_first_stub(
        billing_periods(window, Cadence(1, Unit.MONTH), anchor=date(2025, 1, 1))
    )
    assert only.part == window
    assert list(join_first_stub(iter(()))) == []


def test_shares_are_added_exactly_or_as_shown() -> None:
    window = Period(date(2011, 1, 31), date(2011, 3, 10))
    periods = list(billing_periods(window, Cadence(1, Unit.MONTH), anchor=date(2011, 1, 7)))
    assert elapsed(periods) == Fraction(41, 31)
    assert elapsed(periods, decimals=2) == Fraction(133, 100)


def test_a_midnight_that_clocks_skip_is_the_first_instant_after() -> None:
    where = zone("America/Sao_Paulo")
    assert start_of_day(date(2018, 11, 4), where) == datetime(2018, 11, 4, 3, tzinfo=UTC)


def test_a_time_that_clocks_skip_is_the_one_of_the_clock_before() -> None:
    gap = local_instant(date(2015, 3, 8), time(2), zone("America/Los_Angeles"))
    assert gap == datetime(2015, 3, 8, 10, tzinfo=UTC)


def test_a_period_knows_its_days() -> None:
    july = Period(date(2025, 7, 1), date(2025, 8, 1))
    assert july.days == 31
    assert july.last_day == date(2025, 7, 31)
    assert date(2025, 7, 31) in july
    assert date(2025, 8, 1) not in july
    assert str(july) == "2025-07-01..2025-08-01"
    assert july.overlap(Period(date(2025, 7, 20), date(2025, 9, 1))) == Period(
        date(2025, 7, 20), date(2025, 8, 1)
    )
    assert july.overlap(Period(date(2025, 8, 1), date(2025, 9, 1))) is None
    assert str(Cadence(2, Unit.WEEK)) == "2 WEEK"


def test_an_empty_period_is_refused() -> None:
    with pytest.raises(Invalid):
        Period(date(2025, 1, 1), date(2025, 1, 1))
    now = datetime(2025, 1, 1, tzinfo=UTC)
    with pytest.raises(Invalid):
        Instants(now, now)
    assert Instants(now, now + timedelta(hours=1)).seconds == 3600


@pytest.mark.parametrize("count", [0, -1, 1201])
def test_a_cadence_that_is_none_is_refused(count: int) -> None:
    with pytest.raises(Invalid):
        Cadence(count, Unit.MONTH)


@pytest.mark.parametrize("day_of_month", [0, 32])
def test_a_day_no_month_has_is_refused(day_of_month: int) -> None:
    with pytest.raises(Invalid):
        anchor_on(date(2025, 1, 1), day_of_month=day_of_month)


def test_boundaries_past_the_calendar_are_refused() -> None:
    for cadence in (Cadence(1200, Unit.YEAR), Cadence(1200, Unit.WEEK)):
        with pytest.raises(Invalid) as refused:
            cadence.boundary(date(2025, 1, 1), 1000)
        assert refused.value.problems[0].code == "DayOutOfRange"
    with pytest.raises(Invalid):
        month_after(date(2025, 1, 1), -12 * 400)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd"])
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        zone(name)
    assert refused.value.problems[0].code == "UnknownTimeZone"


@given(DAYS)
def test_a_day_written_and_read_again_is_the_same_day(day: date) -> None:
    assert parse_day(day.isoformat()) == parse_day(day) == day


@pytest.mark.parametrize(
    ("plain", "code"),
    [
        ("2025-02-30", "InvalidDay"),
        ("20250203", "InvalidDay"),
        ("soon", "InvalidDay"),
        (20250203, "InvalidDay"),
        (datetime(2025, 2, 3, tzinfo=UTC), "InvalidDay"),
        ("1969-12-31", "DayOutOfRange"),
        ("2200-01-01", "DayOutOfRange"),
    ],
)
def test_what_is_no_day_is_refused(plain: object, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_day(plain)  # type: ignore[arg-type]
    assert refused.value.problems[0].code == code
