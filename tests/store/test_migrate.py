"""Migrations: once each, whoever asks; refused where the server cannot hold Usance."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import errors

from tests.conftest import new_sandbox
from tests.house.test_schema import catalogue, empty_database
from tests.store.servers import server_that_says, superuser_cluster
from tests.stories.world import World
from usance.flows.runtime import Runtime, Scope
from usance.store.database import APP_ROLE, Database, DatabaseUnusable, one_connection
from usance.store.embedded.cluster import Cluster
from usance.store.migrate import migrate, migration_names

pytestmark = pytest.mark.postgres

MIGRATE = "import sys; from usance.store.migrate import migrate; print(*migrate(sys.argv[1]))"


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    with empty_database(cluster) as here:
        yield cluster.url_for(here.info.dbname)


def test_a_second_migration_changes_nothing(empty: str) -> None:
    assert migrate(empty) == migration_names()
    with one_connection(empty) as here:
        before = catalogue(here)
        assert migrate(empty) == []
        assert catalogue(here) == before
        applied = [row.name for row in here.execute("SELECT name FROM schema_migrations")]
    assert sorted(applied) == migration_names()


@pytest.mark.slow
def test_four_processes_that_migrate_at_once_apply_each_migration_once(empty: str) -> None:
    command = [sys.executable, "-W", "error", "-c", MIGRATE, empty]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [process.communicate(timeout=60)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(said) == [[], [], [], migration_names()]


def test_a_server_that_is_too_old_is_refused_before_anything_is_changed(empty: str) -> None:
    with (
        server_that_says("14.9", empty) as older,
        pytest.raises(DatabaseUnusable, match="is PostgreSQL 14; Usance needs 15 or newer"),
    ):
        migrate(older)
    with one_connection(empty) as here:
        assert [what for what in catalogue(here) if what.startswith("table ")] == []


def test_the_oldest_server_that_will_do_is_taken(empty: str) -> None:
    with server_that_says("15.0", empty) as older:
        assert migrate(older) == migration_names()


@pytest.fixture
def superuser(empty_home: Path) -> Iterator[Cluster]:
    """A server whose login row-level security does not hold."""
    with superuser_cluster(empty_home) as cluster:
        yield cluster


@pytest.mark.slow
def test_a_superusers_login_holds_to_one_tenant_all_the_same(superuser: Cluster) -> None:
    migrate(superuser.url)
    database = Database(superuser.url)
    try:
        ours, theirs = new_sandbox(database), new_sandbox(database)
        World(Runtime(database), ours).open().sign("""
            1 months from 2025-01-01, as c1
            Platform 1.00 USD, monthly in advance
        """)
        _assert_walled(database, ours, theirs)
    finally:
        database.close()
    _assert_unusable_without_btree_gist(superuser)


def _assert_walled(database: Database, ours: Scope, theirs: Scope) -> None:
    with database.transaction(theirs.tenant_id) as tx:
        row = tx.connection.execute("SELECT current_user AS name").fetchone()
        assert row is not None
        assert row.name == APP_ROLE
        assert tx.connection.execute("SELECT FROM contracts").rowcount == 0
        assert tx.connection.execute("DELETE FROM orders").rowcount == 0
    with (
        pytest.raises(errors.InsufficientPrivilege, match="row-level security"),
        database.transaction(theirs.tenant_id) as tx,
    ):
        tx.connection.execute(
            "INSERT INTO audit_log (tenant_id, at, actor, action, subject_id) "
            "VALUES (%s, now(), 'x', 'x', 'x')",
            [ours.tenant_id],
        )
    with database.transaction(ours.tenant_id) as tx:
        assert tx.connection.execute("SELECT FROM contracts").rowcount == 1


def _assert_unusable_without_btree_gist(superuser: Cluster) -> None:
    """A server without PostgreSQL's contrib package: its extensions are nowhere to be found."""
    name = f"bare_{secrets.token_hex(4)}"
    with one_connection(superuser.url) as there:
        there.execute(f"CREATE DATABASE {name}".encode())
        there.execute(f"ALTER DATABASE {name} SET extension_control_path = '/nowhere'".encode())
    with pytest.raises(DatabaseUnusable, match="lacks the extension btree_gist"):
        migrate(superuser.url_for(name))
    with one_connection(superuser.url_for(name)) as here:
        assert [what for what in catalogue(here) if what.startswith("table ")] == []
