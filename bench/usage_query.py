"""Counting 10 million events: one customer's month, and a month of every customer.

Each beside the plainest query that PostgreSQL answers with the same numbers: no meter, no filter,
the field's sum written out. And a live counter beside a look-up of its row by its key.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg

from bench.figure import Figure, at_most, best
from bench.population import database, settle
from usance.domain.catalog import Aggregation, Meter
from usance.domain.entitlements.windows import Window
from usance.domain.ids import CustomerId, FeatureId
from usance.domain.metering.totals import UsageWindow
from usance.flows.open_environment import open_environment
from usance.flows.runtime import Runtime, Scope
from usance.store import usage, usage_counters
from usance.store.database import Database, Tx
from usance.store.usage_counters import CounterWindow

EVENTS = 10_000_000
CUSTOMERS = 10_000
MONTHS = 4
ONE_GOAL, ALL_GOAL, COUNTER_GOAL = 2, 4, 3
SUM = Meter("api_calls", Aggregation.SUM, "calls")
MARCH = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))

# Straight into the table, as its owner: what is measured is the counting, not the filling.
FILL = """
INSERT INTO usage_events (tenant_id, customer_id, event_name, idempotency_key, occurred_at,
                          received_at, dimensions)
SELECT %(tenant_id)s, 'customer-' || lpad((n %% %(customers)s)::text, 5, '0'), 'api_calls',
       'key-' || n, at, at, jsonb_build_object('calls', n %% 100, 'region', 'eu')
  FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
 CROSS JOIN LATERAL (SELECT timestamptz '2026-01-01 00:00Z'
                          + (n / %(customers)s) * (%(months)s * interval '30 days')
                            / (%(events)s / %(customers)s) AS at) AS moment
"""
PLAIN_ONE = """
SELECT sum((dimensions -> 'calls')::numeric) AS quantity
  FROM usage_events
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = %(customer_id)s
   AND event_name = 'api_calls'
   AND occurred_at >= %(start_at)s
   AND occurred_at < %(end_at)s
"""
PLAIN_ALL = """
SELECT customer_id, sum((dimensions -> 'calls')::numeric) AS quantity
  FROM usage_events
 WHERE tenant_id = %(tenant_id)s
   AND event_name = 'api_calls'
   AND occurred_at >= %(start_at)s
   AND occurred_at < %(end_at)s
 GROUP BY customer_id
"""
PLAIN_COUNTER = """
SELECT quantity
  FROM usage_counters
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = %(customer_id)s
   AND feature_id = 'api-calls'
   AND scope = '*'
   AND window_start = %(start_at)s
   AND window_end = %(end_at)s
"""
MARCHS: dict[str, Any] = {"start_at": MARCH.start, "end_at": MARCH.end}
STEP = 1_000_000


def run() -> Iterator[Figure]:
    """One customer, every customer, and a counter."""
    with database() as opened:
        scope = _filled(opened)
        with opened.transaction(scope.tenant_id) as tx:
            yield _one(tx)
            yield _all(tx)
            yield _counter(tx)


def _one(tx: Tx) -> Figure:
    window = _window(321)
    given = {"customer_id": window.customer_id, **MARCHS}

    def ours() -> object:
        return usage.totals(tx, {"it": window})["it"].quantity

    def plain() -> object:
        return tx.all(PLAIN_ONE, **given)[0].quantity

    assert ours() == plain(), "both count the same"
    value, limit = best(ours, times=25) * 1e3, best(plain, times=25) * 1e3
    note = "one customer and month of 10 million events / a plain sum of the same rows"
    return at_most("usage_query", value=value, limit=limit, goal=ONE_GOAL, unit="ms", note=note)


def _all(tx: Tx) -> Figure:
    windows = {_window(number).customer_id: _window(number) for number in range(CUSTOMERS)}

    def ours() -> dict[str, object]:
        found = usage.totals(tx, windows)
        return {customer: total.quantity for customer, total in found.items()}

    def plain() -> dict[str, object]:
        return {row.customer_id: row.quantity for row in tx.all(PLAIN_ALL, **MARCHS)}

    assert ours() == plain(), "both count the same"
    value, limit = best(ours, times=3) * 1e3, best(plain, times=3) * 1e3
    note = f"one month of {CUSTOMERS:,} customers / one plain GROUP BY"
    return at_most("usage_query_all", value=value, limit=limit, goal=ALL_GOAL, unit="ms", note=note)


def _counter(tx: Tx) -> Figure:
    window = _window(321)
    asked = {"it": CounterWindow(window.customer_id, FeatureId("api-calls"), SUM, MARCH)}
    given = {"customer_id": window.customer_id, **MARCHS}

    def ours() -> object:
        return usage_counters.current(tx, asked)["it"]

    def plain() -> object:
        return tx.all(PLAIN_COUNTER, **given)[0].quantity

    assert ours() == plain(), "both count the same"
    value, limit = best(ours, times=50) * 1e6, best(plain, times=50) * 1e6
    note = "a live counter / its row by its key"
    return at_most(
        "usage_counter", value=value, limit=limit, goal=COUNTER_GOAL, unit="us", note=note
    )


def _window(number: int) -> UsageWindow:
    assert MARCH.end is not None, "a month ends"
    return UsageWindow(CustomerId(f"customer-{number:05}"), SUM, MARCH.start, MARCH.end)


def _filled(opened: Database) -> Scope:
    """A new environment with EVENTS events of CUSTOMERS customers over MONTHS months."""
    runtime, scope = Runtime(opened), Scope(f"bench-{secrets.token_hex(4)}", "bench")
    open_environment(runtime, scope.tenant_id, name="Bench", kind="SANDBOX")
    given = {"events": EVENTS, "customers": CUSTOMERS, "months": MONTHS}
    with psycopg.connect(opened.url, autocommit=True) as connection:
        connection.execute("SELECT set_config('usance.tenant_id', %s, false)", [scope.tenant_id])
        for first in range(0, EVENTS, STEP):
            part = {"tenant_id": scope.tenant_id, "first": first, "last": first + STEP - 1}
            connection.execute(FILL, given | part)
    settle(opened)
    return scope
