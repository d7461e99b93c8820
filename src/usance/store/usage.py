"""Usage: events in, each once; totals out, for as many windows at a time as one wants."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

import msgspec

from usance.domain.catalog import Aggregation, Condition, Filter, read_number
from usance.domain.metering.events import UsageEvent
from usance.domain.metering.totals import NO_USAGE, UsageTotal, UsageWindow, mean
from usance.store.database import Row, Tx

# The rows come sorted by key, so that two batches with the same events wait for each other in one
# order and never in a circle.
APPEND = """
INSERT INTO usage_events (tenant_id, customer_id, event_name, idempotency_key,
                          occurred_at, received_at, resource_id, dimensions)
SELECT %(tenant_id)s, customer_id, event_name, idempotency_key,
       coalesce(occurred_at, %(received_at)s), %(received_at)s, resource_id, dimensions
  FROM jsonb_to_recordset(%(events)s::jsonb)
    AS event (customer_id text, event_name text, idempotency_key text,
              occurred_at timestamptz, resource_id text, dimensions jsonb)
    ON CONFLICT DO NOTHING
RETURNING customer_id, event_name, idempotency_key
"""

# Two branches a window, of which the planner runs one: telling values apart sorts them, which
# windows that only count and add should not pay for. OFFSET 0 keeps the planner from writing the
# reading of a number into each of the aggregates that use it: a third of the time.
TOTALS = """
SELECT w.position, found.quantity, found.event_count, found.last_received_at, found.unread_count
  FROM jsonb_to_recordset(%(windows)s::jsonb)
    AS w (position int, customer_id text, event_name text, aggregation text, field text,
          filters jsonb, start_at timestamptz, end_at timestamptz)
 CROSS JOIN LATERAL (
    SELECT CASE w.aggregation
           WHEN 'COUNT' THEN count(*)
           WHEN 'MAX' THEN max(number)
           WHEN 'MIN' THEN min(number)
           ELSE sum(number)
           END AS quantity,
           count(*) FILTER (WHERE is_read) AS event_count,
           max(received_at) FILTER (WHERE is_read) AS last_received_at,
           count(*) FILTER (WHERE NOT is_read) AS unread_count
      FROM (SELECT number, received_at, w.field IS NULL OR number IS NOT NULL AS is_read
              FROM usage_events
             CROSS JOIN LATERAL (SELECT usage_number(dimensions -> w.field) AS number) AS reading
             WHERE tenant_id = %(tenant_id)s
               AND customer_id = w.customer_id
               AND event_name = w.event_name
               AND occurred_at >= w.start_at
               AND occurred_at < w.end_at
               AND (w.filters IS NULL OR usage_passes(w.filters, dimensions))
            OFFSET 0) AS event
     WHERE w.aggregation <> 'UNIQUE'
    HAVING count(*) > 0
     UNION ALL
    SELECT count(DISTINCT dimensions ->> w.field),
           count(dimensions ->> w.field),
           max(received_at) FILTER (WHERE dimensions ? w.field),
           count(*) - count(dimensions ->> w.field)
      FROM usage_events
     WHERE w.aggregation = 'UNIQUE'
       AND tenant_id = %(tenant_id)s
       AND customer_id = w.customer_id
       AND event_name = w.event_name
       AND occurred_at >= w.start_at
       AND occurred_at < w.end_at
       AND (w.filters IS NULL OR usage_passes(w.filters, dimensions))
    HAVING count(*) > 0) AS found
"""

# A dimension's number stays one; the connection's own JSON would write decimals as text.
TO_JSON = msgspec.json.Encoder(decimal_format="number")

Key = TypeVar("Key", bound=Hashable)


def append(tx: Tx, events: Sequence[UsageEvent], *, received_at: datetime) -> tuple[bool, ...]:
    """Keep those whose key is new; per event, in order, whether it was.

    Of events with one key the first stands, in the batch as over time.
    """
    first_of: dict[tuple[str, str, str], int] = {}
    for index, event in enumerate(events):
        first_of.setdefault(_key(event), index)
    firsts = [events[first_of[key]] for key in sorted(first_of)]
    rows = tx.all(APPEND, events=TO_JSON.encode(firsts).decode(), received_at=received_at)
    new = {first_of[row.customer_id, row.event_name, row.idempotency_key] for row in rows}
    return tuple(index in new for index in range(len(events)))


def totals(tx: Tx, windows: Mapping[Key, UsageWindow]) -> dict[Key, UsageTotal]:
    """What was used in each of `windows`, in one statement; NO_USAGE where there is no event."""
    keys = list(windows)
    asked = [_asked(position, windows[key]) for position, key in enumerate(keys)]
    rows = tx.all(TOTALS, windows=TO_JSON.encode(asked).decode())
    found = {keys[row.position]: _total(row, windows[keys[row.position]]) for row in rows}
    return {key: found.get(key, NO_USAGE) for key in keys}


def _key(event: UsageEvent) -> tuple[str, str, str]:
    return event.customer_id, event.event_name, event.idempotency_key


def _asked(position: int, window: UsageWindow) -> dict[str, object]:
    meter = window.meter
    return {
        "position": position,
        "customer_id": window.customer_id,
        "event_name": meter.event_name,
        "aggregation": meter.aggregation,
        "field": meter.field,
        "filters": _asked_filters(meter.filters) if meter.filters else None,
        "start_at": window.start_at,
        "end_at": window.end_at,
    }


@lru_cache(maxsize=1024)
def _asked_filters(filters: tuple[Filter, ...]) -> msgspec.Raw:
    """As schema.sql's usage_passes takes them; the windows of a batch share few meters."""
    asked = [{"conditions": [_asked_condition(each) for each in of.conditions]} for of in filters]
    return msgspec.Raw(TO_JSON.encode(asked))


def _asked_condition(condition: Condition) -> dict[str, object]:
    numbers = [read_number(value) for value in condition.values]
    return {
        "field": condition.field,
        "operation": condition.operation,
        "values": condition.values,
        "numbers": [number for number in numbers if number is not None],
    }


def _total(row: Row, window: UsageWindow) -> UsageTotal:
    quantity = Decimal(0) if row.quantity is None else Decimal(row.quantity)
    if window.meter.aggregation is Aggregation.AVG and row.event_count:
        quantity = mean(quantity, row.event_count)
    return UsageTotal(quantity, row.event_count, row.last_received_at, row.unread_count)
