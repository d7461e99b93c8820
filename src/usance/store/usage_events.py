"""Usage events in: each kept once, added at once to the counters it falls into, and taken back at
most once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from usance.domain.catalog import Meter
from usance.domain.ids import CustomerId
from usance.domain.metering.events import EventKey, UsageEvent
from usance.domain.metering.namesakes import under_its_own_key
from usance.domain.metering.reversals import Standing
from usance.store import usage_locks
from usance.store.database import Tx

# All that is to be known before events are taken in. `key_id`: of the API key they came with, which
# is looked at in the transaction that keeps them; null when that was done before.
BEGIN = """
SELECT t.clock_at,
       ARRAY(SELECT f.meter
               FROM features AS f
              WHERE f.tenant_id = %(tenant_id)s
                AND f.meter ->> 'event_name' = ANY (%(event_names)s)) AS meters,
       %(key_id)s::text IS NULL
       OR EXISTS (SELECT
                    FROM api_keys AS k
                   WHERE k.tenant_id = %(tenant_id)s
                     AND k.id = %(key_id)s
                     AND k.revoked_at IS NULL
                     AND (k.expires_at IS NULL OR k.expires_at > %(at)s)) AS is_key_open
  FROM tenants AS t
 WHERE t.tenant_id = %(tenant_id)s
"""

# The rows come sorted by key, so that two batches with the same events wait for each other in one
# order and never in a circle; the counters are sorted for the same reason.
KEEP = """
WITH sent AS MATERIALIZED (
    SELECT customer_id, event_name, idempotency_key,
           coalesce(occurred_at, %(received_at)s) AS occurred_at,
           resource_id, dimensions, reverses, place
      FROM ROWS FROM (jsonb_to_recordset(%(events)s::jsonb)
           AS (customer_id text, event_name text, idempotency_key text,
               occurred_at timestamptz, resource_id text, dimensions jsonb, reverses text))
           WITH ORDINALITY AS sent (customer_id, event_name, idempotency_key,
                                    occurred_at, resource_id, dimensions, reverses, place)
), changed AS (
    INSERT INTO usage_events (tenant_id, customer_id, event_name, idempotency_key,
                              occurred_at, received_at, resource_id, dimensions, reverses)
    SELECT %(tenant_id)s, customer_id, event_name, idempotency_key,
           occurred_at, %(received_at)s, resource_id, dimensions, reverses
      FROM sent
        ON CONFLICT DO NOTHING
    RETURNING customer_id, event_name, idempotency_key,
              occurred_at, resource_id, dimensions, reverses
)"""
# What events come to in each counter they fall into: its key, its meter, and so much of it.
IN_COUNTERS = """, counted AS (
    SELECT c.customer_id, c.feature_id, c.scope, c.window_start, c.window_end,
           c.event_name, c.aggregation, c.field, c.filters,
           CASE c.aggregation
           WHEN 'COUNT' THEN count(*)
           WHEN 'MAX' THEN max(number)
           WHEN 'MIN' THEN min(number)
           ELSE coalesce(sum(number), 0)
           END AS quantity,
           count(*) AS event_count
      FROM changed
      JOIN usage_counters AS c
        ON c.tenant_id = %(tenant_id)s
       AND c.customer_id = changed.customer_id
       AND c.event_name = changed.event_name
       AND changed.occurred_at >= c.window_start
       AND (c.window_end IS NULL OR changed.occurred_at < c.window_end)
       AND (c.scope = '*' OR c.scope = 'R' || changed.resource_id)
     CROSS JOIN LATERAL (SELECT usage_number(changed.dimensions -> c.field) AS number
                         OFFSET 0) AS reading
     WHERE changed.reverses IS NULL
       AND (c.filters IS NULL OR usage_passes(c.filters, changed.dimensions))
       AND CASE c.aggregation
           WHEN 'COUNT' THEN true
           WHEN 'UNIQUE' THEN changed.dimensions ? c.field
           ELSE number IS NOT NULL
           END
     GROUP BY c.customer_id, c.feature_id, c.scope, c.window_start, c.window_end,
              c.event_name, c.aggregation, c.field, c.filters
)"""
# A counter that is cleared away at this moment comes back as a stale one, which nobody believes.
# Of known events it also says which may be others than those that have their keys: counters stay
# locked until the end, so whatever can be told here is not asked for afterwards.
ADD_TO_COUNTERS = """, added AS (
    INSERT INTO usage_counters AS c
           (tenant_id, customer_id, feature_id, scope, window_start, window_end, event_name,
            aggregation, field, filters, quantity, event_count, is_stale, changed_in)
    SELECT %(tenant_id)s, customer_id, feature_id, scope, window_start, window_end, event_name,
           aggregation, field, filters, quantity, event_count, true, pg_current_xact_id()
      FROM counted
     ORDER BY customer_id, feature_id, scope, window_start, window_end
        ON CONFLICT ON CONSTRAINT a_window_is_counted_once DO UPDATE
       SET quantity = CASE
           WHEN c.event_count = 0 THEN excluded.quantity
           WHEN c.aggregation = 'MAX' THEN greatest(c.quantity, excluded.quantity)
           WHEN c.aggregation = 'MIN' THEN least(c.quantity, excluded.quantity)
           ELSE c.quantity + excluded.quantity
           END,
           event_count = c.event_count + excluded.event_count,
           is_stale = c.is_stale OR c.aggregation IN ('AVG', 'UNIQUE'),
           changed_in = excluded.changed_in
), known AS (
    SELECT sent.place,
           (SELECT true
              FROM usage_events AS kept
             WHERE kept.tenant_id = %(tenant_id)s
               AND kept.customer_id = sent.customer_id
               AND kept.event_name = sent.event_name
               AND kept.idempotency_key = sent.idempotency_key
               AND kept.occurred_at = sent.occurred_at
               AND kept.resource_id IS NOT DISTINCT FROM sent.resource_id
             LIMIT 1) AS is_same
      FROM sent
      LEFT JOIN changed USING (customer_id, event_name, idempotency_key)
     WHERE changed.customer_id IS NULL
       AND (SELECT count(*) FROM changed) < (SELECT count(*) FROM sent)
)
SELECT ARRAY(SELECT place FROM known) AS known_places,
       ARRAY(SELECT place FROM known WHERE is_same IS NULL) AS doubtful_places
"""
APPEND = KEEP + IN_COUNTERS + ADD_TO_COUNTERS

# Each is looked up by its key, one by one: no statistics may tempt the planner into reading all the
# events of a tenant.
NAMESAKES = """
SELECT asked.place
  FROM ROWS FROM (jsonb_to_recordset(%(events)s::jsonb)
       AS (customer_id text, event_name text, idempotency_key text,
           occurred_at timestamptz, resource_id text))
       WITH ORDINALITY AS asked (customer_id, event_name, idempotency_key,
                                 occurred_at, resource_id, place)
 CROSS JOIN LATERAL (SELECT kept.occurred_at, kept.resource_id
                       FROM usage_events AS kept
                      WHERE kept.tenant_id = %(tenant_id)s
                        AND kept.customer_id = asked.customer_id
                        AND kept.event_name = asked.event_name
                        AND kept.idempotency_key = asked.idempotency_key
                      LIMIT 1) AS kept
 WHERE kept.occurred_at <> asked.occurred_at
    OR kept.resource_id IS DISTINCT FROM asked.resource_id
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
MARK_REVERSED = """
WITH changed AS (
    UPDATE usage_events AS events
       SET reversed_by = asked.idempotency_key
      FROM jsonb_to_recordset(%(reversals)s::jsonb)
        AS asked (customer_id text, event_name text, idempotency_key text, reverses text)
     WHERE events.tenant_id = %(tenant_id)s
       AND events.customer_id = asked.customer_id
       AND events.event_name = asked.event_name
       AND events.idempotency_key = asked.reverses
    RETURNING events.customer_id, events.event_name, events.occurred_at, events.resource_id,
              events.dimensions, events.reverses
)"""
TAKE_FROM_COUNTERS = """, taken AS (
    UPDATE usage_counters AS c
       SET quantity = c.quantity - counted.quantity,
           event_count = c.event_count - counted.event_count,
           is_stale = c.is_stale OR c.aggregation NOT IN ('COUNT', 'SUM'),
           changed_in = pg_current_xact_id()
      FROM counted
     WHERE c.tenant_id = %(tenant_id)s
       AND c.customer_id = counted.customer_id
       AND c.feature_id = counted.feature_id
       AND c.scope = counted.scope
       AND c.window_start = counted.window_start
       AND c.window_end IS NOT DISTINCT FROM counted.window_end
)
SELECT count(*) AS count FROM changed
"""
SAVE_REVERSED = MARK_REVERSED + IN_COUNTERS + TAKE_FROM_COUNTERS

# A dimension's number stays one; the connection's own JSON would write decimals as text.
TO_JSON = msgspec.json.Encoder(decimal_format="number")


class Begun(NamedTuple):
    """What is so as events come in."""

    clock_at: datetime | None  # where the environment's clock was moved to
    meters: Sequence[Meter]  # that listen to them, before their filters
    is_key_open: bool


def begin(tx: Tx, event_names: Collection[str], *, key_id: str | None, at: datetime) -> Begun:
    """What is to be known of events of these names. `at`: the world's now, for the key.

    Raises NotFound without such an environment.
    """
    row = tx.one(
        BEGIN,
        kind="environment",
        ref=tx.tenant_id,
        event_names=list(event_names),
        key_id=key_id,
        at=at,
    )
    meters = [msgspec.convert(meter, Meter) for meter in row.meters]
    return Begun(row.clock_at, meters, row.is_key_open)


def append(tx: Tx, events: Sequence[UsageEvent], *, received_at: datetime) -> tuple[bool, ...]:
    """Keep those that are new, and count them; per event, in order, whether it was.

    Of the same event twice the first stands, in the batch as over time; a namesake is another
    event. What a new reversal names counts no longer; `refuse_reversals` was asked before.
    """
    if not events:
        return ()
    takes_back = any(event.reverses is not None for event in events)
    hold = usage_locks.alone if takes_back else usage_locks.share
    hold(tx, {event.customer_id for event in events})
    is_new, doubtful = _keep(tx, events, received_at)
    _keep_namesakes(tx, events, doubtful, is_new, received_at)
    if takes_back:
        new = [event for event, new in zip(events, is_new, strict=True) if new]
        _save_reversed(tx, [event for event in new if event.reverses is not None])
    return tuple(is_new)


def _keep(
    tx: Tx, events: Sequence[UsageEvent], received_at: datetime
) -> tuple[list[bool], list[int]]:
    """Keep the first of each key that is not known yet; per event, whether it was kept. And the
    places of those that were not, and may be another event than the one that has their key.
    """
    keys = [(event.customer_id, event.event_name, event.idempotency_key) for event in events]
    firsts = sorted(range(len(keys)), key=keys.__getitem__)  # of equal keys the first is first
    doubtful: list[int] = []
    if len(set(keys)) < len(keys):
        first_of = {keys[index]: index for index in reversed(firsts)}
        doubtful = [index for index in firsts if first_of[keys[index]] != index]
        firsts = [index for index in firsts if first_of[keys[index]] == index]
    sent = TO_JSON.encode([events[index] for index in firsts]).decode()
    [row] = tx.all(APPEND, events=sent, received_at=received_at)
    is_new = [True] * len(events)
    for index in doubtful:
        is_new[index] = False
    for place in row.known_places:
        is_new[firsts[place - 1]] = False
    return is_new, sorted([*doubtful, *(firsts[place - 1] for place in row.doubtful_places)])


def _keep_namesakes(
    tx: Tx,
    events: Sequence[UsageEvent],
    doubtful: Sequence[int],
    is_new: list[bool],
    received_at: datetime,
) -> None:
    """Keep those whose key another event has, and mark them in `is_new`."""
    known = [index for index in doubtful if events[index].reverses is None]
    if not known:
        return
    asked = TO_JSON.encode([events[index] for index in known]).decode()
    namesakes = [known[row.place - 1] for row in tx.all(NAMESAKES, events=asked)]
    if namesakes:
        own = [under_its_own_key(events[index]) for index in namesakes]
        kept, _ = _keep(tx, own, received_at)
        for index, new in zip(namesakes, kept, strict=True):
            is_new[index] = new


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
    [row] = tx.all(SAVE_REVERSED, reversals=TO_JSON.encode(reversals).decode())
    assert row.count == len(reversals), "each reversal takes one event back"
