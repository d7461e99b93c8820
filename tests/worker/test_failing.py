"""Jobs that fail: tried again where time may help, kept and said aloud where it does not."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from tests.conftest import new_sandbox
from tests.worker.conftest import worker_thread
from tests.worker.kinds import FAST, KINDS
from tests.worker.traces import effects, job_states, run_keys, runs_of, wait_for
from usance.domain.errors import NotFound
from usance.flows.runtime import Runtime, Scope
from usance.store import jobs
from usance.store.database import Database, one_connection
from usance.worker.loop import work

LOSE_ALL = "UPDATE procrastinate_jobs SET status = 'doing', worker_id = NULL"


def ask(queue: Database, scope: Scope, kind: str) -> None:
    with queue.transaction(scope.tenant_id) as tx:
        jobs.enqueue(tx, kind, key="a")


def kinds_failed(queue: Database, scope: Scope) -> list[tuple[str, dict[str, str], int]]:
    with queue.transaction(scope.tenant_id) as tx:
        return [(row.kind, row.arguments, row.attempts) for row in jobs.failed(tx)]


def test_a_failed_job_is_tried_later_and_later_until_it_succeeds(
    queue: Database, acme: Scope
) -> None:
    ask(queue, acme, "save_at_the_third_attempt")
    with worker_thread(queue):
        wait_for(lambda: effects(queue))
    first, second, third = runs_of(queue, "a")
    assert second - first >= FAST.wait_after(1)
    assert third - second >= FAST.wait_after(2) == 2 * FAST.wait_after(1)
    assert job_states(queue) == []


def test_a_job_that_always_fails_ends_as_failed_is_logged_and_can_be_tried_again(
    queue: Database, acme: Scope
) -> None:
    ask(queue, acme, "fail")
    with capture_logs() as said, worker_thread(queue):
        wait_for(lambda: job_states(queue) == ["failed"])
    assert len(runs_of(queue, "a")) == FAST.attempt_limit
    assert kinds_failed(queue, acme) == [("fail", {"key": "a"}, FAST.attempt_limit)]
    events = [(line["event"], line["attempt"]) for line in said if line.get("kind") == "fail"]
    assert [event for event in events if event[0] != "job_started"] == [
        *(("job_will_retry", attempt) for attempt in range(1, FAST.attempt_limit)),
        ("job_failed", FAST.attempt_limit),
    ]
    last = next(line for line in said if line["event"] == "job_failed")
    assert (last["tenant"], last["log_level"]) == (acme.tenant_id, "error")
    assert last["error"].startswith("ServiceAway")
    assert "key" not in last, "a job's arguments are not for the log"
    assert "exc_info" not in last, "nor are the values on its stack"

    with queue.transaction(acme.tenant_id) as tx:
        (job,) = jobs.failed(tx)
        jobs.retry_failed(tx, job.id)
    work(Runtime(queue), until_idle=True, handlers=KINDS, pace=FAST)
    assert len(runs_of(queue, "a")) == FAST.attempt_limit + 1


def test_a_failed_job_is_its_tenants_own(queue: Database, acme: Scope) -> None:
    ask(queue, acme, "refuse")
    work(Runtime(queue), until_idle=True, handlers=KINDS, pace=FAST)
    stranger = new_sandbox(queue)
    with queue.transaction(acme.tenant_id) as tx:
        (job,) = jobs.failed(tx)
    assert kinds_failed(queue, stranger) == []
    with pytest.raises(NotFound), queue.transaction(stranger.tenant_id) as tx:
        jobs.retry_failed(tx, job.id)


def test_what_time_cannot_help_is_tried_once(queue: Database, acme: Scope) -> None:
    ask(queue, acme, "refuse")
    work(Runtime(queue), until_idle=True, handlers=KINDS, pace=FAST)
    assert run_keys(queue) == ["a"]
    assert kinds_failed(queue, acme) == [("refuse", {"key": "a"}, 1)]


def test_an_unknown_kind_fails_at_once_and_visibly(queue: Database, acme: Scope) -> None:
    ask(queue, acme, "unheard_of")
    with capture_logs() as said:
        work(Runtime(queue), until_idle=True, handlers=KINDS, pace=FAST)
    assert kinds_failed(queue, acme) == [("unheard_of", {"key": "a"}, 1)]
    (line,) = [line for line in said if line["log_level"] == "error"]
    assert (line["event"], line["kind"]) == ("job_failed", "unheard_of")
    assert line["error"] == "there is no handler for this kind of job"


def test_a_retry_gives_way_to_the_same_work_waiting(queue: Database, acme: Scope) -> None:
    with queue.transaction(acme.tenant_id) as tx:
        jobs.enqueue(tx, "ask_again_and_fail", queueing_key="same", key="a")
    work(Runtime(queue), until_idle=True, handlers=KINDS, pace=FAST)
    assert run_keys(queue) == ["a", "a"]
    assert job_states(queue) == []


def test_a_job_that_kills_every_worker_ends_as_failed(queue: Database, acme: Scope) -> None:
    ask(queue, acme, "save")
    given_up = []
    for _ in range(FAST.attempt_limit):
        with one_connection(queue.url) as connection:
            connection.execute(LOSE_ALL)
        with queue.platform() as platform:
            (lost,) = jobs.rescue_lost(
                platform, silence=FAST.silence, attempt_limit=FAST.attempt_limit
            )
        given_up.append(lost.given_up)
    assert given_up == [False] * (FAST.attempt_limit - 1) + [True]
    assert kinds_failed(queue, acme) == [("save", {"key": "a"}, FAST.attempt_limit)]


def test_a_lost_job_gives_way_to_the_same_work_waiting(queue: Database, acme: Scope) -> None:
    for key in ("lost", "waiting"):
        with queue.transaction(acme.tenant_id) as tx:
            jobs.enqueue(tx, "save", queueing_key="same", key=key)
        if key == "lost":
            with one_connection(queue.url) as connection:
                connection.execute(LOSE_ALL)
    work(Runtime(queue), until_idle=True, handlers=KINDS, pace=FAST)
    assert run_keys(queue) == ["waiting"]
    assert job_states(queue) == []
