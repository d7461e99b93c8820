"""Usage events in: each kept once, and each taken back at most once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from usance.domain.ids import CustomerId
from usance.domain.metering.events import EventKey, UsageEvent
from usance.domain.metering.reversals import Standing
from usance.store.database import Tx

# The rows come sorted by key, so that two batches with the same events wait for each other in one
# order and never in a circle.
APPEND = """
INSERT INTO usage_events (tenant_id, customer_id, event_name, idempotency_key,
                          occurred_at, received_at, resource_id, dimensions, reverses)
SELECT %(tenant_id)s, customer_id, event_name, idempotency_key,
       coalesce(occurred_at, %(received_at)s), %(received_at)s, resource_id, dimensions,
       reverses
  FROM jsonb_to_recordset(%(events)s::jsonb)
    AS event (customer_id text, event_name text, idempotency_key text,
              occurred_at timestamptz, resource_id text, dimensions jsonb, reverses text)
    ON CONFLICT DO NOTHING
RETURNING customer_id, event_name, idempotency_key
"""

# Sorted, so that two batches that take the same events back wait for each other in one order.
LOCK_REVERSED = """
SELECT events.customer_id, events.event_name, events.idempotency_key,
       events.reverses IS NOT NULL AS is_reversal, events.reversed_by
  FROM usage_events AS events
  JOIN jsonb_to_recordset(%(keys)s::jsonb)
    AS asked (customer_id text, event_name text, idempotency_key text)
    ON asked.customer_id = events.customer_id
   AND asked.event_name = events.event_name
   AND asked.idempotency_key = events.idempotency_key
 WHERE events.tenant_id = %(tenant_id)s
 ORDER BY events.customer_id, events.event_name, events.idempotency_key
   FOR UPDATE OF events
"""
SAVE_REVERSED = """
UPDATE usage_events AS events
   SET reversed_by = asked.idempotency_key
  FROM jsonb_to_recordset(%(reversals)s::jsonb)
    AS asked (customer_id text, event_name text, idempotency_key text, reverses text)
 WHERE events.tenant_id = %(tenant_id)s
   AND events.customer_id = asked.customer_id
   AND events.event_name = asked.event_name
   AND events.idempotency_key = asked.reverses
"""

# A dimension's number stays one; the connection's own JSON would write decimals as text.
TO_JSON = msgspec.json.Encoder(decimal_format="number")


def append(tx: Tx, events: Sequence[UsageEvent], *, received_at: datetime) -> tuple[bool, ...]:
    """Keep those whose key is new; per event, in order, whether it was.

    Of events with one key the first stands, in the batch as over time. What a new reversal names
    counts no longer; `reversals.refuse_reversals` was asked before.
    """
    first_of: dict[EventKey, int] = {}
    for index, event in enumerate(events):
        first_of.setdefault(event.key, index)
    firsts = [events[first_of[key]] for key in sorted(first_of)]
    rows = tx.all(APPEND, events=TO_JSON.encode(firsts).decode(), received_at=received_at)
    new = {first_of[EventKey(*row)] for row in rows}
    _save_reversed(tx, [events[index] for index in new if events[index].reverses is not None])
    return tuple(index in new for index in range(len(events)))


def lock_reversed(tx: Tx, keys: Sequence[EventKey]) -> dict[EventKey, Standing]:
    """What is known of those of `keys` that were kept, held until `tx` ends."""
    if not keys:
        return {}
    rows = tx.all(LOCK_REVERSED, keys=TO_JSON.encode([key._asdict() for key in keys]).decode())
    return {
        EventKey(CustomerId(row.customer_id), row.event_name, row.idempotency_key): Standing(
            row.is_reversal, row.reversed_by
        )
        for row in rows
    }


def _save_reversed(tx: Tx, reversals: Sequence[UsageEvent]) -> None:
    """Mark what these new events take back: from now on it counts nowhere."""
    if not reversals:
        return
    marked = tx.run(SAVE_REVERSED, reversals=TO_JSON.encode(reversals).decode())
    assert marked == len(reversals), "each reversal takes one event back"
