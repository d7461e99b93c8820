"""What every test may ask for."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg import sql

from tests.store.embedded_homes import wait_until_stopped
from usance.flows.runtime import Runtime, Scope, new_id, world_clock
from usance.store import tenants
from usance.store.database import Database, one_connection
from usance.store.embedded.cluster import Cluster, attach
from usance.store.migrate import migrate


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One throw-away PostgreSQL for the whole test run, shared by all xdist workers.

    It is deleted when the last worker leaves.
    """
    base = tmp_path_factory.getbasetemp()
    is_worker = base.name.startswith("popen-")
    with attach((base.parent if is_worker else base) / "usance-pg", durable=False) as cluster:
        yield cluster


@pytest.fixture
def empty_home() -> Iterator[Path]:
    """A home for a PostgreSQL of the test's own, not made yet; removed when its server stopped.

    Others may enter the folder around it, as they may enter /home; `tmp_path` is closed to them.
    """
    folder = Path(tempfile.mkdtemp(prefix="usance-test-"))
    folder.chmod(0o755)
    yield folder / "home"
    wait_until_stopped(folder / "home")
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def template_database(cluster: Cluster) -> str:
    """The name of a migrated database to copy; nobody may stay connected to it."""
    name = f"template_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with one_connection(cluster.url) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    migrate(cluster.url_for(name))
    return name


@pytest.fixture(scope="session")
def database(cluster: Cluster, template_database: str) -> Iterator[Database]:
    """The database all tests of a worker share, each with a tenant (`scope`) of its own."""
    with _copy_of(template_database, cluster) as database:
        yield database


@pytest.fixture
def own_database(cluster: Cluster, template_database: str) -> Iterator[Database]:
    """A migrated database of the test's own, for those that look across tenants."""
    with _copy_of(template_database, cluster) as database:
        yield database


@pytest.fixture
def runtime(database: Database) -> Runtime:
    """The outside: the shared database, the world's clock, random ids."""
    return Runtime(database)


@pytest.fixture
def scope(database: Database) -> Scope:
    """A new sandbox, with nothing in it."""
    return new_sandbox(database)


@pytest.fixture
def other_scope(database: Database) -> Scope:
    """Somebody else's new sandbox in the same database."""
    return new_sandbox(database)


def new_sandbox(database: Database) -> Scope:
    """A new sandbox in that database, and a test acting in it."""
    tenant_id = new_id("env")
    secret = secrets.token_bytes(32)
    with database.platform() as tx:
        at = world_clock()
        tenants.add(tx, tenant_id, name="Test", kind="SANDBOX", link_secret=secret, at=at)
    return Scope(tenant_id, "test")


@contextmanager
def _copy_of(template: str, cluster: Cluster) -> Iterator[Database]:
    name = f"{template}_{secrets.token_hex(4)}"
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    with one_connection(cluster.url) as connection:
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    database = Database(cluster.url_for(name))
    yield database
    database.close()
