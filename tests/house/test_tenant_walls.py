"""The walls between tenants: for every table, somebody tries to get across, and cannot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import LiteralString

import pytest
from psycopg import errors, sql

from tests.house.source import HOUSE
from tests.house.test_schema import empty_database
from usance.store.database import Database, Tx
from usance.store.embedded.cluster import Cluster
from usance.store.migrate import migrate

pytestmark = pytest.mark.postgres

SCHEMA = (HOUSE / "store/schema.sql").read_text(encoding="utf-8")
TABLES = re.findall(r"^CREATE TABLE (\w+) \(\n\s+tenant_id ", SCHEMA, re.MULTILINE)
REGISTRY = {"tenants", "api_keys"}  # what a platform transaction may see

COLUMNS = """
SELECT attname AS name, format_type(atttypid, NULL) AS type
  FROM pg_attribute
 WHERE attrelid = %(name)s::regclass
   AND attnum > 0
   AND attnotnull
   AND attidentity = ''
   AND attname <> 'tenant_id'
 ORDER BY attnum
"""
OTHER_CONSTRAINTS = """
SELECT conname AS name
  FROM pg_constraint
 WHERE conrelid = %(name)s::regclass
   AND contype IN ('f', 'c')
"""
SOME = {
    "text": "one",
    "character": "XX",
    "bytea": b"0" * 32,
    "integer": 1,
    "bigint": 1,
    "numeric": 1,
    "boolean": True,
    "json": "{}",
    "jsonb": "{}",
    "date": "2025-01-01",
    "timestamp with time zone": "2025-01-01T00:00:00Z",
    "xid8": "1",
    "daterange": "[2025-01-01,2025-02-01)",
}


@pytest.fixture(scope="module")
def walls(cluster: Cluster) -> Iterator[Database]:
    """A database in which only the walls stand: no foreign key, check or trigger refuses first.

    Every table holds one row, tenant A's.
    """
    with empty_database(cluster) as here:
        url = cluster.url_for(here.info.dbname)
        migrate(url)
        for table in TABLES:
            name = sql.Identifier(table)
            here.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
            for one in here.execute(OTHER_CONSTRAINTS, {"name": table}).fetchall():
                drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {} CASCADE")
                here.execute(drop.format(name, sql.Identifier(one.name)))
        database = Database(url)
        for table in TABLES:
            with database.transaction("A") as tx:
                insert(tx, table, tenant_id="A")
        yield database
        database.close()


def insert(tx: Tx, table: str, *, tenant_id: str) -> None:
    """A row with something in every column that must have something."""
    columns = tx.all(COLUMNS, name=table)
    names = ["tenant_id", *(one.name for one in columns)]
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join([sql.Placeholder()] * len(names)),
    )
    tx.connection.execute(statement, [tenant_id, *(SOME[one.type] for one in columns)])


def touched(tx: Tx, statement: LiteralString, table: str) -> int:
    """How many rows of that table a statement reads, changes or deletes."""
    composed = sql.SQL(statement).format(sql.Identifier(table))
    return tx.connection.execute(composed).rowcount


def test_every_table_of_ours_has_a_tenant_and_its_wall(walls: Database) -> None:
    with walls.transaction("A") as tx:
        found = tx.all("""
            SELECT relname AS name, relrowsecurity AND relforcerowsecurity AS is_walled
              FROM pg_class
             WHERE relnamespace = 'public'::regnamespace
               AND relkind IN ('r', 'p')
               AND relname !~ '^(procrastinate_|schema_migrations)'
        """)
    assert {one.name for one in found} == set(TABLES), "begin each table with its tenant_id"
    assert {one.name for one in found if not one.is_walled} == set(), (
        "after CREATE TABLE: ENABLE and FORCE ROW LEVEL SECURITY, and the policy one_tenant"
    )


def test_the_tenant_comes_first_in_every_key(walls: Database) -> None:
    with walls.transaction("A") as tx:
        keys = tx.all("""
            SELECT conrelid::regclass::text AS name, conname, contype, attname AS first
              FROM pg_constraint
              JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
             WHERE connamespace = 'public'::regnamespace
               AND contype IN ('p', 'u')
               AND conrelid::regclass::text !~ '^(procrastinate_|schema_migrations)'
        """)
    others = {(one.name, one.conname) for one in keys if one.first != "tenant_id"}
    assert others == {("api_keys", "api_keys_key_hash_key")}, "a key is looked up before its tenant"


@pytest.mark.parametrize("table", TABLES)
def test_a_tenant_sees_its_own_row(walls: Database, table: str) -> None:
    with walls.transaction("A") as tx:
        assert touched(tx, "SELECT FROM {}", table) == 1


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    ["SELECT FROM {}", "UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}"],
    ids=["read", "changed", "deleted"],
)
def test_no_row_of_another_tenant_can_be(
    walls: Database, statement: LiteralString, table: str
) -> None:
    for stranger in ("B", "", "%", "A' OR 'A' = 'A"):
        with walls.transaction(stranger) as tx:
            assert touched(tx, statement, table) == 0


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_written_for_another_tenant(walls: Database, table: str) -> None:
    with (
        pytest.raises(errors.InsufficientPrivilege, match="row-level security"),
        walls.transaction("B") as tx,
    ):
        insert(tx, table, tenant_id="A")


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_given_to_another_tenant(walls: Database, table: str) -> None:
    with (
        pytest.raises(errors.InsufficientPrivilege, match="row-level security"),
        walls.transaction("A") as tx,
    ):
        touched(tx, "UPDATE {} SET tenant_id = 'B'", table)


@pytest.mark.parametrize("table", TABLES)
def test_a_platform_transaction_sees_the_registry_only(walls: Database, table: str) -> None:
    with walls.platform() as tx:
        assert touched(tx, "SELECT FROM {}", table) == (1 if table in REGISTRY else 0)
