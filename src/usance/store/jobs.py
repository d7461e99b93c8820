"""Jobs: work asked for in a transaction, done later by a worker, at least once.

Owns: asking for work, the list of what failed for good, finding the jobs of dead workers.
Does not own: running them (worker/), the tables (queue_schema.py; they are the queue library's).

Always true:
- a job exists exactly when the transaction that asked for it has committed;
- a job carries the tenant it belongs to, and a tenant's code sees no other tenant's jobs;
- with a queueing key, at most one job of that tenant, kind and key is waiting;
- a job whose worker died is taken over, or has failed visibly after too many attempts.

Times: `run_at` is an instant of the world. A sandbox's moved clock does not move the queue.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.manager import JobManager
from procrastinate.sync_psycopg_connector import SyncPsycopgConnector
from procrastinate.tasks import configure_task
from procrastinate.types import JSONDict
from psycopg import errors

from usance.domain.errors import Conflict, NotFound
from usance.store.database import Row, Tx

Argument = str | int | bool | None | list[str]
TENANT = "tenant_id"  # the argument that every job of a tenant carries

# Never opened: it is always told the connection of the caller's transaction.
QUEUE = JobManager(SyncPsycopgConnector())

FAILED = """
SELECT job.id,
       job.task_name AS kind,
       job.args - 'tenant_id' AS arguments,
       job.attempts,
       max(event.at) AS failed_at
  FROM procrastinate_jobs AS job
  JOIN procrastinate_events AS event ON event.job_id = job.id AND event.type = 'failed'
 WHERE job.status = 'failed'
   AND job.args ->> 'tenant_id' = %(tenant_id)s
 GROUP BY job.id
 ORDER BY job.id
"""
RETRY_FAILED = """
SELECT procrastinate_retry_job_v2(job.id, now(), NULL, NULL, NULL)
  FROM procrastinate_jobs AS job
 WHERE job.id = %(id)s
   AND job.status = 'failed'
   AND job.args ->> 'tenant_id' = %(tenant_id)s
"""
LOCK_LOST = """
SELECT job.id, job.task_name AS kind, job.args ->> 'tenant_id' AS tenant_id, job.attempts
  FROM procrastinate_jobs AS job
 WHERE job.status = 'doing'
   AND (job.worker_id IS NULL
        OR job.worker_id IN (SELECT id
                               FROM procrastinate_workers
                              WHERE last_heartbeat < now() - %(silence)s))
 ORDER BY job.id
   FOR UPDATE OF job SKIP LOCKED
"""
QUEUE_AGAIN = "SELECT procrastinate_retry_job_v2(%(id)s, now(), NULL, NULL, NULL)"
END_FAILED = "SELECT procrastinate_finish_job_v1(%(id)s, 'failed', false)"
END_SUPERSEDED = "SELECT procrastinate_finish_job_v1(%(id)s, 'aborted', true)"


@dataclass(frozen=True, slots=True, kw_only=True)
class LostJob:
    """A job whose worker fell silent. `given_up`: it has had all its attempts and has failed."""

    id: int
    kind: str
    tenant_id: str | None
    attempt_count: int
    given_up: bool


def enqueue(
    tx: Tx,
    kind: str,
    *,
    queueing_key: str | None = None,
    run_at: datetime | None = None,
    **arguments: Argument,
) -> None:
    """Ask for a job of that `kind` once this transaction commits; rolled back with it.

    `arguments` reach the handler by name: ids, not contents, and never a secret. While a job of
    the same tenant, kind and `queueing_key` is waiting, nothing is added. `run_at`: not before.
    """
    assert TENANT not in arguments, "the tenant of a job is its transaction's"
    key = None if queueing_key is None else f"{tx.tenant_id}/{kind}/{queueing_key}"
    job = configure_task(
        name=kind,
        job_manager=QUEUE,
        connection=tx.connection,
        queueing_lock=key,
        schedule_at=run_at,
    )
    values = cast(JSONDict, {TENANT: tx.tenant_id, **arguments})
    if key is None:
        job.defer(**values)
        return
    with suppress(AlreadyEnqueued), tx.connection.transaction():  # a savepoint: the caller goes on
        job.defer(**values)


def failed(tx: Tx) -> list[Row]:
    """This tenant's jobs that failed for good (id, kind, arguments, attempts, failed_at)."""
    return tx.all(FAILED)


def retry_failed(tx: Tx, job_id: int) -> None:
    """Try a failed job once more, now. Raises NotFound, and Conflict when its key is waiting."""
    try:
        with tx.connection.transaction():
            found = tx.run(RETRY_FAILED, id=job_id)
    except errors.UniqueViolation:
        raise Conflict(f"A job with the queueing key of job {job_id} is waiting.") from None
    if not found:
        raise NotFound("failed job", str(job_id))


def rescue_lost(platform: Tx, *, silence: timedelta, attempt_limit: int) -> list[LostJob]:
    """Queue the jobs of workers not heard of for `silence` again; for a platform transaction.

    A job that took its worker down `attempt_limit` times ends as failed. Safe in many processes
    at once: each lost job is rescued by one of them.
    """
    lost = [
        LostJob(
            id=row.id,
            kind=row.kind,
            tenant_id=row.tenant_id,
            attempt_count=row.attempts + 1,
            given_up=row.attempts + 1 >= attempt_limit,
        )
        for row in platform.all(LOCK_LOST, silence=silence)
    ]
    for job in lost:
        if job.given_up:
            platform.run(END_FAILED, id=job.id)
        else:
            _queue_again(platform, job.id)
    return lost


def _queue_again(platform: Tx, job_id: int) -> None:
    try:
        with platform.connection.transaction():
            platform.run(QUEUE_AGAIN, id=job_id)
    except errors.UniqueViolation:  # the same work is waiting already, by its queueing key
        platform.run(END_SUPERSEDED, id=job_id)
