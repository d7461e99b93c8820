"""The billing run: 10,000 contracts due at one instant, against what no run could avoid.

A third of them was billed before and amended since, has a commitment and a buyer abroad.

Unavoidable are the drafting itself, on values already read, and the rows themselves, streamed by
COPY into the same tables with all their constraints; taking away what was billed before and is
given back is not counted in. Two workers are measured against one, and the peak memory of a run of
10,000 against one of 1,000.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from bench.figure import Figure, at_least, at_most, seconds
from bench.population import BILL_ON, database, give_history, populate
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.difference import Standing
from usance.domain.contracts.owed import Due, due
from usance.domain.contracts.schedule import looked_at_from
from usance.domain.customer import Customer
from usance.domain.ids import CustomerId
from usance.flows.run_billing import BATCH, run_billing
from usance.flows.runtime import Runtime, Scope
from usance.store import contracts, coverage, desk, outbox
from usance.store.coverage import GIVEN_COLUMNS, SLICE_COLUMNS
from usance.store.database import Database, Tx
from usance.store.invoice_rows import INVOICE_COLUMNS, LINE_COLUMNS, TAX_COLUMNS

COUNT = 10_000
TABLES = {  # in the order of their foreign keys, each with the columns a run writes
    "invoices": " ".join(("tenant_id", *INVOICE_COLUMNS)),
    "invoice_lines": " ".join(("tenant_id", *LINE_COLUMNS)),
    "invoice_taxes": " ".join(("tenant_id", *TAX_COLUMNS)),
    "billed_slices": " ".join(("tenant_id", *SLICE_COLUMNS)),
    "given_back": " ".join(("tenant_id", *GIVEN_COLUMNS)),
    "outbox": " ".join(("tenant_id", *outbox.COLUMNS)),
}
DOCUMENT = {"invoices": "id", "outbox": "subject_id"}
OF_THE_RUN: LiteralString = """
COPY (SELECT {names} FROM {table}
       WHERE tenant_id = {tenant_id}
         AND ({document} IN (SELECT id FROM invoices
                              WHERE tenant_id = {tenant_id} AND bill_on = {bill_on})
              OR {line} IN (SELECT contract_line_id FROM given_back
                             WHERE tenant_id = {tenant_id})))
  TO STDOUT
"""
TAKE_AWAY: LiteralString = """
DELETE FROM billed_slices
 WHERE tenant_id = %(elsewhere)s
   AND contract_line_id IN (SELECT contract_line_id FROM given_back WHERE tenant_id = %(here)s)
"""
OWING = """
SELECT id, next_due_on
  FROM contracts
 WHERE tenant_id = %(tenant_id)s AND next_due_on IS NOT NULL
 ORDER BY id
"""
RUN_GOAL = 1.5
WORKERS_GOAL = 1.6
MEMORY_GOAL = 1.2
TIMES = 3


def run() -> Iterator[Figure]:
    """Drafts a second beside their limit; two workers; memory.

    Each time on new contracts, in a database that keeps filling, as a real one does.
    """
    with database() as opened:
        give_history(opened)
        whole, drafting, copying = zip(*(_once(opened) for _ in range(TIMES)), strict=True)
        alone, unavoidable = min(whole), min(drafting) + min(copying)
        parts = f"drafting {min(drafting):.2f} s + COPY {min(copying):.2f} s"
        yield at_most(
            "billing_run",
            value=alone,
            limit=unavoidable,
            goal=RUN_GOAL,
            unit="s",
            note=f"{parts}; {COUNT / alone:,.0f} drafts/s",
        )
        one = min(_by_workers(opened, 1) for _ in range(TIMES))
        two = min(_by_workers(opened, 2) for _ in range(TIMES))
        yield at_least(
            "billing_run_two_workers",
            value=COUNT / two,
            limit=COUNT / one,
            goal=WORKERS_GOAL,
            unit="drafts/s",
            note="two processes / one",
        )
        few, many = _peak(opened, COUNT // 10), _peak(opened, COUNT)
        yield at_most(
            "billing_run_memory",
            value=many,
            limit=few,
            goal=MEMORY_GOAL,
            unit="MiB",
            note=f"peak of {COUNT:,} contracts / of {COUNT // 10:,}",
        )


def _once(opened: Database) -> tuple[float, float, float]:
    """One run, its drafting alone, and a COPY of what it wrote: seconds each, one after another."""
    runtime, scope = populate(opened, COUNT)
    drafting = _drafting(runtime, scope)
    counted: list[int] = []
    whole = seconds(
        lambda: counted.append(run_billing(runtime, scope, through=BILL_ON).draft_count)
    )
    assert counted == [COUNT], "a draft a contract"
    _, elsewhere = populate(opened, COUNT)
    return whole, drafting, _copying(opened, scope, elsewhere)


def _drafting(runtime: Runtime, scope: Scope) -> float:
    """The pure calls alone, batch by batch as the run makes them, on values just read; those of one
    batch at a time, and no look for cycles among them, for a run needs neither.
    """
    took = 0.0
    with runtime.transaction(scope) as tx:
        since = {row.id: row.next_due_on for row in tx.all(OWING)}
        ids = list(since)
        for start in range(0, COUNT, BATCH):
            owing = contracts.many(tx, ids[start : start + BATCH])
            standing = _standing(tx, owing, since)
            owed = desk.by_account(tx, owing, _dues(owing, since, standing))
            tables = desk.read(tx, owed)
            took += _drafting_of(runtime, owing, standing, since, (tables, owed.buyers))
    return took


def _drafting_of(
    runtime: Runtime,
    owing: Sequence[Contract],
    standing: Standing,
    since: Mapping[str, date],
    read: tuple[desk.Desk, Mapping[CustomerId, Customer]],
) -> float:
    tables, buyers = read

    def draft_all() -> None:
        dues = _dues(owing, since, standing)
        tables.all_drafts(desk.gathered(owing, dues, buyers), runtime.invoice_id)

    gc.disable()
    try:
        return seconds(draft_all)
    finally:
        gc.enable()


def _standing(tx: Tx, owing: Sequence[Contract], since: Mapping[str, date]) -> Standing:
    first = {
        line.id: looked_at_from(line, since[each.id], each.longest_held)
        for each in owing
        for line in each.lines
    }
    return coverage.standing_since(tx, first)


def _dues(owing: Sequence[Contract], since: Mapping[str, date], standing: Standing) -> list[Due]:
    return [due(each, through=BILL_ON, since=since[each.id], standing=standing) for each in owing]


def _copying(opened: Database, scope: Scope, elsewhere: Scope) -> float:
    """The rows of one environment into another, the same tables and constraints, in one go."""
    with psycopg.connect(opened.url) as connection:
        _see_everything(connection)
        before, after = scope.tenant_id.encode(), elsewhere.tenant_id.encode()
        ids = {"here": scope.tenant_id, "elsewhere": elsewhere.tenant_id}
        connection.execute(TAKE_AWAY, ids)
        connection.commit()
        rows = {table: _out(connection, table, scope).replace(before, after) for table in TABLES}

        def copy_all() -> None:
            for table, columns in TABLES.items():
                names = sql.SQL(", ").join(map(sql.Identifier, columns.split()))
                statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
                with connection.cursor().copy(statement) as stream:
                    stream.write(rows[table])
            connection.commit()

        took = seconds(copy_all)
        _under_policy_again(connection)
        return took


def _out(connection: psycopg.Connection[Any], table: str, scope: Scope) -> bytes:
    names = sql.SQL(", ").join(map(sql.Identifier, TABLES[table].split()))
    statement = sql.SQL(OF_THE_RUN).format(
        names=names,
        table=sql.Identifier(table),
        document=sql.Identifier(DOCUMENT.get(table, "invoice_id")),
        line=sql.SQL("contract_line_id" if table == "billed_slices" else "NULL"),
        tenant_id=sql.Literal(scope.tenant_id),
        bill_on=sql.Literal(BILL_ON),
    )
    with connection.cursor().copy(statement) as stream:
        return b"".join(bytes(part) for part in stream)


def _see_everything(connection: psycopg.Connection[Any]) -> None:
    """COPY is refused under row-level security, so it is lifted for the owner, here only."""
    _force(connection, "NO FORCE")


def _under_policy_again(connection: psycopg.Connection[Any]) -> None:
    _force(connection, "FORCE")


def _force(connection: psycopg.Connection[Any], how: LiteralString) -> None:
    for table in TABLES:
        statement = sql.SQL("ALTER TABLE {} " + how + " ROW LEVEL SECURITY")
        connection.execute(statement.format(sql.Identifier(table)))
    connection.commit()


def _by_workers(opened: Database, count: int) -> float:
    """Seconds from the first start to the last end of `count` processes billing one population."""
    _, scope = populate(opened, COUNT)
    workers = [_worker(opened, scope) for _ in range(count)]
    for worker in workers:  # all are up and connected
        assert worker.stdout is not None
        worker.stdout.readline()

    def let_go() -> None:
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        drafted = [json.loads(_answer(worker))["drafts"] for worker in workers]
        assert sum(drafted) == COUNT, f"each contract once, by one of them: {drafted}"

    took = seconds(let_go)
    for worker in workers:
        worker.communicate()
    return took


def _peak(opened: Database, count: int) -> float:
    """The most memory a process holds while it bills `count` contracts, in MiB."""
    _, scope = populate(opened, count)
    worker = _worker(opened, scope)
    out, _ = worker.communicate("go\n")
    peak: float = json.loads(out.splitlines()[-1])["peakMiB"]
    return peak


def _worker(opened: Database, scope: Scope) -> subprocess.Popen[str]:
    command: Sequence[str] = (sys.executable, "-m", "bench.worker", opened.url, scope.tenant_id)
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _answer(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    return worker.stdout.readline()
