"""What jobs leave behind for a test to look at: runs (each one) and effects (unique)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from usance.store.database import Database, one_connection

CREATE = """
CREATE TABLE runs (
    tenant_id  text NOT NULL,
    key        text NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE effects (tenant_id text, key text, PRIMARY KEY (tenant_id, key));
"""
PATIENCE = 60  # seconds: the machine may be busy


def make_tables(database: Database) -> None:
    """The two tables; they are no tenant's."""
    with one_connection(database.url) as connection:
        connection.execute(CREATE)


def trace_run(database: Database, tenant_id: str, key: str) -> None:
    """One run, kept whatever becomes of it."""
    with one_connection(database.url) as connection:
        connection.execute("INSERT INTO runs (tenant_id, key) VALUES (%s, %s)", [tenant_id, key])


def runs_of(database: Database, key: str) -> list[datetime]:
    """When the runs of `key` were begun."""
    with one_connection(database.url) as connection:
        rows = connection.execute("SELECT at FROM runs WHERE key = %s ORDER BY at", [key])
        return [row.at for row in rows]


def run_keys(database: Database) -> list[str]:
    """The key of each run."""
    with one_connection(database.url) as connection:
        return [row.key for row in connection.execute("SELECT key FROM runs ORDER BY key")]


def effects(database: Database) -> list[tuple[str, str]]:
    """The tenant and the key of each effect."""
    with one_connection(database.url) as connection:
        rows = connection.execute("SELECT tenant_id, key FROM effects ORDER BY key")
        return [(row.tenant_id, row.key) for row in rows]


def job_states(database: Database) -> list[str]:
    """The state of each job in the queue; what was done is no longer in it."""
    with one_connection(database.url) as connection:
        rows = connection.execute("SELECT status FROM procrastinate_jobs ORDER BY id")
        return [row.status for row in rows]


def wait_for(what: Callable[[], object]) -> None:
    """Return when it is so; fail when it never comes."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
