"""Several workers, killed, stopped and cut off: every job is done, each effect once."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime, timedelta

from tests.conftest import new_sandbox
from tests.worker.conftest import worker_thread
from tests.worker.kinds import hours_ago
from tests.worker.one_worker import worker_process
from tests.worker.traces import effects, job_states, run_keys, runs_of, wait_for
from usance.flows.runtime import Runtime, Scope
from usance.store import jobs
from usance.store.database import Database, one_connection
from usance.worker.handlers import RUN_BILLING
from usance.worker.periodic import ask_for_billing

CUT_ALL_CONNECTIONS = """
SELECT pg_terminate_backend(pid)
  FROM pg_stat_activity
 WHERE datname = current_database()
   AND backend_type = 'client backend'
   AND pid <> pg_backend_pid()
"""
LONG = timedelta(minutes=5)  # nobody is taken for dead, however busy the machine
HIDE_FINISH = "ALTER FUNCTION procrastinate_finish_job_v1 RENAME TO hidden_finish_job"
SHOW_FINISH = "ALTER FUNCTION hidden_finish_job RENAME TO procrastinate_finish_job_v1"
ASK = """
SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('default', 'save', 0, NULL, NULL,
       jsonb_build_object('tenant_id', %s::text, 'key', 'after'), NULL
       )::procrastinate_job_to_defer_v1])
"""


def test_two_workers_share_two_hundred_jobs_and_each_effect_happens_once(
    queue: Database, acme: Scope
) -> None:
    keys = [f"{number:03}" for number in range(200)]
    with queue.transaction(acme.tenant_id) as tx:
        for key in keys:
            jobs.enqueue(tx, "save", key=key)
    with worker_process(queue, silence=LONG), worker_process(queue, silence=LONG):
        wait_for(lambda: not job_states(queue))
    assert effects(queue) == [(acme.tenant_id, key) for key in keys]
    assert run_keys(queue) == keys


def test_the_job_of_a_killed_worker_is_finished_by_another(queue: Database, acme: Scope) -> None:
    with queue.transaction(acme.tenant_id) as tx:
        jobs.enqueue(tx, "save_slowly", key="a", seconds=60)
    with worker_process(queue) as first:
        wait_for(lambda: runs_of(queue, "a"))
        with worker_thread(queue):
            first.kill()
            wait_for(lambda: effects(queue))
    assert effects(queue) == [(acme.tenant_id, "a")]
    assert run_keys(queue) == ["a", "a"]
    assert job_states(queue) == []


def test_a_living_worker_keeps_its_long_job(queue: Database, acme: Scope) -> None:
    longer_than_silence = 3
    with queue.transaction(acme.tenant_id) as tx:
        jobs.enqueue(tx, "save_slowly", key="a", seconds=longer_than_silence)
    with worker_thread(queue):
        wait_for(lambda: runs_of(queue, "a"))
        with worker_thread(queue):
            wait_for(lambda: effects(queue))
    assert run_keys(queue) == ["a"]


def test_a_worker_told_to_stop_finishes_its_job_and_takes_no_other(
    queue: Database, acme: Scope
) -> None:
    with queue.transaction(acme.tenant_id) as tx:
        jobs.enqueue(tx, "save_slowly", key="first", seconds=1)
        jobs.enqueue(tx, "save", key="second")
    with worker_process(queue) as process:
        wait_for(lambda: runs_of(queue, "first"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert effects(queue) == [(acme.tenant_id, "first")]
    assert job_states(queue) == ["todo"]


def test_a_worker_survives_the_loss_of_all_its_connections(queue: Database, acme: Scope) -> None:
    with queue.transaction(acme.tenant_id) as tx:
        jobs.enqueue(tx, "save_slowly", key="before", seconds=1)
    with worker_process(queue):
        wait_for(lambda: runs_of(queue, "before"))
        with one_connection(queue.url) as connection:
            connection.execute(CUT_ALL_CONNECTIONS)
            connection.execute(ASK, [acme.tenant_id])
        wait_for(lambda: not job_states(queue))
    assert effects(queue) == [(acme.tenant_id, "after"), (acme.tenant_id, "before")]


def test_a_job_whose_outcome_could_not_be_kept_is_done_again(queue: Database, acme: Scope) -> None:
    with queue.transaction(acme.tenant_id) as tx:
        jobs.enqueue(tx, "save_slowly", key="a", seconds=1)
    with one_connection(queue.url) as connection, worker_thread(queue):
        wait_for(lambda: runs_of(queue, "a"))
        connection.execute(HIDE_FINISH)
        wait_for(lambda: len(runs_of(queue, "a")) > 1)
        connection.execute(SHOW_FINISH)
        wait_for(lambda: not job_states(queue))
    assert effects(queue) == [(acme.tenant_id, "a")]


def test_the_periodic_billing_run_is_asked_for_once_a_tenant_by_any_number_of_workers(
    queue: Database, acme: Scope
) -> None:
    new_sandbox(queue)
    cron = hours_ago(datetime.now(UTC), 2)
    first = worker_process(queue, cron=cron, silence=LONG)
    with first, worker_process(queue, cron=cron, silence=LONG):
        wait_for(lambda: len(run_keys(queue)) >= 2)
        wait_for(lambda: live_workers(queue) == 2)
        time.sleep(0.5)
    assert run_keys(queue) == [RUN_BILLING, RUN_BILLING]


def test_the_billing_run_is_asked_for_again_and_again(queue: Database, acme: Scope) -> None:
    with worker_thread(queue, cron="* * * * * */1"):
        wait_for(lambda: len(run_keys(queue)) >= 2)


def test_a_tenant_whose_billing_run_is_waiting_gets_no_second_one(
    queue: Database, acme: Scope
) -> None:
    ask_for_billing(Runtime(queue))
    once = job_states(queue)
    ask_for_billing(Runtime(queue))
    assert once == job_states(queue) == ["todo"] * 3, "the run, the tax services, the tidying"


def live_workers(queue: Database) -> int:
    with one_connection(queue.url) as connection:
        return connection.execute("SELECT FROM procrastinate_workers").rowcount
