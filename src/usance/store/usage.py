"""Counting usage: totals for as many windows at a time as one wants."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

import msgspec

from usance.domain.catalog import Aggregation, Condition, Filter, read_number
from usance.domain.metering.totals import (
    NO_USAGE,
    EventAmount,
    UsageCell,
    UsageTotal,
    UsageWindow,
    has_amounts,
    in_order,
    mean,
)
from usance.store.database import Row, Tx

# Two branches a window, of which the planner runs one: telling values apart sorts them, which
# windows that only count and add should not pay for. OFFSET 0 keeps the planner from writing the
# reading of a number into each of the aggregates that use it: a third of the time.
TOTALS = """
SELECT w.position, found.quantity, found.event_count, found.last_received_at, found.unread_count
  FROM jsonb_to_recordset(%(windows)s::jsonb)
    AS w (position int, customer_id text, event_name text, aggregation text, field text,
          filters jsonb, start_at timestamptz, end_at timestamptz, resource_id text)
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
               AND (w.resource_id IS NULL OR usage_events.resource_id = w.resource_id)
               AND (w.filters IS NULL OR usage_passes(w.filters, dimensions))
               AND reverses IS NULL
               AND reversed_by IS NULL
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
       AND (w.resource_id IS NULL OR usage_events.resource_id = w.resource_id)
       AND (w.filters IS NULL OR usage_passes(w.filters, dimensions))
       AND reverses IS NULL
       AND reversed_by IS NULL
    HAVING count(*) > 0) AS found
"""

# For windows that ask for more: a row for each combination of dimension values, or for each amount
# and each of the first events. Apart from the other, so that those who do not ask pay nothing.
DETAILED = """
SELECT w.position, found.quantity, found.event_count, found.last_received_at, found.unread_count,
       found.cell, found.nth, found.amount
  FROM jsonb_to_recordset(%(windows)s::jsonb)
    AS w (position int, customer_id text, event_name text, aggregation text, field text,
          filters jsonb, start_at timestamptz, end_at timestamptz, resource_id text,
          dimensions jsonb, first_events int, first_amount numeric)
 CROSS JOIN LATERAL (
    SELECT CASE w.aggregation
           WHEN 'COUNT' THEN count(*)
           WHEN 'MAX' THEN max(number)
           WHEN 'MIN' THEN min(number)
           WHEN 'UNIQUE' THEN count(DISTINCT value)
           ELSE sum(number)
           END AS quantity,
           count(*) FILTER (WHERE is_read) AS event_count,
           max(received_at) FILTER (WHERE is_read) AS last_received_at,
           count(*) FILTER (WHERE NOT is_read) AS unread_count,
           cell, NULL::bigint AS nth, NULL::numeric AS amount
      FROM (SELECT number, value, received_at,
                   CASE w.aggregation
                   WHEN 'COUNT' THEN true
                   WHEN 'UNIQUE' THEN value IS NOT NULL
                   ELSE number IS NOT NULL
                   END AS is_read,
                   ARRAY(SELECT dimensions ->> name
                           FROM jsonb_array_elements_text(w.dimensions)
                           WITH ORDINALITY AS asked (name, place)
                          ORDER BY place) AS cell
              FROM usage_events
             CROSS JOIN LATERAL (SELECT usage_number(dimensions -> w.field) AS number,
                                        dimensions ->> w.field AS value) AS reading
             WHERE w.dimensions IS NOT NULL
               AND tenant_id = %(tenant_id)s
               AND customer_id = w.customer_id
               AND event_name = w.event_name
               AND occurred_at >= w.start_at
               AND occurred_at < w.end_at
               AND (w.resource_id IS NULL OR usage_events.resource_id = w.resource_id)
               AND (w.filters IS NULL OR usage_passes(w.filters, dimensions))
               AND reverses IS NULL
               AND reversed_by IS NULL
            OFFSET 0) AS event
     GROUP BY cell
     UNION ALL
    SELECT sum(number), count(number), max(received_at) FILTER (WHERE number IS NOT NULL),
           count(*) - count(number), NULL, place, number
      FROM (SELECT number, received_at,
                   CASE WHEN (w.first_events IS NULL OR nth <= w.first_events)
                         AND (w.first_amount IS NULL OR before < w.first_amount)
                        THEN nth
                   END AS place
              FROM (SELECT number, received_at,
                           CASE WHEN number IS NOT NULL THEN count(number) OVER earlier END AS nth,
                           sum(greatest(number, 0)) OVER earlier - greatest(number, 0) AS before
                      FROM usage_events
                     CROSS JOIN LATERAL (SELECT CASE WHEN w.field IS NULL THEN 1
                                                ELSE usage_number(dimensions -> w.field)
                                                END AS number) AS reading
                     WHERE w.dimensions IS NULL
                       AND tenant_id = %(tenant_id)s
                       AND customer_id = w.customer_id
                       AND event_name = w.event_name
                       AND occurred_at >= w.start_at
                       AND occurred_at < w.end_at
                       AND (w.resource_id IS NULL OR usage_events.resource_id = w.resource_id)
                       AND (w.filters IS NULL OR usage_passes(w.filters, dimensions))
                       AND reverses IS NULL
                       AND reversed_by IS NULL
                    WINDOW earlier AS (ORDER BY occurred_at, idempotency_key COLLATE "C"
                                        ROWS UNBOUNDED PRECEDING)) AS numbered) AS placed
     GROUP BY place, number) AS found
"""

# Of levels: every event from the first on, for each is part of the level from then on.
LEVELS = """
SELECT w.position, found.quantity, found.event_count, found.last_received_at, found.unread_count
  FROM jsonb_to_recordset(%(windows)s::jsonb)
    AS w (position int, customer_id text, event_name text, field text, filters jsonb,
          start_at timestamptz, end_at timestamptz, resource_id text)
 CROSS JOIN LATERAL (
    SELECT greatest(coalesce(sum(number) FILTER (WHERE occurred_at < w.start_at), 0),
                    max(level) FILTER (WHERE occurred_at >= w.start_at)) AS quantity,
           count(number) AS event_count,
           max(received_at) FILTER (WHERE number IS NOT NULL) AS last_received_at,
           count(*) - count(number) AS unread_count
      FROM (SELECT occurred_at, received_at, number,
                   coalesce(sum(number) OVER (ORDER BY occurred_at, idempotency_key COLLATE "C"
                                              ROWS UNBOUNDED PRECEDING), 0) AS level
              FROM usage_events
             CROSS JOIN LATERAL (SELECT usage_number(dimensions -> w.field) AS number) AS reading
             WHERE tenant_id = %(tenant_id)s
               AND customer_id = w.customer_id
               AND event_name = w.event_name
               AND occurred_at < w.end_at
               AND (w.resource_id IS NULL OR usage_events.resource_id = w.resource_id)
               AND (w.filters IS NULL OR usage_passes(w.filters, dimensions))
               AND reverses IS NULL
               AND reversed_by IS NULL) AS event
    HAVING count(*) > 0) AS found
"""

# A dimension's number stays one; the connection's own JSON would write decimals as text.
TO_JSON = msgspec.json.Encoder(decimal_format="number")

ZERO = Decimal(0)
BY_POSITION = attrgetter("position")

Key = TypeVar("Key", bound=Hashable)


def totals(tx: Tx, windows: Mapping[Key, UsageWindow]) -> dict[Key, UsageTotal]:
    """What was used in each of `windows`; NO_USAGE where there is no event.

    In one statement, and one more each when some of them ask for levels, or for dimensions or
    single events.
    """
    found: dict[Key, UsageTotal] = dict.fromkeys(windows, NO_USAGE)
    for statement, is_level in ((TOTALS, False), (LEVELS, True)):
        keys = [
            key
            for key, window in windows.items()
            if window.is_level == is_level and not _is_detailed(window)
        ]
        if keys:
            asked = [asked_window(position, windows[key]) for position, key in enumerate(keys)]
            for row in tx.all(statement, windows=TO_JSON.encode(asked).decode()):
                key = keys[row.position]
                found[key] = _total(row, windows[key])
    keys = [key for key, window in windows.items() if _is_detailed(window)]
    if keys:
        asked = [asked_window(position, windows[key]) for position, key in enumerate(keys)]
        rows = tx.all(DETAILED, windows=TO_JSON.encode(asked).decode())
        for position, parts in groupby(sorted(rows, key=BY_POSITION), BY_POSITION):
            found[keys[position]] = _detailed(list(parts), windows[keys[position]])
    return found


def asked_window(position: int, window: UsageWindow) -> dict[str, object]:
    """A window as the statements take it."""
    meter = window.meter
    asked: dict[str, object] = {
        "position": position,
        "customer_id": window.customer_id,
        "event_name": meter.event_name,
        "aggregation": meter.aggregation,
        "field": meter.field,
        "filters": asked_filters(meter.filters) if meter.filters else None,
        "start_at": window.start_at,
        "end_at": window.end_at,
        "resource_id": window.resource_id,
    }
    if window.dimensions:
        asked["dimensions"] = window.dimensions
    if window.apart is not None:
        asked["first_events"], asked["first_amount"] = window.apart
    return asked


def _is_detailed(window: UsageWindow) -> bool:
    return bool(window.dimensions) or (window.apart is not None and has_amounts(window.meter))


@lru_cache(maxsize=1024)
def asked_filters(filters: tuple[Filter, ...]) -> msgspec.Raw:
    """Filters as schema.sql's usage_passes takes them; the windows of a batch share few meters."""
    asked = [{"conditions": [asked_condition(each) for each in of.conditions]} for of in filters]
    return msgspec.Raw(TO_JSON.encode(asked))


def asked_condition(condition: Condition) -> dict[str, object]:
    """A condition as schema.sql's usage_condition_holds takes it."""
    numbers = [read_number(value) for value in condition.values]
    return {
        "field": condition.field,
        "operation": condition.operation,
        "values": condition.values,
        "numbers": [number for number in numbers if number is not None],
    }


def _total(row: Row, window: UsageWindow) -> UsageTotal:
    quantity = ZERO if row.quantity is None else Decimal(row.quantity)
    if window.meter.aggregation is Aggregation.AVG and row.event_count:
        quantity = mean(quantity, row.event_count)
    return UsageTotal(quantity, row.event_count, row.last_received_at, row.unread_count)


def _detailed(rows: Sequence[Row], window: UsageWindow) -> UsageTotal:
    """The total of a window whose rows are its parts."""
    parts = [_total(row, window) for row in rows]
    received = [part.last_received_at for part in parts if part.last_received_at is not None]
    return UsageTotal(
        quantity=sum((part.quantity for part in parts), ZERO),
        event_count=sum(part.event_count for part in parts),
        last_received_at=max(received, default=None),
        unread_count=sum(part.unread_count for part in parts),
        cells=in_order(
            UsageCell(tuple(row.cell), part.quantity, part.event_count)
            for row, part in zip(rows, parts, strict=True)
            if row.cell is not None and part.event_count
        ),
        amounts=_amounts(rows),
    )


def _amounts(rows: Sequence[Row]) -> tuple[EventAmount, ...]:
    """The first events in their order, then the others by amount."""
    found = [row for row in rows if row.amount is not None]
    found.sort(key=lambda row: (row.nth is None, row.nth or 0, row.amount))
    return tuple(EventAmount(row.amount, row.event_count) for row in found)
