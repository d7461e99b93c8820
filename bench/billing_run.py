"""The billing run: 10,000 contracts due at one instant, against what no run could avoid.

Unavoidable are the drafting itself, on values already read, and the rows themselves, streamed by
COPY into the same tables with all their constraints. Two workers are measured against one, and the
peak memory of a run of 10,000 against one of 1,000.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from bench.figure import Figure, at_least, at_most, seconds
from bench.population import BILL_ON, database, forget_documents, give_history, populate
from usance.domain.contracts.schedule import due
from usance.flows.run_billing import BATCH, run_billing
from usance.flows.runtime import Runtime, Scope
from usance.store import contracts, desk
from usance.store.database import Database

COUNT = 10_000
TABLES = ("invoices", "invoice_lines", "invoice_taxes", "billed_slices", "outbox")
RUN_GOAL = 1.5
WORKERS_GOAL = 1.6
MEMORY_GOAL = 1.2
TIMES = 3


def run() -> Iterator[Figure]:
    """Drafts a second beside their limit; two workers; memory."""
    with database() as opened:
        give_history(opened)
        runtime, scope = populate(opened, COUNT)
        alone = min(_timed_run(opened, runtime, scope) for _ in range(TIMES))
        rows = _rows(opened, scope)
        drafting = min(_drafting(runtime, scope) for _ in range(TIMES))
        copying = min(_copying(opened, scope, rows) for _ in range(TIMES))
        unavoidable = drafting + copying
        note = f"drafting {drafting:.2f} s + COPY {copying:.2f} s; {COUNT / alone:,.0f} drafts/s"
        yield at_most(
            "billing_run", value=alone, limit=unavoidable, goal=RUN_GOAL, unit="s", note=note
        )
        one = min(_by_workers(opened, scope, 1) for _ in range(TIMES))
        two = min(_by_workers(opened, scope, 2) for _ in range(TIMES))
        yield at_least(
            "billing_run_two_workers",
            value=COUNT / two,
            limit=COUNT / one,
            goal=WORKERS_GOAL,
            unit="drafts/s",
            note="two processes / one",
        )
        small, small_scope = populate(opened, COUNT // 10)
        assert small.database is opened, "one database"
        forget_documents(opened, scope)
        few, many = _peak(opened, small_scope), _peak(opened, scope)
        yield at_most(
            "billing_run_memory",
            value=many,
            limit=few,
            goal=MEMORY_GOAL,
            unit="MiB",
            note=f"peak of {COUNT:,} contracts / of {COUNT // 10:,}",
        )


def _timed_run(opened: Database, runtime: Runtime, scope: Scope) -> float:
    forget_documents(opened, scope)
    counted: list[int] = []
    took = seconds(lambda: counted.append(run_billing(runtime, scope, through=BILL_ON).draft_count))
    assert counted == [COUNT], "a draft a contract"
    return took


def _drafting(runtime: Runtime, scope: Scope) -> float:
    """The pure calls alone, batch by batch as the run makes them, on values read before."""
    with runtime.transaction(scope) as tx:
        ids = [row.id for row in tx.all("SELECT id FROM contracts WHERE tenant_id = %(tenant_id)s")]
        batches = []
        for start in range(0, COUNT, BATCH):
            owing = contracts.many(tx, ids[start : start + BATCH])
            dues = [due(each, through=BILL_ON, since=BILL_ON) for each in owing]
            batches.append((owing, desk.read(tx, desk.by_account(owing, dues))))

    def draft_all() -> None:
        for owing, tables in batches:
            dues = [due(each, through=BILL_ON, since=BILL_ON) for each in owing]
            for account, items in desk.by_account(owing, dues).items():
                tables.drafts(account, items, runtime.invoice_id)

    return seconds(draft_all)


def _rows(opened: Database, scope: Scope) -> dict[str, bytes]:
    """What the run wrote, as COPY reads it."""
    with psycopg.connect(opened.url) as connection:
        _see_everything(connection)
        return {table: _out(connection, table, scope) for table in TABLES}


def _copying(opened: Database, scope: Scope, rows: dict[str, bytes]) -> float:
    """The same rows once more into the same tables, constraints and all, in one transaction."""
    forget_documents(opened, scope)
    with psycopg.connect(opened.url) as connection:
        _see_everything(connection)
        connection.execute("DELETE FROM outbox WHERE tenant_id = %s", [scope.tenant_id])
        connection.commit()

        def copy_all() -> None:
            for table, content in rows.items():
                statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
                with connection.cursor().copy(statement) as stream:
                    stream.write(content)
            connection.commit()

        return seconds(copy_all)


def _out(connection: psycopg.Connection[Any], table: str, scope: Scope) -> bytes:
    query = "COPY (SELECT * FROM {} WHERE tenant_id = {}) TO STDOUT"
    statement = sql.SQL(query).format(sql.Identifier(table), sql.Literal(scope.tenant_id))
    with connection.cursor().copy(statement) as stream:
        return b"".join(bytes(part) for part in stream)


def _see_everything(connection: psycopg.Connection[Any]) -> None:
    """COPY is refused under row-level security, so it is lifted for the owner, here only."""
    for table in TABLES:
        lifted = sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY")
        connection.execute(lifted.format(sql.Identifier(table)))
    connection.commit()


def _by_workers(opened: Database, scope: Scope, count: int) -> float:
    """Seconds from the first start to the last end of `count` processes billing the population."""
    forget_documents(opened, scope)
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


def _peak(opened: Database, scope: Scope) -> float:
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
