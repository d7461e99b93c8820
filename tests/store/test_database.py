"""One transaction of one tenant: all of it or nothing, and nobody else's rows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import LiteralString

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.errors import UniqueViolation

from usance.domain.errors import NotFound
from usance.flows.runtime import Scope
from usance.store.database import Database, Tx

pytestmark = pytest.mark.postgres

AT = datetime(2025, 1, 1, tzinfo=UTC)
COUNT = "SELECT count(*) AS count FROM customers"  # the wall alone keeps others out here
ONE = "SELECT id FROM customers WHERE tenant_id = %(tenant_id)s AND id = %(id)s"
COLUMNS: tuple[LiteralString, ...] = ("id", "name", "particulars", "created_at", "updated_at")


def add(tx: Tx, *ids: str) -> None:
    """Customers of those ids."""
    tx.append_rows("customers", COLUMNS, [(each, each, {"né": "'\\\""}, AT, AT) for each in ids])


@given(st.lists(st.none() | st.text(st.characters(exclude_characters="\0", codec="utf-8"))))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_list_of_texts_arrives_as_it_was(
    database: Database, scope: Scope, texts: list[str | None]
) -> None:
    with database.transaction(scope.tenant_id) as tx:
        assert tx.all("SELECT %(texts)s::text[] AS texts", texts=texts)[0].texts == texts


def test_a_list_of_days_arrives_as_it_was(database: Database, scope: Scope) -> None:
    days = [date(1970, 1, 1), None, date(2199, 12, 31)]
    with database.transaction(scope.tenant_id) as tx:
        assert tx.all("SELECT %(days)s::date[] AS days", days=days)[0].days == days


def count(database: Database, tenant_id: str) -> int:
    """How many customers a transaction of that tenant sees."""
    with database.transaction(tenant_id) as tx:
        return int(tx.all(COUNT)[0].count)


def test_what_is_written_is_there_for_its_tenant_only(
    database: Database, scope: Scope, other_scope: Scope
) -> None:
    with database.transaction(scope.tenant_id) as tx:
        add(tx, "a", "b")
    assert count(database, scope.tenant_id) == 2
    assert count(database, other_scope.tenant_id) == 0


def test_an_exception_undoes_all_of_it(database: Database, scope: Scope) -> None:
    def fail() -> None:
        with database.transaction(scope.tenant_id) as tx:
            add(tx, "a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert count(database, scope.tenant_id) == 0


def test_statements_of_a_pipeline_are_all_done_at_its_end(database: Database, scope: Scope) -> None:
    with database.transaction(scope.tenant_id) as tx:
        with tx.pipeline():
            add(tx, "a", "b")
            assert tx.all(COUNT)[0].count == 2, "who reads waits for what was sent before"
            add(tx, "c")
        assert tx.all(COUNT)[0].count == 3
    assert count(database, scope.tenant_id) == 3


def test_what_a_statement_of_a_pipeline_raises_comes_at_its_end_and_undoes_all(
    database: Database, scope: Scope
) -> None:
    def twice() -> None:
        with database.transaction(scope.tenant_id) as tx, tx.pipeline():
            add(tx, "a")
            add(tx, "a")

    with pytest.raises(UniqueViolation):
        twice()
    assert count(database, scope.tenant_id) == 0


def test_a_connection_forgets_its_tenant_when_the_transaction_ends(
    database: Database, scope: Scope
) -> None:
    with database.transaction(scope.tenant_id) as tx:
        add(tx, "a")
    with database.platform() as tx:
        assert tx.all(COUNT)[0].count == 0
    assert count(database, "") == 0


def test_what_is_not_there_is_named(database: Database, scope: Scope) -> None:
    with (
        database.transaction(scope.tenant_id) as tx,
        pytest.raises(NotFound, match="There is no customer 'nobody'"),
    ):
        tx.one(ONE, kind="customer", ref="nobody", id="nobody")


def test_rows_come_back_as_they_were_written(database: Database, scope: Scope) -> None:
    with database.transaction(scope.tenant_id) as tx:
        add(tx, "naïve; DROP TABLE customers --")
        (row,) = tx.all("SELECT * FROM customers WHERE tenant_id = %(tenant_id)s")
    assert row.id == row.name == "naïve; DROP TABLE customers --"
    assert row.particulars == {"né": "'\\\""}
    assert row.created_at == AT


def test_no_rows_are_no_work(database: Database, scope: Scope) -> None:
    with database.transaction(scope.tenant_id) as tx:
        add(tx)
    assert count(database, scope.tenant_id) == 0
