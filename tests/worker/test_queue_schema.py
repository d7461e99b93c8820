"""The queue's tables: made once, and brought from an older version of the library to ours."""

from __future__ import annotations

import secrets

import pytest
from psycopg import sql

from tests.conftest import new_sandbox
from tests.worker.kinds import FAST, KINDS
from tests.worker.traces import effects, make_tables
from usance.flows.runtime import Runtime
from usance.store import jobs
from usance.store.database import Database, one_connection
from usance.store.embedded.cluster import Cluster
from usance.store.migrate import migrate
from usance.store.queue_schema import CREATE_HISTORY, KNOWN, REMEMBER, script, script_names
from usance.worker.loop import work

OLDER_VERSION = "03.02"
FUNCTIONS = """
SELECT proname || '(' || pg_get_function_identity_arguments(oid) || ')' AS signature
  FROM pg_proc
 WHERE proname LIKE 'procrastinate%'
 ORDER BY 1
"""


@pytest.fixture
def empty_url(cluster: Cluster) -> str:
    """A database with nothing in it."""
    name = f"empty_{secrets.token_hex(4)}"
    with one_connection(cluster.url) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return cluster.url_for(name)


def signatures(url: str) -> list[str]:
    with one_connection(url) as connection:
        return [row.signature for row in connection.execute(FUNCTIONS)]


def test_a_migrated_database_remembers_every_script_of_the_library(own_database: Database) -> None:
    migrate(own_database.url)
    with one_connection(own_database.url) as connection:
        assert sorted(row.name for row in connection.execute(KNOWN)) == script_names()


def test_a_queue_of_an_older_library_is_brought_up_to_date_and_works(
    empty_url: str, own_database: Database
) -> None:
    with one_connection(empty_url) as connection:
        connection.execute(CREATE_HISTORY)
        for name in script_names():
            if name < OLDER_VERSION + ".99":
                connection.execute(script(name))
                connection.execute(REMEMBER, [name])
    assert signatures(empty_url) != signatures(own_database.url)

    migrate(empty_url)

    assert signatures(empty_url) == signatures(own_database.url)
    database = Database(empty_url)
    make_tables(database)
    acme = new_sandbox(database)
    with database.transaction(acme.tenant_id) as tx:
        jobs.enqueue(tx, "save", key="a")
    work(Runtime(database), until_idle=True, handlers=KINDS, pace=FAST)
    assert effects(database) == [(acme.tenant_id, "a")]
    database.close()
