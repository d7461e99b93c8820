"""Go on with a task: so many subscriptions more are moved to the version it is for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from usance.domain.errors import DomainError
from usance.domain.ids import CustomerId
from usance.domain.subscriptions.requests import Schedule
from usance.flows.runtime import Runtime, Scope
from usance.store import migrating, payers, tasks
from usance.store.database import Row, Tx
from usance.store.joined import Joined
from usance.store.tasks import Failure, Task

BATCH = 50


def run_task(runtime: Runtime, scope: Scope, task_id: str) -> tuple[Task, list[CustomerId]]:
    """The task as it now is, and the customers whose subscriptions were moved.

    A batch is moved, and the task told of it, in one transaction: whoever is killed or comes second
    leaves nothing out and does nothing twice. What cannot be moved stays, with the reason in the
    task. Of a task that is done nothing happens. Raises NotFound.
    """
    with runtime.transaction(scope) as tx:
        task, at = tasks.lock(tx, task_id), runtime.now(tx)
        if task.done_at is not None:
            return task, []
        if task.total_count is None:
            task = replace(task, total_count=len(tasks.outdated(tx, task, at=at)))
        batch = tasks.outdated(tx, task, at=at, limit=BATCH)
        payers.lock_all(tx, {row.customer_id for row in batch})
        failed = [each for row in batch if (each := _moved(runtime, scope, tx, row)) is not None]
        task = _told(task, [row.id for row in batch], failed, at)
        tasks.save(tx, task, at=at)
        if task.done_at is not None:
            after = {"done": task.done_count, "failed": len(task.failures)}
            runtime.note(tx, scope, "task.done", task_id, after=after)
    return task, sorted({CustomerId(row.customer_id) for row in batch})


def _moved(runtime: Runtime, scope: Scope, tx: Tx, row: Row) -> Failure | None:
    """Move one; the failure, and nothing done, when it is refused."""
    at = runtime.now(tx, row.customer_id)
    try:
        with Joined(tx).transaction(scope.tenant_id):
            facts = migrating.migrate(tx, row.id, Schedule.IMMEDIATE, new_id=runtime.new_id, at=at)
            if facts:
                runtime.note(tx, scope, "subscription.migrated", row.id, *facts)
    except DomainError as refused:
        return Failure(row.id, refused.code, str(refused))
    return None


def _told(task: Task, ids: list[str], failed: list[Failure], at: datetime) -> Task:
    assert task.total_count is not None, "it was begun"
    done = task.done_count + len(ids)
    return replace(
        task,
        total_count=max(task.total_count, done) if ids else done,
        done_count=done,
        failures=(*task.failures, *failed),
        reached_id=ids[-1] if ids else task.reached_id,
        done_at=at if len(ids) < BATCH else None,
    )
