"""The queue's tables: made and kept up to date by the queue library's own scripts.

The tables, types and functions named procrastinate_* belong to the library. They are not in
schema.sql, have no tenant_id column and no row-level security: a worker serves every tenant. What
a tenant's code may do with them is in store/jobs.py, and there the tenant is always named.
"""

from __future__ import annotations

from pathlib import Path
from typing import LiteralString

from procrastinate.schema import SchemaManager
from psycopg import Connection

from usance.store.database import Row

CREATE_HISTORY = """
CREATE TABLE IF NOT EXISTS procrastinate_migrations (
    name        text        PRIMARY KEY,
    applied_at  timestamptz NOT NULL DEFAULT now()
)
"""
KNOWN = "SELECT name FROM procrastinate_migrations"
REMEMBER = "INSERT INTO procrastinate_migrations (name) VALUES (%s)"


def bring_queue_up_to_date(connection: Connection[Row]) -> None:
    """Make the queue's tables, or bring them to the installed library's version.

    A new database takes the library's whole schema at once and remembers the scripts that led to
    it, so that a later version runs only its own. The caller holds the migration lock.
    """
    connection.execute(CREATE_HISTORY)
    done = {row.name for row in connection.execute(KNOWN)}
    missing = [name for name in script_names() if name not in done]
    if not done:
        with connection.transaction():
            connection.execute(SchemaManager.get_schema())
            for name in missing:
                connection.execute(REMEMBER, [name])
        return
    for name in missing:
        with connection.transaction():
            connection.execute(script(name))
            connection.execute(REMEMBER, [name])


def script_names() -> list[str]:
    """The library's upgrade scripts, oldest first: their names begin with its version."""
    return sorted(path.name for path in Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def script(name: str) -> LiteralString:
    """The text of one upgrade script."""
    path = Path(SchemaManager.get_migrations_path()) / name
    return path.read_text(encoding="utf-8")
