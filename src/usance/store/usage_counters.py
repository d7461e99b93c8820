"""Live counters: what was used so far in a window, in one row.

The first who asks for a window counts its events and keeps the number; from then on the statement
that takes events in adds them to it (store/usage_events.py). So a number is right the moment an
event is kept, and reading it costs the same after a million events as after one.

What cannot be added (averages, different values, a highest value that was taken back) marks the
counter as stale, and the next who asks counts anew. A feature that is counted by another meter
than a counter was, has no counter.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, TypeVar

from usance.domain.catalog import Meter
from usance.domain.entitlements.windows import Window
from usance.domain.ids import CustomerId, FeatureId
from usance.domain.metering.events import FIRST, LAST
from usance.domain.metering.totals import UsageTotal, UsageWindow
from usance.store import usage, usage_locks
from usance.store.database import Tx

KEPT = """
SELECT asked.position, kept.quantity
  FROM jsonb_to_recordset(%(asked)s::jsonb)
    AS asked (position int, customer_id text, feature_id text, scope text,
              window_start timestamptz, window_end timestamptz, event_name text,
              aggregation text, field text, filters jsonb)
  JOIN usage_counters AS kept
    ON kept.tenant_id = %(tenant_id)s
   AND kept.customer_id = asked.customer_id
   AND kept.feature_id = asked.feature_id
   AND kept.scope = asked.scope
   AND kept.window_start = asked.window_start
   AND kept.window_end IS NOT DISTINCT FROM asked.window_end
   AND kept.event_name = asked.event_name
   AND kept.aggregation = asked.aggregation
   AND kept.field IS NOT DISTINCT FROM asked.field
   AND kept.filters IS NOT DISTINCT FROM asked.filters
   AND NOT kept.is_stale
"""
SAVE = """
INSERT INTO usage_counters (tenant_id, customer_id, feature_id, scope, window_start, window_end,
                            event_name, aggregation, field, filters, quantity, event_count,
                            is_stale, changed_in)
SELECT %(tenant_id)s, customer_id, feature_id, scope, window_start, window_end,
       event_name, aggregation, field, filters, quantity, event_count, false, pg_current_xact_id()
  FROM jsonb_to_recordset(%(counted)s::jsonb)
    AS counted (customer_id text, feature_id text, scope text,
                window_start timestamptz, window_end timestamptz, event_name text,
                aggregation text, field text, filters jsonb, quantity numeric, event_count bigint)
 ORDER BY customer_id, feature_id, scope, window_start, window_end
    ON CONFLICT ON CONSTRAINT a_window_is_counted_once DO UPDATE
   SET event_name = excluded.event_name,
       aggregation = excluded.aggregation,
       field = excluded.field,
       filters = excluded.filters,
       quantity = excluded.quantity,
       event_count = excluded.event_count,
       is_stale = false,
       changed_in = excluded.changed_in
"""
# Those an ingest is adding to at this moment are left for the next time.
DELETE_EXPIRED = """
DELETE FROM usage_counters
 WHERE tenant_id = %(tenant_id)s
   AND ctid = ANY (ARRAY(
       SELECT ctid
         FROM usage_counters
        WHERE tenant_id = %(tenant_id)s
          AND window_end <= %(at)s
          FOR UPDATE SKIP LOCKED))
"""

Key = TypeVar("Key", bound=Hashable)


class CounterWindow(NamedTuple):
    """What is counted: a customer's use of a feature, by the meter that counts it now.

    `window` None: since ever. `resource_id`: only by that resource of the customer; None: by all
    of the customer.
    """

    customer_id: CustomerId
    feature_id: FeatureId
    meter: Meter
    window: Window | None = None
    resource_id: str | None = None


def current(tx: Tx, asked: Mapping[Key, CounterWindow]) -> dict[Key, Decimal]:
    """What was used in each, with every event that was taken in before.

    In one statement, unless some have no counter yet. Then it holds these customers until `tx`
    ends: ask before you append events of theirs in the same transaction, or two may wait for each
    other.
    """
    found = _kept(tx, set(asked.values()))
    missing = set(asked.values()) - found.keys()
    if missing:
        usage_locks.alone(tx, {each.customer_id for each in missing})
        found |= _kept(tx, missing)
        found |= _counted(tx, missing - found.keys())
    return {key: found[window] for key, window in asked.items()}


def delete_expired(tx: Tx, *, at: datetime) -> int:
    """Forget counters of windows that were over by then; how many there were.

    Nothing is lost: the next who asks for such a window counts it again.
    """
    return tx.run(DELETE_EXPIRED, at=at)


def _kept(tx: Tx, windows: Collection[CounterWindow]) -> dict[CounterWindow, Decimal]:
    asked = list(windows)
    if not asked:
        return {}
    plain = [{"position": index} | _plain(each) for index, each in enumerate(asked)]
    rows = tx.all(KEPT, asked=usage.TO_JSON.encode(plain).decode())
    return {asked[row.position]: row.quantity for row in rows}


def _counted(tx: Tx, windows: Collection[CounterWindow]) -> dict[CounterWindow, Decimal]:
    """Counted from their events, and kept. The caller holds these customers alone."""
    if not windows:
        return {}
    totals = usage.totals(tx, {each: usage_window(each) for each in windows})
    rows = [_plain(each) | _number(total) for each, total in totals.items()]
    tx.run(SAVE, counted=usage.TO_JSON.encode(rows).decode())
    return {each: total.quantity for each, total in totals.items()}


def usage_window(counter: CounterWindow) -> UsageWindow:
    """The same as a question to the events themselves."""
    window = counter.window
    return UsageWindow(
        counter.customer_id,
        counter.meter,
        FIRST if window is None else window.start,
        LAST if window is None or window.end is None else window.end,
        resource_id=counter.resource_id,
    )


def _plain(counter: CounterWindow) -> dict[str, object]:
    """As the statements take it."""
    meter, window, resource_id = counter.meter, counter.window, counter.resource_id
    return {
        "customer_id": counter.customer_id,
        "feature_id": counter.feature_id,
        "scope": "*" if resource_id is None else f"R{resource_id}",
        "window_start": FIRST if window is None else window.start,
        "window_end": None if window is None else window.end,
        "event_name": meter.event_name,
        "aggregation": meter.aggregation,
        "field": meter.field,
        "filters": usage.asked_filters(meter.filters) if meter.filters else None,
    }


def _number(total: UsageTotal) -> dict[str, object]:
    return {"quantity": total.quantity, "event_count": total.event_count}
