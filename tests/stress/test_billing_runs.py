"""A billing run done twice, by four at once, killed, or weeks late: the documents are the same."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack
from datetime import date

import pytest

from tests.conftest import new_sandbox
from tests.stress.one_run import begin, said, waiting_run
from tests.stress.population import (
    BATCH,
    LAST_DAY,
    announced,
    bill_each_day,
    documents,
    populate,
)
from usance.flows.run_billing import run_billing
from usance.flows.runtime import Runtime, Scope
from usance.store.database import Database
from usance.store.invoice_rows import StoredInvoice

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

KILLS = 4


@pytest.fixture(scope="module")
def clean(database: Database) -> list[StoredInvoice]:
    """The documents of one clean run a day."""
    runtime, scope = Runtime(database), new_sandbox(database)
    populate(runtime, scope)
    bill_each_day(runtime, scope)
    announced(runtime, scope)
    found = documents(runtime, scope)
    assert len(found) > 50
    assert {each.status.value for each in found} == {"DRAFT", "APPROVED"}
    return found


@pytest.fixture
def crowd(runtime: Runtime, scope: Scope) -> Scope:
    """The same customers again, not billed yet."""
    return populate(runtime, scope)


def test_a_run_done_twice_makes_each_document_once(
    runtime: Runtime, crowd: Scope, clean: list[StoredInvoice]
) -> None:
    first = run_billing(runtime, crowd, through=LAST_DAY)
    second = run_billing(runtime, crowd, through=LAST_DAY)
    assert (first.draft_count, second.draft_count) == (len(clean), 0)
    assert documents(runtime, crowd) == clean
    announced(runtime, crowd)


def test_a_run_thirty_five_days_late_makes_what_was_missed(
    runtime: Runtime, crowd: Scope, clean: list[StoredInvoice]
) -> None:
    run_billing(runtime, crowd, through=date(2025, 1, 10))
    run_billing(runtime, crowd, through=LAST_DAY)
    assert (LAST_DAY - date(2025, 1, 10)).days == 35
    assert documents(runtime, crowd) == clean


def test_four_processes_at_once_make_each_document_once(
    database: Database, runtime: Runtime, crowd: Scope, clean: list[StoredInvoice]
) -> None:
    with ExitStack() as running:
        processes = [
            running.enter_context(waiting_run(database, crowd, through=LAST_DAY, batch=BATCH))
            for _ in range(4)
        ]
        for process in processes:
            begin(process)
        made = [sum(map(int, process.communicate(timeout=60)[0].split())) for process in processes]
        assert [process.returncode for process in processes] == [0] * 4
    assert sum(made) == len(clean)
    assert documents(runtime, crowd) == clean
    announced(runtime, crowd)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_killed_at_random_points_is_finished_by_the_next(
    database: Database, runtime: Runtime, crowd: Scope, clean: list[StoredInvoice], seed: int
) -> None:
    chance = random.Random(seed)
    standing = [0]
    for _ in range(KILLS):
        with waiting_run(database, crowd, through=LAST_DAY, batch=BATCH) as process:
            begin(process)
            for _ in range(chance.randrange(3)):
                said(process)
            time.sleep(chance.uniform(0, 0.03))
            process.kill()
        standing.append(len(documents(runtime, crowd)))
    assert standing == sorted(standing), "what was committed stands"
    assert any(0 < count < len(clean) for count in standing), "a run was killed half way"
    run_billing(runtime, crowd, through=LAST_DAY)
    assert documents(runtime, crowd) == clean
    announced(runtime, crowd)
