"""A closer look at days that were told as one: in which hours of them was it used?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from usance.domain.connections.connection import HistoryKind
from usance.domain.connections.history import Anchor, Point, Reading, Series, read_on

DAY = timedelta(days=1)
MOST_DAYS = 3  # a span so short is told by the hour
FEW = 3  # points of a day: its end, and a reset in between


class Stretch(NamedTuple):
    """Days to look at closer."""

    start: datetime
    end: datetime


def to_look_at(reading: Reading, missing: Collection[datetime], *, now: datetime) -> list[Stretch]:
    """The days of `missing` instants that a running count tells as one, at most three at a time."""
    if reading.kind is not HistoryKind.RUNNING:
        return []
    told = Counter(map(_day, reading.amounts))
    days = sorted(
        day
        for day in {_day(at) for at in missing}
        if told[day] <= FEW and _start(day) in reading.counts
    )
    found: list[Stretch] = []
    for day in days:
        start, end = _start(day), min(_start(day) + DAY, now)
        if found and found[-1].end == start and end - found[-1].start <= MOST_DAYS * DAY:
            found[-1] = found[-1]._replace(end=end)
        elif start < end:
            found.append(Stretch(start, end))
    return found


def looked_at(reading: Reading, stretch: Stretch, series: Sequence[Series]) -> Reading:
    """The reading with that stretch told closer; as it was where the two do not agree: somebody has
    used something since.
    """
    if len(series) != 1:
        return reading
    anchor = Anchor(stretch.start, reading.counts[stretch.start])
    base = Point(anchor.at, anchor.value)
    within = [point for point in series[0] if stretch.start < point.at <= stretch.end]
    closer = read_on([[base, *within]], anchor, now=stretch.end)
    assert closer is not None, "it begins where it is to begin"
    whole = {
        at: amount for at, amount in reading.amounts.items() if stretch.start <= at < stretch.end
    }
    if sum(closer.amounts.values()) != sum(whole.values()):
        return reading
    rest = {at: amount for at, amount in reading.amounts.items() if at not in whole}
    return replace(reading, amounts={**rest, **closer.amounts})


def _day(instant: datetime) -> date:
    return instant.astimezone(UTC).date()


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
