"""The history of a customer's usage of a feature, counted from its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from usance.domain.entitlements import usage_history
from usance.domain.entitlements.usage_history import Marker, Point
from usance.domain.errors import Invalid, NotFound, Problem
from usance.domain.ids import CustomerId
from usance.domain.metering.totals import UsageCell, UsageTotal, UsageWindow
from usance.store import access, features, usage, usage_windows
from usance.store.database import Tx

MAX_TAGS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryAsked:
    """Whose usage of what, from `start_at` up to `end_at`; None: to the present.

    `group_by`: dimensions, each combination of whose values is a series of its own.
    """

    customer_id: CustomerId
    feature_id: str
    start_at: datetime
    end_at: datetime | None = None
    resource_id: str | None = None
    group_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """How usage went, by dimension values, and its resets."""

    series: Mapping[tuple[str | None, ...], Sequence[Point]]
    markers: Sequence[Marker]


def history(tx: Tx, asked: HistoryAsked, *, now: datetime) -> History:
    """As what the customer has now resets it. `now`: the world's; a moved clock goes before.

    Raises NotFound; Invalid (FeatureNotMetered, InvalidRange).
    """
    feature = features.one(tx, asked.feature_id)
    meter = feature.counted_by
    if meter is None:
        expected = "a feature whose usage is measured"
        raise Invalid(Problem("FeatureNotMetered", "featureId", feature.id, expected))
    read = access.holdings(tx, [asked.customer_id], now=now).get(asked.customer_id)
    if read is None:
        raise NotFound("customer", asked.customer_id)
    present = read.holdings.clock_at or now
    reset = usage_windows.reset_of(feature, read, at=present, resource_id=asked.resource_id)
    end_at = present if asked.end_at is None else asked.end_at
    pieces = usage_history.slices(asked.start_at, end_at, reset, meter.aggregation)
    windows = {
        index: UsageWindow(
            asked.customer_id,
            meter,
            piece.counted_from,
            piece.end,
            asked.group_by,
            resource_id=asked.resource_id,
        )
        for index, piece in enumerate(pieces)
    }
    found = usage.totals(tx, windows)
    cells = [_cells(asked, found[index]) for index in range(len(pieces))]
    return History(
        usage_history.series(pieces, cells, meter.aggregation),
        usage_history.markers(pieces, reset),
    )


def _cells(asked: HistoryAsked, total: UsageTotal) -> Sequence[UsageCell]:
    if asked.group_by:
        return total.cells
    return [UsageCell((), total.quantity, total.event_count)]
