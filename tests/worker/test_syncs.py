"""Connections are synced by a worker, without being asked for."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.connections.other_side import instant, other_side
from tests.worker.kinds import FAST
from tests.worker.traces import job_states
from usance.domain.connections.connection import Connection
from usance.domain.ids import ConnectionId
from usance.flows.connect_usage import connect_usage
from usance.flows.runtime import Runtime, Scope
from usance.flows.update_connection import update_connection
from usance.store import connections
from usance.store.connections import KeptConnection
from usance.store.database import Database
from usance.worker.loop import work
from usance.worker.periodic import ask_for_syncs

STIGG = ConnectionId("stigg")
EVENTS = "SELECT customer_id FROM usage_events WHERE tenant_id = %(tenant_id)s"


def connect(queue: Database, acme: Scope, url: str) -> Connection:
    """A connection that has counted since 2025."""
    connection = Connection(id=STIGG, url=url, since=instant("2025-01-01"))
    connect_usage(Runtime(queue), acme, connection, key="server-key")
    return connection


def synced(queue: Database, acme: Scope) -> KeptConnection:
    """The connection after a round of work, and nothing left to do."""
    ask_for_syncs(Runtime(queue))
    work(Runtime(queue), until_idle=True, pace=FAST)
    assert job_states(queue) == []
    with queue.transaction(acme.tenant_id) as tx:
        return connections.one(tx, STIGG)


def customers(queue: Database, acme: Scope) -> list[str]:
    """Whose events there are."""
    with queue.transaction(acme.tenant_id) as tx:
        return [row.customer_id for row in tx.all(EVENTS)]


def test_a_round_of_work_brings_in_what_was_used(queue: Database, acme: Scope) -> None:
    with other_side() as there:
        connect(queue, acme, there.url)
        there.uses(f"{datetime.now(UTC):%Y-%m}-01T00:00", 5)
        kept = synced(queue, acme)
        assert kept.failure is None
        assert kept.synced_at is not None
        assert customers(queue, acme) == ["acme"]
        asked = len(there.histories)
        synced(queue, acme)
        assert len(there.histories) == asked, "what was read minutes ago is not read again"


def test_a_connection_that_waits_for_its_sync_gets_no_second_one(
    queue: Database, acme: Scope
) -> None:
    connect(queue, acme, "http://127.0.0.1:1")
    ask_for_syncs(Runtime(queue))
    ask_for_syncs(Runtime(queue))
    assert job_states(queue) == ["todo"]


def test_an_outage_fails_no_job_and_stands_with_the_connection(
    queue: Database, acme: Scope
) -> None:
    connect(queue, acme, "http://127.0.0.1:1")
    kept = synced(queue, acme)
    assert kept.failure == "The connected system did not answer: ConnectError"
    assert kept.synced_at is None


def test_a_paused_connection_rests(queue: Database, acme: Scope) -> None:
    with other_side() as there:
        connection = connect(queue, acme, there.url)
        paused = Connection(id=STIGG, url=connection.url, since=connection.since, is_enabled=False)
        update_connection(Runtime(queue), acme, paused)
        assert synced(queue, acme).tried_at is None
        assert there.played.asked == []
