"""A history as the other side tells it, read into amounts with their instants."""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    """

    kind: HistoryKind
    after: datetime
    amounts: Mapping[datetime, Decimal]
    is_base_known: bool = True


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

    The last point before `start` says what it stood at then. Without one it stood at zero where
    `counts_from_zero` (there was nobody to count) or where its first point is a reset; anything
    else is not known, and that first value then counts as what came before.
    """
    amounts: dict[datetime, Decimal] = {}
    after, is_base_known = start - TICK, True
    for points in series:
        ordered = [point for point in _in_order(points) if point.at <= now + AHEAD]
        earlier = [point for point in ordered if point.at < start]
        told = ordered[len(earlier) :]
        if earlier:
            base = earlier[-1].value
            after = min(after, earlier[-1].at) if len(series) > 1 else earlier[-1].at
        elif counts_from_zero or not told or told[0].is_reset:
            base = ZERO
        else:
            base, is_base_known = told[0].value, is_base_known and told[0].value == 0
        _grown(told, base, amounts)
    return Reading(HistoryKind.RUNNING, after, _since(after, amounts), is_base_known)


def read_on(series: Sequence[Series], anchor: Anchor, *, now: datetime) -> Reading | None:
    """What a running count grew by since `anchor`; None when it no longer says there what it said
    before: something earlier was corrected, so that more has to be read.
    """
    if len(series) != 1:
        return None
    ordered = [point for point in _in_order(series[0]) if point.at <= now + AHEAD]
    there = [point for point in ordered if point.at == anchor.at]
    if not there or there[-1].value != anchor.value or ordered[0].at < anchor.at:
        return None
    amounts: dict[datetime, Decimal] = {}
    _grown(ordered[len(there) :], anchor.value, amounts)
    return Reading(HistoryKind.RUNNING, anchor.at, _since(anchor.at, amounts))


def anchor_of(series: Sequence[Series], *, before: datetime) -> Anchor | None:
    """The last point before an instant, to read on from; None where several series add up."""
    if len(series) != 1:
        return None
    earlier = [point for point in _in_order(series[0]) if point.at < before]
    return Anchor(earlier[-1].at, earlier[-1].value) if earlier else None


def _in_order(points: Series) -> list[Point]:
    return sorted(points, key=lambda point: point.at)


def _grown(points: Sequence[Point], base: Decimal, amounts: dict[datetime, Decimal]) -> None:
    """What counted up to a reset of the same instant belongs to the time before it."""
    resets = {point.at for point in points if point.is_reset}
    before: Point | None = None
    for point in points:
        stood = ZERO if point.is_reset else base if before is None else before.value
        is_first = before is None or before.at != point.at
        ends = is_first and point.at in resets and not point.is_reset
        at = point.at - TICK if ends else point.at
        amounts[at] = amounts.get(at, ZERO) + _exact(point.value - stood)
        before = point


def _since(after: datetime, amounts: Mapping[datetime, Decimal]) -> dict[datetime, Decimal]:
    """Without what was counted up to a reset at the very start."""
    return {at: amount for at, amount in amounts.items() if at > after}


def _exact(value: Decimal) -> Decimal:
    """As an event keeps it: 12 decimals, rounded half away from zero."""
    return value.quantize(STEP, decimal.ROUND_HALF_UP)
