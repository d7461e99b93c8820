"""Take in what a reading of a track says that was not taken in yet, or take it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice

from usance.domain.catalog import Meter
from usance.domain.connections.connection import HistoryKind
from usance.domain.connections.history import Anchor, Reading
from usance.domain.connections.reconciling import differences
from usance.domain.connections.track import Track, counting_meter, taken_in_dimensions
from usance.domain.metering.events import MAX_BATCH, UsageEvent
from usance.domain.metering.receipts import Outcome
from usance.flows.ingest_usage import ingest_usage
from usance.flows.runtime import Runtime, Scope
from usance.store import connection_tracks, features
from usance.store.database import Tx
from usance.store.joined import Joined

COUNTS_OTHERWISE = "The feature's meter does not add a field up, so no amounts can be taken in"
EVER = datetime(1, 1, 1, tzinfo=UTC)

Amounts = Mapping[datetime, Decimal]


def take_in_usage(
    runtime: Runtime,
    scope: Scope,
    track: Track,
    reading: Reading,
    *,
    anchor: Anchor | None,
    is_whole: bool,
) -> Amounts:
    """What was added at which instant, as usage events; negative where it was corrected downwards.

    The events and what is known of them are kept together or not at all. Nothing happens when
    somebody else has read the track since: what they read is as new as this.
    """
    with runtime.transaction(scope) as tx:
        held = connection_tracks.lock(tx, track.id)
        if held is None or held.revision != track.revision:
            return {}
        feature = features.one(tx, track.feature_id)
        meter = counting_meter(feature, track.connection_id)
        if meter is None:
            connection_tracks.save_problem(tx, track.id, COUNTS_OTHERWISE, tried_at=runtime.clock())
            return {}

        joined = replace(runtime, database=Joined(tx))
        added = _added(joined, scope, tx, track, meter=meter, reading=reading)
        connection_tracks.save_read(
            tx,
            track.id,
            anchor,
            at=runtime.now(tx),
            tried_at=runtime.clock(),
            is_whole=is_whole,
            is_changed=bool(added),
        )
    return added


def take_back_usage(runtime: Runtime, scope: Scope, track: Track) -> Amounts:
    """Take back all that a track took in, and follow it no more."""
    nothing = Reading(HistoryKind.RUNNING, EVER, {})
    with runtime.transaction(scope) as tx:
        if connection_tracks.lock(tx, track.id) is None:
            return {}
        meter = counting_meter(features.one(tx, track.feature_id), track.connection_id)
        added: Amounts = {}
        if meter is not None:
            joined = replace(runtime, database=Joined(tx))
            added = _added(joined, scope, tx, track, meter=meter, reading=nothing)
        connection_tracks.save_ended(tx, track.id, at=runtime.now(tx))
    return added


def _added(
    joined: Runtime, scope: Scope, tx: Tx, track: Track, *, meter: Meter, reading: Reading
) -> Amounts:
    taken = connection_tracks.taken(tx, track.id, after=reading.after)
    added = differences(reading, taken.amounts)
    revisions = {used_at: taken.revisions.get(used_at, 0) + 1 for used_at in added}
    events = (
        UsageEvent(
            customer_id=track.customer_id,
            event_name=meter.event_name,
            idempotency_key=f"{track.id}/{used_at:%Y%m%dT%H%M%S.%fZ}/{revisions[used_at]}",
            occurred_at=used_at,
            dimensions=taken_in_dimensions(meter, track.connection_id, amount),
        )
        for used_at, amount in added.items()
    )
    while batch := list(islice(events, MAX_BATCH)):
        receipts = ingest_usage(joined, scope, batch)
        assert not receipts.count(Outcome.DUPLICATE), "a revision of an instant is taken in once"
    connection_tracks.save_taken(tx, track.id, added, revisions)
    return added
