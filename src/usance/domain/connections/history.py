"""A history as the other side tells it, read into amounts with their instants."""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from usance.domain.connections.connection import HistoryKind
from usance.domain.metering.events import AHEAD, STEP

TICK = timedelta(microseconds=1)
ZERO = Decimal(0)


class Point(NamedTuple):
    """One point of a history. `is_reset`: the count began again from zero here."""

    at: datetime
    value: Decimal
    is_reset: bool = False


Series = Sequence[Point]


class Anchor(NamedTuple):
    """What a running count stood at, at some instant."""

    at: datetime
    value: Decimal


@dataclass(frozen=True, slots=True)
class Reading:
    """What a history says of the time after `after` (not included).

    `is_base_known` False: the count stood at something when it began, and nothing tells since when;
    that much is left out. Asked from when there was nobody to count, the other side tells.
    `counts`: what a running count stood at, at its points.
    """

    kind: HistoryKind
    after: datetime
    amounts: Mapping[datetime, Decimal]
    is_base_known: bool = True
    counts: Mapping[datetime, Decimal] = field(default_factory=dict)


def read_amounts(series: Iterable[Series], *, start: datetime, now: datetime) -> Reading:
    """Amounts as they stand, of the points from `start` on; several series add up."""
    amounts: dict[datetime, Decimal] = {}
    for points in series:
        for point in points:
            if start <= point.at <= now + AHEAD:
                amounts[point.at] = amounts.get(point.at, ZERO) + _exact(point.value)
    return Reading(HistoryKind.AMOUNTS, start - TICK, amounts)


def read_running(
    series: Sequence[Series], *, start: datetime, now: datetime, counts_from_zero: bool
) -> Reading:
    """What a running count grew by, of the points from `start` on; several series add up.

    The last point up to `start` says what it stood at then. Without one it stood at zero where
    `counts_from_zero` (there was nobody to count) or where its first point is a reset; anything
    else is not known, and that first value then counts as what came before.
    """
    amounts: dict[datetime, Decimal] = {}
    after, is_base_known = start - TICK, True
    for points in series:
        ordered = [point for point in _in_order(points) if point.at <= now + AHEAD]
        earlier = [point for point in ordered if point.at <= start]
        told = ordered[len(earlier) :]
        if earlier:
            base = earlier[-1].value
            before = earlier[-1].at - TICK
            after = min(after, before) if len(series) > 1 else before
        elif counts_from_zero or not told or told[0].is_reset:
            base = ZERO
        else:
            base, is_base_known = told[0].value, is_base_known and told[0].value == 0
        _grown(told, base, amounts)
    counts = _counts(series[0]) if len(series) == 1 else {}
    return Reading(HistoryKind.RUNNING, after, amounts, is_base_known, counts)


def read_on(series: Sequence[Series], anchor: Anchor, *, now: datetime) -> Reading | None:
    """What a running count grew by since `anchor`; None when it no longer says there what it said
    before: something earlier was corrected, so that more has to be read.
    """
    if len(series) != 1:
        return None
    ordered = [point for point in _in_order(series[0]) if anchor.at <= point.at <= now + AHEAD]
    there = [point for point in ordered if point.at == anchor.at]
    if not there or there[-1].value != anchor.value:
        return None
    amounts: dict[datetime, Decimal] = {}
    _grown(ordered[len(there) :], anchor.value, amounts)
    counts = _counts(series[0])
    return Reading(HistoryKind.RUNNING, anchor.at - TICK, amounts, counts=counts)


def anchor_of(series: Sequence[Series], *, before: datetime) -> Anchor | None:
    """The last point before an instant, to read on from; None where several series add up."""
    if len(series) != 1:
        return None
    earlier = [point for point in _in_order(series[0]) if point.at < before]
    return Anchor(earlier[-1].at, earlier[-1].value) if earlier else None


def _in_order(points: Series) -> list[Point]:
    return sorted(points, key=lambda point: point.at)


def _counts(points: Series) -> dict[datetime, Decimal]:
    """What the count stood at after each instant: after a reset, at zero."""
    return {point.at: point.value for point in _in_order(points)}


def _grown(points: Sequence[Point], base: Decimal, amounts: dict[datetime, Decimal]) -> None:
    """What counted up to a point stands just before it: a point at midnight tells of the day that
    ended.
    """
    for point in points:
        at = point.at if point.is_reset else point.at - TICK
        grown = point.value if point.is_reset else point.value - base
        amounts[at] = amounts.get(at, ZERO) + _exact(grown)
        base = point.value


def _exact(value: Decimal) -> Decimal:
    """As an event keeps it: 12 decimals, rounded half away from zero."""
    return value.quantize(STEP, decimal.ROUND_HALF_UP)
