"""Receipts in PostgreSQL: a page of events costs a page, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

import pytest

from tests.domain.usage_values import at, event
from tests.store.test_usage import undone
from usance.flows.runtime import Scope
from usance.store import usage_events
from usance.store import usage_receipts as store
from usance.store.database import Database, Tx
from usance.store.usage_receipts import EventsAsked

MANY = 5_000


@pytest.fixture
def busy(database: Database, scope: Scope) -> Iterator[Tx]:
    """Acme called 5,000 times, ten times an instant."""
    with undone(database, scope) as tx:
        calls = [event(f"k{index}", hours=index // 10 - 600) for index in range(MANY)]
        for start in range(0, MANY, 1000):
            usage_events.append(tx, calls[start : start + 1000], received_at=at(48))
        tx.connection.execute("ANALYZE usage_events")
        yield tx


@pytest.mark.parametrize("order", [store.OLDEST_FIRST, store.NEWEST_FIRST])
def test_a_page_is_read_from_where_it_begins(busy: Tx, order: LiteralString) -> None:
    rows = busy.all(
        "EXPLAIN " + store.KEPT + store.WITHIN + order,
        customer_id="acme",
        event_name="call",
        start_at=at(-600),
        end_at=at(0),
        filters=None,
        place_at=at(-300),
        place="",
        limit=20,
    )
    plan = "\n".join(row[0] for row in rows)
    assert "usage_events_by_window" in plan, plan
    assert "Seq Scan on usage_events" not in plan, plan
    assert "Incremental Sort" in plan, plan  # which stops with the page


def test_the_pages_hold_every_event_once(busy: Tx) -> None:
    asked = EventsAsked(customer_id="acme", event_name="call")
    found: list[str] = []
    after = None
    while part := store.page(busy, asked, after=after, limit=1000):
        found += [each.kept.received.event.idempotency_key for _, each in part]
        after = part[-1][0]
    assert sorted(found) == sorted(f"k{index}" for index in range(MANY))
