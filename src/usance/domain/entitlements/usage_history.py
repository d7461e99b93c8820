"""The history of usage: how it rose in each window, and when it counted from zero again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from usance.domain.catalog import Aggregation
from usance.domain.entitlements.windows import Reset, Window
from usance.domain.errors import Invalid, Problem
from usance.domain.metering.events import FIRST, LAST
from usance.domain.metering.totals import UsageCell

MOST = 1000  # slices of a history
STEPS = (  # the longest span that is told in such steps
    (timedelta(days=3), timedelta(hours=1)),
    (timedelta(days=366), timedelta(days=1)),
    (timedelta(days=36600), timedelta(days=7)),
)
EPOCH = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday: steps of weeks begin there
NOTHING = Decimal(0)
RISING = {Aggregation.COUNT, Aggregation.SUM, Aggregation.MAX, Aggregation.MIN}


class MarkerType(StrEnum):
    """Why usage counts from zero again."""

    PERIODIC_RESET = "PERIODIC_RESET"
    SUBSCRIPTION_CHANGE_RESET = "SUBSCRIPTION_CHANGE_RESET"


class Marker(NamedTuple):
    """When usage began at zero, and why."""

    at: datetime
    type: MarkerType


class Point(NamedTuple):
    """What was used in its window up to that instant; at a reset it is zero again."""

    at: datetime
    value: Decimal
    is_reset: bool = False


@dataclass(frozen=True, slots=True)
class Slice:
    """A piece of a window. `counted_from`: from when its events are counted up to `end`.

    What is counted from its own start adds to the slices before it; what is counted from the
    window's start stands for itself. `is_told` False: only what came before the history.
    """

    start: datetime
    end: datetime
    counted_from: datetime
    begins_window: bool = True
    is_told: bool = True


def slices(
    start: datetime, end: datetime, reset: Reset | None, aggregation: Aggregation
) -> list[Slice]:
    """The pieces of a span, hours, days or weeks of UTC cut where usage counts from zero.

    Before them, what the first window held already. Averages and different values do not add up,
    so each of their slices is counted from the window's start. Raises Invalid (InvalidRange)
    when the span is empty or has more than 1,000 pieces.
    """
    if not FIRST <= start < end <= LAST:
        expected = "an instant after startDate"
        raise Invalid(Problem("InvalidRange", "endDate", end.isoformat(), expected))
    found: list[Slice] = []
    at = start
    while at < end:
        window = Window(FIRST) if reset is None else reset.window_at(at)
        stop = end if window.end is None else min(window.end, end)
        if not found and window.start < at:
            found.append(Slice(window.start, at, window.start, is_told=False))
        for edge in _edges(at, stop, _step(end - start)):
            counted_from = at if aggregation in RISING else window.start
            found.append(Slice(at, edge, counted_from, begins_window=at == window.start))
            at = edge
        if len(found) > MOST:
            expected = f"a span of at most {MOST:,} resets, hours, days or weeks"
            raise Invalid(Problem("InvalidRange", "startDate", start.isoformat(), expected))
    return found


def markers(pieces: Iterable[Slice], reset: Reset | None) -> list[Marker]:
    """The resets of a history."""
    since = None if reset is None else reset.since
    return [
        Marker(
            each.start,
            MarkerType.SUBSCRIPTION_CHANGE_RESET
            if each.start == since
            else MarkerType.PERIODIC_RESET,
        )
        for each in pieces
        if _is_reset(each)
    ]


def series(
    pieces: Sequence[Slice],
    cells: Sequence[Sequence[UsageCell]],
    aggregation: Aggregation,
) -> Mapping[tuple[str | None, ...], list[Point]]:
    """The points of each combination of dimension values, one at the end of each slice and one at
    each reset. `cells`: what was counted in each of `pieces`.
    """
    every = sorted(
        {cell.values for of in cells for cell in of},
        key=lambda values: [(each is not None, each or "") for each in values],
    )
    return {values: _points(pieces, cells, aggregation, values) for values in every}


def _points(
    pieces: Sequence[Slice],
    cells: Sequence[Sequence[UsageCell]],
    aggregation: Aggregation,
    values: tuple[str | None, ...],
) -> list[Point]:
    points: list[Point] = []
    value: Decimal | None = None
    for piece, found in zip(pieces, cells, strict=True):
        if piece.begins_window:
            value = None
        if _is_reset(piece):
            points.append(Point(piece.start, NOTHING, is_reset=True))
        cell = next((each for each in found if each.values == values and each.event_count), None)
        if cell is not None:
            value = _with(aggregation, value, cell.quantity)
        if piece.is_told:
            points.append(Point(piece.end, NOTHING if value is None else value))
    return points


def _with(aggregation: Aggregation, value: Decimal | None, more: Decimal) -> Decimal:
    if value is None or aggregation not in RISING:
        return more
    if aggregation is Aggregation.MAX:
        return max(value, more)
    return min(value, more) if aggregation is Aggregation.MIN else value + more


def _is_reset(piece: Slice) -> bool:
    return piece.is_told and piece.begins_window and piece.start > FIRST


def _step(span: timedelta) -> timedelta:
    return next(step for longest, step in STEPS if span <= longest)


def _edges(start: datetime, end: datetime, step: timedelta) -> Iterable[datetime]:
    """The ends of the steps of that span, the last of them its own."""
    edge = EPOCH + ((start - EPOCH) // step + 1) * step
    while edge < end:
        yield edge
        edge += step
    yield end
