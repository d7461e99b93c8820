"""What was only kept for a while is forgotten, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from usance.flows.forget_expired import forget_expired
from usance.flows.runtime import Runtime, Scope
from usance.store.database import Database

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
KEEP = """
INSERT INTO idempotency_keys (tenant_id, key, request_hash, status_code, body, created_at)
VALUES (%(tenant_id)s, %(key)s, %(hash)s, 200, '"{}"', %(at)s)
"""
KEPT = "SELECT key FROM idempotency_keys WHERE tenant_id = %(tenant_id)s ORDER BY key"


def test_answers_older_than_a_day_are_forgotten(database: Database, scope: Scope) -> None:
    runtime = Runtime(database, clock=lambda: NOW)
    with runtime.transaction(scope) as tx:
        for key, hours in (("old", 25), ("young", 23)):
            tx.run(KEEP, key=key, hash=bytes(32), at=NOW - timedelta(hours=hours))
    assert forget_expired(runtime, scope) == 1
    with runtime.transaction(scope) as tx:
        assert [row.key for row in tx.all(KEPT)] == ["young"]
