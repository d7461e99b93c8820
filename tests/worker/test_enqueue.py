"""Asking for a job: it joins the transaction, names its tenant, and is not asked for twice."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from tests.conftest import new_sandbox
from tests.worker.kinds import FAST, KINDS
from tests.worker.traces import effects, job_states, run_keys
from usance.flows.runtime import Runtime, Scope
from usance.store import jobs
from usance.store.database import Database
from usance.worker.loop import work


class ChangedMind(Exception):
    """Rolls a transaction back."""


def drain(queue: Database) -> None:
    work(Runtime(queue), until_idle=True, handlers=KINDS, pace=FAST)


def test_a_transaction_rolled_back_leaves_no_job(queue: Database, acme: Scope) -> None:
    with suppress(ChangedMind), queue.transaction(acme.tenant_id) as tx:
        jobs.enqueue(tx, "save", key="a")
        raise ChangedMind
    assert job_states(queue) == []


def test_a_committed_job_runs_once_in_the_scope_of_its_tenant(queue: Database, acme: Scope) -> None:
    with queue.transaction(acme.tenant_id) as tx:
        jobs.enqueue(tx, "save", key="a")
    drain(queue)
    drain(queue)
    assert effects(queue) == [(acme.tenant_id, "a")]
    assert run_keys(queue) == ["a"]
    assert job_states(queue) == []


def test_until_idle_leaves_what_waits_for_its_time(queue: Database, acme: Scope) -> None:
    with queue.transaction(acme.tenant_id) as tx:
        jobs.enqueue(tx, "save", key="now", run_at=datetime.now(UTC))
        jobs.enqueue(tx, "save", key="later", run_at=datetime.now(UTC) + timedelta(hours=1))
    drain(queue)
    assert run_keys(queue) == ["now"]
    assert job_states(queue) == ["todo"]


def test_a_queueing_key_that_is_waiting_adds_nothing_and_the_caller_goes_on(
    queue: Database, acme: Scope
) -> None:
    with queue.transaction(acme.tenant_id) as tx:
        jobs.enqueue(tx, "save", queueing_key="same", key="first")
        jobs.enqueue(tx, "save", queueing_key="same", key="second")
        jobs.enqueue(tx, "save", key="third")
    drain(queue)
    assert run_keys(queue) == ["first", "third"]


def test_tenants_and_kinds_do_not_share_queueing_keys(queue: Database, acme: Scope) -> None:
    for scope in (acme, new_sandbox(queue)):
        with queue.transaction(scope.tenant_id) as tx:
            jobs.enqueue(tx, "save", queueing_key="same", key="a")
            jobs.enqueue(tx, "save_slowly", queueing_key="same", key="b", seconds=0)
    drain(queue)
    assert run_keys(queue) == ["a", "a", "b", "b"]
