"""The schema: schema.sql and the migrations lead to the same tables, behind the same walls."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg import Connection, sql

from tests.house.source import HOUSE
from usance.store.database import Row, one_connection
from usance.store.embedded.cluster import Cluster
from usance.store.migrate import migrate

pytestmark = pytest.mark.postgres

SCHEMA = HOUSE / "store/schema.sql"
MIGRATIONS = HOUSE / "store/migrations"

TYPE_OF = {"_minor": "bigint", "_at": "timestamp with time zone", "_on": "date", "_id": "text"}

# Everything of ours: not the history of migrations, the queue library's, or an extension's.
CATALOGUE = """
WITH ours AS (
    SELECT oid, relname AS name, relkind, relrowsecurity, relforcerowsecurity
      FROM pg_class
     WHERE relnamespace = 'public'::regnamespace
       AND relname !~ 'procrastinate|^schema_migrations'
), our_functions AS (
    SELECT oid, proname AS name
      FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace
       AND proname !~ '^procrastinate'
       AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
)
SELECT 'table ' || name AS what,
       concat_ws(' ', relkind, relrowsecurity, relforcerowsecurity) AS how
  FROM ours
 UNION ALL
SELECT concat('column ', name, '.', attname),
       concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
                 pg_get_expr(adbin, adrelid), col_description(attrelid, attnum))
  FROM ours
  JOIN pg_attribute ON attrelid = ours.oid AND attnum > 0 AND NOT attisdropped
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
 WHERE relkind IN ('r', 'p', 'v', 'm')
 UNION ALL
SELECT concat('constraint ', name, '.', conname), pg_get_constraintdef(pg_constraint.oid)
  FROM ours
  JOIN pg_constraint ON conrelid = ours.oid
 UNION ALL
SELECT 'index ' || name, pg_get_indexdef(oid) FROM ours WHERE relkind IN ('i', 'I')
 UNION ALL
SELECT 'view ' || name, pg_get_viewdef(oid) FROM ours WHERE relkind IN ('v', 'm')
 UNION ALL
SELECT concat('trigger ', name, '.', tgname), pg_get_triggerdef(pg_trigger.oid)
  FROM ours
  JOIN pg_trigger ON tgrelid = ours.oid AND NOT tgisinternal
 UNION ALL
SELECT concat('policy ', name, '.', polname),
       concat_ws(' ', polcmd, polpermissive, polroles::text, pg_get_expr(polqual, polrelid),
                 pg_get_expr(polwithcheck, polrelid))
  FROM ours
  JOIN pg_policy ON polrelid = ours.oid
 UNION ALL
SELECT format('function %s(%s)', name, pg_get_function_identity_arguments(oid)),
       pg_get_functiondef(oid)
  FROM our_functions
 UNION ALL
SELECT 'extension ' || extname, '' FROM pg_extension
"""

# DROP DATABASE waits for an autovacuum worker to give way, but with FORCE it would try to end it
# itself, which only a superuser may.
CUT_OFF = """
SELECT pg_terminate_backend(pid)
  FROM pg_stat_activity
 WHERE datname = %s
   AND backend_type = 'client backend'
"""


@contextmanager
def empty_database(cluster: Cluster) -> Iterator[Connection[Row]]:
    """A database with nothing in it, while this lasts."""
    name = f"house_{secrets.token_hex(4)}"
    with one_connection(cluster.url) as there:
        there.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        with one_connection(cluster.url_for(name)) as here:
            yield here
        there.execute(CUT_OFF, [name])
        there.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def catalogue(connection: Connection[Row]) -> dict[str, str]:
    """Everything of ours in a database, as PostgreSQL writes it."""
    return {row.what: row.how for row in connection.execute(CATALOGUE)}


def test_the_migrations_lead_to_schema_sql(cluster: Cluster) -> None:
    with (
        empty_database(cluster) as by_schema,
        empty_database(cluster) as by_migrations,
    ):
        by_schema.execute(SCHEMA.read_bytes())
        migrate(cluster.url_for(by_migrations.info.dbname))
        truth, reached = catalogue(by_schema), catalogue(by_migrations)
    assert len(truth) > 300, "the catalogue sees the tables"
    apart = {what for what in truth.keys() | reached.keys() if truth.get(what) != reached.get(what)}
    if apart:
        both = (f"{what}:\n  {truth.get(what)}\n  {reached.get(what)}" for what in sorted(apart))
        pytest.fail(
            f"Write a migration that leads to schema.sql. They differ in\n{chr(10).join(both)}"
        )


def test_a_difference_between_two_databases_is_seen(cluster: Cluster) -> None:
    with empty_database(cluster) as here:
        here.execute(SCHEMA.read_bytes())
        truth = catalogue(here)
        here.execute("ALTER TABLE customers ADD CONSTRAINT has_a_name CHECK (name <> '')")
        here.execute("ALTER TABLE customers NO FORCE ROW LEVEL SECURITY")
        apart = {what for what, how in catalogue(here).items() if truth.get(what) != how}
    assert apart == {"constraint customers.has_a_name", "table customers"}


def test_the_name_of_a_column_says_its_type(cluster: Cluster) -> None:
    with empty_database(cluster) as here:
        here.execute(SCHEMA.read_bytes())
        found = catalogue(here)
    columns = {what: how for what, how in found.items() if what.startswith("column ")}
    for ending, type_of in TYPE_OF.items():
        wrong = [
            what
            for what, how in columns.items()
            if what.endswith(ending) and not how.startswith(type_of)
        ]
        assert not wrong, f"a column that ends in {ending} is {type_of}"


def test_no_business_column_knows_the_time() -> None:
    assert "DEFAULT now()" not in SCHEMA.read_text(encoding="utf-8"), (
        "the clock of an environment may have been moved: pass the instant in"
    )


def test_migrations_are_numbered_without_gaps() -> None:
    numbers = [path.name[:5] for path in migration_files()]
    assert numbers == [f"{number:04}_" for number in range(1, len(numbers) + 1)]


def migration_files() -> list[Path]:
    return sorted(MIGRATIONS.glob("*.sql"))
