"""Migrations: numbered SQL files, each applied once, in order, under an advisory lock.

The queue library's tables are brought up to date under the same lock, by its own scripts.
"""

from __future__ import annotations

from contextlib import suppress
from importlib.resources import files

from psycopg import Connection, errors, sql

from usance.store.database import APP_ROLE, DatabaseUnusable, Row, one_connection
from usance.store.queue_schema import bring_queue_up_to_date

OLDEST_SERVER = 150000
LOCK = 0x0005_7A4C_E000  # any number, as long as every Usance takes the same

CREATE_HISTORY = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name        text        PRIMARY KEY,
    applied_at  timestamptz NOT NULL DEFAULT now()
)
"""
ROLE_STATE = """
SELECT rolsuper OR rolbypassrls AS bypasses,
       EXISTS (SELECT FROM pg_roles WHERE rolname = %(role)s) AS app_role_exists
  FROM pg_roles
 WHERE rolname = current_user
"""


def migrate(url: str) -> list[str]:
    """Bring the database up to date; the names of the migrations applied now, possibly none.

    Safe to call from many processes at once. Raises DatabaseUnusable, before anything is changed,
    when the server is too old or lacks btree_gist.
    """
    with one_connection(url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            _refuse_unusable(connection)
            applied = _apply_missing(connection)
            bring_queue_up_to_date(connection)
            _let_app_role_in(connection)
            return applied
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _refuse_unusable(connection: Connection[Row]) -> None:
    version = connection.info.server_version
    if version < OLDEST_SERVER:
        raise DatabaseUnusable(
            f"The server is PostgreSQL {version // 10000}; Usance needs 15 or newer. "
            "Point USANCE_DATABASE_URL to a newer server, or unset it for the embedded one."
        )
    found = connection.execute(
        "SELECT name FROM pg_available_extensions WHERE name = 'btree_gist'"
    ).fetchone()
    if found is None:
        raise DatabaseUnusable(
            "The server lacks the extension btree_gist, which refuses to bill a day twice. "
            "Install PostgreSQL's contrib package (postgresql-contrib) on the server."
        )


def _apply_missing(connection: Connection[Row]) -> list[str]:
    connection.execute(CREATE_HISTORY)
    done = {row.name for row in connection.execute("SELECT name FROM schema_migrations")}
    names = [name for name in migration_names() if name not in done]
    for name in names:
        script = _script(name)
        with connection.transaction():
            connection.execute(script)
            connection.execute("INSERT INTO schema_migrations (name) VALUES (%s)", [name])
    return names


def migration_names() -> list[str]:
    """All migrations this version knows, oldest first."""
    folder = files("usance.store") / "migrations"
    return sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))


def _script(name: str) -> str:
    return (files("usance.store") / "migrations" / name).read_text(encoding="utf-8")


def _let_app_role_in(connection: Connection[Row]) -> None:
    """Where the login bypasses row-level security, its sessions act as a role that does not."""
    state = connection.execute(ROLE_STATE, {"role": APP_ROLE}).fetchone()
    if state is None or not state.bypasses:
        return
    role = sql.Identifier(APP_ROLE)
    if not state.app_role_exists:
        with suppress(errors.DuplicateObject, errors.UniqueViolation):  # another database was first
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
    grants = (
        "GRANT USAGE ON SCHEMA public TO {}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {}",
    )
    for grant in grants:
        connection.execute(sql.SQL(grant).format(role))
