"""Histories of another system: what they say, however they say it, and what is still missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.connections.closer import Stretch, looked_at, to_look_at
from usance.domain.connections.connection import HistoryKind
from usance.domain.connections.history import (
    TICK,
    Anchor,
    Point,
    Reading,
    anchor_of,
    read_amounts,
    read_on,
    read_running,
)
from usance.domain.connections.reconciling import differences

START = datetime(2025, 3, 1, tzinfo=UTC)
NOW = START + timedelta(days=31)
HOUR = timedelta(hours=1)
KINDS = list(HistoryKind)

hours = st.integers(0, 30 * 24 - 1)
used = st.dictionaries(hours, st.integers(-5, 50).map(Decimal), max_size=30)
resets = st.sets(hours, max_size=4)
grains = st.sampled_from([1, 2, 6, 24])


def at(hour: int) -> datetime:
    """So many hours after the start."""
    return START + hour * HOUR


def points(
    amounts: Mapping[int, Decimal],
    kind: HistoryKind,
    grain: int,
    reset: set[int] = frozenset(),  # type: ignore[assignment]
) -> list[Point]:
    """The history of hourly amounts, told every so many hours; a reset tells a point of its own."""
    told: list[Point] = []
    count = Decimal(0)
    stretch = Decimal(0)
    for hour in range(30 * 24):
        if kind is HistoryKind.RUNNING:
            if hour in reset:
                told += [Point(at(hour), count), Point(at(hour), Decimal(0), is_reset=True)]
                count = Decimal(0)
            count += amounts.get(hour, Decimal(0))
            if (hour + 1) % grain == 0:
                told.append(Point(at(hour) + HOUR / 2, count))
        else:
            stretch += amounts.get(hour, Decimal(0))
            if (hour + 1) % grain == 0:
                told.append(Point(at(hour + 1 - grain), stretch))
                stretch = Decimal(0)
    return told


def read(told: list[Point], kind: HistoryKind) -> Reading:
    if kind is HistoryKind.AMOUNTS:
        return read_amounts([told], start=START, now=NOW)
    return read_running([told], start=START, now=NOW, counts_from_zero=True)


def taken_in(reading: Reading, taken: Mapping[datetime, Decimal]) -> dict[datetime, Decimal]:
    """What was taken in, with what this reading adds."""
    added = differences(reading, taken)
    return {
        instant: taken.get(instant, Decimal(0)) + added.get(instant, Decimal(0))
        for instant in {*taken, *added}
    }


@given(st.lists(st.tuples(used, resets, grains), min_size=1, max_size=4), st.sampled_from(KINDS))
def test_after_each_reading_what_was_taken_in_is_what_the_other_side_tells(
    histories: list[tuple[dict[int, Decimal], set[int], int]], kind: HistoryKind
) -> None:
    taken: dict[datetime, Decimal] = {}
    for amounts, reset, grain in histories:
        reading = read(points(amounts, kind, grain, reset), kind)
        taken = taken_in(reading, taken)
        assert sum(taken.values()) == sum(amounts.values())
        assert differences(reading, taken) == {}


@given(used, resets, grains, st.sampled_from(KINDS))
def test_reading_the_same_again_takes_in_nothing(
    amounts: dict[int, Decimal], reset: set[int], grain: int, kind: HistoryKind
) -> None:
    told = points(amounts, kind, grain, reset)
    taken = taken_in(read(told, kind), {})
    assert differences(read(list(told), kind), taken) == {}


@given(used, resets, st.lists(grains, min_size=2, max_size=5), st.sampled_from(KINDS))
def test_how_finely_the_other_side_tells_its_history_changes_no_total(
    amounts: dict[int, Decimal], reset: set[int], told_every: list[int], kind: HistoryKind
) -> None:
    taken: dict[datetime, Decimal] = {}
    for grain in [*told_every, 1]:
        taken = taken_in(read(points(amounts, kind, grain, reset), kind), taken)
        for day in range(30):
            edges = (at(24 * day), at(24 * (day + 1)))
            if kind is HistoryKind.AMOUNTS:
                counted = sum(v for k, v in taken.items() if edges[0] <= k < edges[1])
                assert counted == sum(v for k, v in amounts.items() if k // 24 == day)
    finest = dict(taken)
    for grain in told_every:
        taken = taken_in(read(points(amounts, kind, grain, reset), kind), taken)
    assert taken == finest, "a coarser look at the same changes nothing"


@given(used, resets)
def test_a_running_count_and_the_amounts_it_is_made_of_are_read_alike(
    amounts: dict[int, Decimal], reset: set[int]
) -> None:
    counted = read(points(amounts, HistoryKind.RUNNING, 1, reset), HistoryKind.RUNNING)
    plain = read(points(amounts, HistoryKind.AMOUNTS, 1), HistoryKind.AMOUNTS)
    by_hour: dict[int, Decimal] = {}
    for instant, amount in counted.amounts.items():
        hour = int((instant - START) / HOUR)
        by_hour[hour] = by_hour.get(hour, Decimal(0)) + amount
    assert {k: v for k, v in by_hour.items() if v} == {k: v for k, v in amounts.items() if v}
    assert sum(plain.amounts.values()) == sum(counted.amounts.values())


@given(used, used, resets, st.integers(1, 29))
def test_reading_on_from_an_anchor_that_holds_finds_what_reading_all_finds(
    amounts: dict[int, Decimal], later: dict[int, Decimal], reset: set[int], day: int
) -> None:
    told = points(amounts, HistoryKind.RUNNING, 1, reset)
    anchor = anchor_of([told], before=at(24 * day))
    assert anchor is not None
    taken = taken_in(read(told, HistoryKind.RUNNING), {})
    changed = {**amounts, **{hour: each for hour, each in later.items() if at(hour) > anchor.at}}
    again = points(changed, HistoryKind.RUNNING, 1, reset)
    reading = read_on([[each for each in again if each.at >= anchor.at]], anchor, now=NOW)
    assert reading is not None
    whole = read(again, HistoryKind.RUNNING)
    assert taken_in(reading, taken) == taken_in(whole, taken)


def test_an_anchor_that_does_not_hold_says_so() -> None:
    told = [Point(at(1), Decimal(5)), Point(at(2), Decimal(9))]
    assert read_on([told], Anchor(at(1), Decimal(4)), now=NOW) is None, "corrected before"
    assert read_on([told], Anchor(at(0), Decimal(0)), now=NOW) is None, "not told any more"
    assert read_on([], Anchor(at(1), Decimal(5)), now=NOW) is None
    assert read_on([told, told], Anchor(at(1), Decimal(5)), now=NOW) is None
    reading = read_on([told], Anchor(at(1), Decimal(5)), now=NOW)
    assert reading is not None
    assert reading.amounts == {at(2) - TICK: Decimal(4)}


def test_what_a_count_stood_at_before_is_its_base() -> None:
    told = [Point(at(-5), Decimal(100)), Point(at(3), Decimal(130))]
    reading = read_running([told], start=START, now=NOW, counts_from_zero=False)
    assert reading.amounts == {at(3) - TICK: Decimal(30)}
    assert reading.is_base_known


def test_a_base_that_nobody_tells_is_not_taken_in_and_said_to_be_unknown() -> None:
    told = [Point(at(3), Decimal(130)), Point(at(4), Decimal(150))]
    reading = read_running([told], start=START, now=NOW, counts_from_zero=False)
    assert reading.amounts == {at(3) - TICK: Decimal(0), at(4) - TICK: Decimal(20)}
    assert not reading.is_base_known
    reading = read_running([told], start=START, now=NOW, counts_from_zero=True)
    assert reading.amounts == {at(3) - TICK: Decimal(130), at(4) - TICK: Decimal(20)}


def test_what_was_counted_up_to_a_reset_stands_before_it() -> None:
    midnight = at(24)
    told = [
        Point(at(20), Decimal(7)),
        Point(midnight, Decimal(10)),
        Point(midnight, Decimal(0), is_reset=True),
        Point(at(25), Decimal(2)),
    ]
    reading = read_running([told], start=START, now=NOW, counts_from_zero=True)
    before = {instant: each for instant, each in reading.amounts.items() if instant < midnight}
    assert sum(before.values()) == 10
    assert sum(reading.amounts.values()) == 12


@pytest.mark.parametrize("kind", KINDS)
def test_several_series_add_up_and_the_future_is_not_usage_yet(kind: HistoryKind) -> None:
    one, two = [Point(at(1), Decimal(3))], [Point(at(1), Decimal(4))]
    ahead = [Point(NOW + timedelta(days=2), Decimal(9))]
    if kind is HistoryKind.AMOUNTS:
        reading = read_amounts([one, two, ahead], start=START, now=NOW)
    else:
        reading = read_running([one, two, ahead], start=START, now=NOW, counts_from_zero=True)
    instant = at(1) if kind is HistoryKind.AMOUNTS else at(1) - TICK
    assert reading.amounts == {instant: Decimal(7)}


def test_noise_of_binary_floats_is_rounded_away() -> None:
    told = [Point(at(1), Decimal("0.1")), Point(at(2), Decimal("0.30000000000000004"))]
    reading = read_running([told], start=START, now=NOW, counts_from_zero=True)
    assert reading.amounts == {
        at(1) - TICK: Decimal("0.1"),
        at(2) - TICK: Decimal("0.2"),
    }


def test_a_day_told_as_one_is_looked_at_closer_where_something_is_missing() -> None:
    midnight = [Point(at(24 * day), Decimal(10 * day)) for day in range(6)]
    reading = read_running([midnight], start=START, now=NOW, counts_from_zero=True)
    missing = differences(reading, {at(24) + HOUR: Decimal(10)})
    assert to_look_at(reading, missing, now=NOW) == [
        Stretch(at(0), at(24)),
        Stretch(at(48), at(120)),
    ]
    assert to_look_at(reading, [at(25)], now=at(20)) == [], "not begun"
    hours = [Point(at(0) + HOUR, Decimal(0)), Point(at(7), Decimal(4)), Point(at(24), Decimal(10))]
    closer = looked_at(reading, Stretch(at(0), at(24)), [hours])
    told = {k: v for k, v in closer.amounts.items() if k < at(24) and v}
    assert told == {at(7) - TICK: Decimal(4), at(24) - TICK: Decimal(6)}
    assert sum(closer.amounts.values()) == sum(reading.amounts.values())
    more = [*hours[:2], Point(at(24), Decimal(11))]
    assert looked_at(reading, Stretch(at(0), at(24)), [more]) == reading, "used since"
    assert looked_at(reading, Stretch(at(0), at(24)), []) == reading
