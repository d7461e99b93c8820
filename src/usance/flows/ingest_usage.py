"""Take in a batch of usage events: keep each once, and say what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from usance.domain.errors import Unidentified
from usance.domain.metering.events import UsageEvent, refuse_future
from usance.domain.metering.receipts import Receipts, receipts_for
from usance.domain.metering.reversals import refuse_reversals, reversed_keys
from usance.flows.runtime import Runtime, Scope
from usance.store import usage_events


def ingest_usage(
    runtime: Runtime, scope: Scope, events: Sequence[UsageEvent], *, key_id: str | None = None
) -> Receipts:
    """All of `events` or none. Sending a batch again changes nothing and says so.

    Raises Invalid for events of the future, by this environment's clock, and for reversals of what
    is not there or was taken back before; Unidentified when `key_id`, that of the key they came
    with, opens nothing at this moment (None: that was seen to). Nothing is announced and no audit
    row is written: an event is never changed, and itself says what and when; as many rows again
    would only say that it says so.
    """
    with runtime.transaction(scope) as tx:
        world = runtime.clock()
        names = {event.event_name for event in events}
        begun = usage_events.begin(tx, names, key_id=key_id, at=world)
        now = begun.clock_at or world
        known = usage_events.lock_reversed(tx, reversed_keys(events))

        if not begun.is_key_open:
            raise Unidentified("The key opens nothing any more.")
        refuse_future(events, now=now)
        refuse_reversals(events, known)

        is_new = usage_events.append(tx, events, received_at=now)
    return receipts_for(events, is_new=is_new, meters=begun.meters)
