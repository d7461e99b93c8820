"""Take in a batch of usage events: keep each once, and say what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from usance.domain.metering.events import UsageEvent, refuse_future
from usance.domain.metering.receipts import Receipts, receipts_for
from usance.domain.metering.reversals import refuse_reversals, reversed_keys
from usance.flows.runtime import Runtime, Scope
from usance.store import features, usage_events


def ingest_usage(runtime: Runtime, scope: Scope, events: Sequence[UsageEvent]) -> Receipts:
    """All of `events` or none. Sending a batch again changes nothing and says so.

    Raises Invalid for events of the future, by this environment's clock, and for reversals of what
    is not there or was taken back before. Nothing is announced and no audit row is written: an
    event is never changed, and itself says what and when; as many rows again would only say that
    it says so.
    """
    with runtime.transaction(scope) as tx:
        now = runtime.now(tx)
        meters = features.meters_of(tx, {event.event_name for event in events})
        known = usage_events.lock_reversed(tx, reversed_keys(events))

        refuse_future(events, now=now)
        refuse_reversals(events, known)

        is_new = usage_events.append(tx, events, received_at=now)
    return receipts_for(events, is_new=is_new, meters=meters)
