"""A track: one customer's use of one feature, followed through a connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from usance.domain.catalog import Aggregation, Feature, Meter
from usance.domain.connections.connection import HistoryKind
from usance.domain.connections.history import (
    Anchor,
    Reading,
    Series,
    anchor_of,
    read_amounts,
    read_on,
    read_running,
)
from usance.domain.ids import ConnectionId, CustomerId, FeatureId
from usance.domain.metering.events import Dimension, UsageEvent
from usance.domain.metering.totals import matches

OVERLAP = timedelta(days=2)  # late reports of so many days are seen at once, all others once a day
HOUR = timedelta(hours=1)
EVERY = timedelta(days=1)  # how often all that may still be billed is read again
BACK = timedelta(days=400)  # a yearly period, and a month for its corrections
BEFORE = timedelta(days=1)  # in which a running count says what it stood at


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Whose use of what, there and here; what the last reading left to go on from.

    `since` is the first instant that counts. `known_since`: before that the other side had no such
    customer or feature. `revision` counts the readings.
    """

    id: str
    connection_id: ConnectionId
    customer_there: str
    feature_there: str
    customer_id: CustomerId
    feature_id: FeatureId
    since: datetime
    known_since: datetime
    revision: int = 0
    anchor: Anchor | None = None
    read_whole_at: datetime | None = None


class Span(NamedTuple):
    """From where the other side is asked, and from when what it tells counts.

    `anchor`: where a running count goes on from, if it still stands there at that. `reads_all`: all
    that may still be billed.
    """

    start_at: datetime
    counts_from: datetime
    anchor: Anchor | None = None
    reads_all: bool = True


def span(
    track: Track,
    kind: HistoryKind,
    *,
    now: datetime,
    is_whole: bool = False,
    is_doubtful: bool = False,
) -> Span:
    """What to ask of a track at an instant. `is_whole`: everything there ever was; `is_doubtful`:
    its anchor does not hold.
    """
    is_due = track.read_whole_at is None or now - track.read_whole_at >= EVERY
    if not (is_due or is_whole or is_doubtful):
        if kind is HistoryKind.AMOUNTS:
            first = max(track.since, _month_of(now - OVERLAP))
            return Span(first, first, reads_all=False)
        if track.anchor is not None and track.anchor.at >= track.since:
            start_at = track.anchor.at - HOUR
            return Span(start_at, track.anchor.at, track.anchor, reads_all=False)
    first = track.since if is_whole else max(track.since, _month_of(now - BACK))
    if kind is HistoryKind.AMOUNTS:
        return Span(first, first)
    return Span(first - BEFORE, first)


def read(
    series: Sequence[Series], asked: Span, track: Track, kind: HistoryKind, *, now: datetime
) -> Reading | None:
    """What the other side tells; None: more has to be read, for what it told before has changed."""
    if kind is HistoryKind.AMOUNTS:
        return read_amounts(series, start=asked.counts_from, now=now)
    if asked.anchor is not None:
        return read_on(series, asked.anchor, now=now)
    return read_running(
        series,
        start=asked.counts_from,
        now=now,
        counts_from_zero=track.known_since >= asked.start_at,
    )


def next_anchor(
    series: Sequence[Series], track: Track, kind: HistoryKind, *, now: datetime
) -> Anchor | None:
    """Where the next reading goes on from: the last point that is out of the overlap."""
    if kind is HistoryKind.AMOUNTS:
        return None
    found = anchor_of(series, before=now - OVERLAP)
    if found is None or found.at < track.since:
        return track.anchor
    return found


def counting_meter(feature: Feature, connection_id: ConnectionId) -> Meter | None:
    """The meter that counts what is taken in; None when the feature counts something else.

    What is taken in is an amount and says nothing else but whose it is: a meter has to add a field
    up, and its filters have to let such an event pass, however much it is. So does the sum of what
    is reported of a feature without a meter.
    """
    meter = feature.counted_by
    if meter is None or meter.aggregation is not Aggregation.SUM:
        return None
    asked = {condition.field for each in meter.filters for condition in each.conditions}
    event = UsageEvent(
        customer_id=CustomerId("anybody"),
        event_name=meter.event_name,
        idempotency_key="any",
        dimensions=taken_in_dimensions(meter, connection_id, Decimal(1)),
    )
    return meter if meter.field not in asked and matches(meter, event) else None


def taken_in_dimensions(
    meter: Meter, connection_id: ConnectionId, amount: Decimal
) -> dict[str, Dimension]:
    """What an event that was taken in says: how much, and through which connection."""
    assert meter.field is not None, "a meter that adds up reads a field"
    return {"connection": connection_id, meter.field: amount}


def _month_of(instant: datetime) -> datetime:
    """The start of its month in UTC: a stretch of the other side's history is seldom longer."""
    in_utc = instant.astimezone(UTC)
    return in_utc.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
