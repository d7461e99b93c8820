"""Tasks: work that takes a while, how far it is, and what of it could not be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from usance.domain.ids import PackageId
from usance.domain.plans.package import Package, PackageKind
from usance.store.codec import jsonb, value_from
from usance.store.database import Row, Tx

RUN = "run_task"  # the job that goes on with a task
ADD = """
INSERT INTO tasks (tenant_id, id, type, kind, package_id, version, total_count, done_count,
                   failures, reached_id, created_at, updated_at, done_at)
VALUES (%(tenant_id)s, %(id)s, %(type)s, %(kind)s, %(package_id)s, %(version)s, %(total)s,
        coalesce(%(total)s, 0), '[]', '', %(at)s, %(at)s, %(done_at)s)
"""
ONE = "SELECT * FROM tasks WHERE tenant_id = %(tenant_id)s AND id = %(id)s"
LOCK = "SELECT * FROM tasks WHERE tenant_id = %(tenant_id)s AND id = %(id)s FOR NO KEY UPDATE"
SAVE = """
UPDATE tasks
   SET total_count = %(total)s,
       done_count = %(done)s,
       failures = %(failures)s,
       reached_id = %(reached_id)s,
       updated_at = %(at)s,
       done_at = %(done_at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
OPEN = """
SELECT id
  FROM tasks
 WHERE tenant_id = %(tenant_id)s
   AND done_at IS NULL
 ORDER BY created_at, id
"""
# Of a version before the one of the task, in force or scheduled; what is over stays as it was.
OUTDATED = """
SELECT s.id, s.customer_id
  FROM subscriptions s
 WHERE s.tenant_id = %(tenant_id)s
   AND s.id > %(after)s
   AND (s.ends_at IS NULL OR s.ends_at > %(at)s)
   AND EXISTS (
        SELECT
          FROM subscription_versions v
         WHERE v.tenant_id = %(tenant_id)s
           AND v.subscription_id = s.id
           AND v.called_off_at IS NULL
           AND NOT EXISTS (
                SELECT
                  FROM subscription_versions w
                 WHERE w.tenant_id = %(tenant_id)s
                   AND w.subscription_id = s.id
                   AND w.called_off_at IS NULL
                   AND w.effective_at <= %(at)s
                   AND (w.effective_at, w.number) > (v.effective_at, v.number))
           AND CASE %(kind)s
                    WHEN 'PLAN' THEN s.plan_id = %(package_id)s
                                 AND (v.terms ->> 'plan_version')::int < %(version)s
                    ELSE EXISTS (
                         SELECT
                           FROM jsonb_to_recordset(v.terms -> 'addons') AS a (id text, version int)
                          WHERE a.id = %(package_id)s
                            AND a.version < %(version)s)
               END)
 ORDER BY s.id
 LIMIT %(limit)s
"""


class TaskType(StrEnum):
    """What a task does."""

    SUBSCRIPTION_MIGRATION = "SUBSCRIPTION_MIGRATION"
    IMPORT_SUBSCRIPTIONS = "IMPORT_SUBSCRIPTIONS_BULK"


class TaskStatus(StrEnum):
    """How far a task is. The names are the reference's."""

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    PARTIALLY_FAILED = "PARTIALLY_FAILED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Failure:
    """A subscription that stayed as it was, and why."""

    id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Work that takes a while. `kind`, `package_id` and `version` are of what is migrated to.

    `total_count` None: not begun. `done_count`: of those it tried, failed ones too.
    """

    id: str
    type: TaskType
    created_at: datetime
    updated_at: datetime
    kind: PackageKind | None = None
    package_id: PackageId | None = None
    version: int | None = None
    total_count: int | None = None
    done_count: int = 0
    failures: Sequence[Failure] = ()
    reached_id: str = ""
    done_at: datetime | None = None

    @property
    def status(self) -> TaskStatus:
        """How far it is."""
        if self.done_at is None:
            return TaskStatus.PENDING if self.total_count is None else TaskStatus.IN_PROGRESS
        if not self.failures:
            return TaskStatus.COMPLETED
        is_all = len(self.failures) >= self.done_count
        return TaskStatus.FAILED if is_all else TaskStatus.PARTIALLY_FAILED


def add_migration(tx: Tx, task_id: str, package: Package, *, at: datetime) -> None:
    """Subscriptions are to move to this version."""
    tx.run(
        ADD,
        id=task_id,
        type=TaskType.SUBSCRIPTION_MIGRATION,
        kind=package.kind,
        package_id=package.id,
        version=package.version,
        total=None,
        done_at=None,
        at=at,
    )


def add_import(tx: Tx, task_id: str, count: int, *, at: datetime) -> None:
    """So many subscriptions were imported."""
    package = {"kind": None, "package_id": None, "version": None}
    tx.run(
        ADD,
        id=task_id,
        type=TaskType.IMPORT_SUBSCRIPTIONS,
        total=count,
        done_at=at,
        at=at,
        **package,
    )


def one(tx: Tx, task_id: str) -> Task:
    """The task of that id. Raises NotFound."""
    return _task(tx.one(ONE, kind="task", ref=task_id, id=task_id))


def lock(tx: Tx, task_id: str) -> Task:
    """The task of that id, held until `tx` ends. Raises NotFound."""
    return _task(tx.one(LOCK, kind="task", ref=task_id, id=task_id))


def save(tx: Tx, task: Task, *, at: datetime) -> None:
    """How far it is."""
    tx.run(
        SAVE,
        id=task.id,
        total=task.total_count,
        done=task.done_count,
        failures=jsonb(list(task.failures)),
        reached_id=task.reached_id,
        done_at=task.done_at,
        at=at,
    )


def unfinished(tx: Tx) -> list[str]:
    """Ids of the tasks that are not done, the oldest first."""
    return [row.id for row in tx.all(OPEN)]


def outdated(tx: Tx, task: Task, *, at: datetime, limit: int | None = None) -> list[Row]:
    """id and customer_id of the next subscriptions that hold a version before the task's."""
    package = {"kind": task.kind, "package_id": task.package_id, "version": task.version}
    return tx.all(OUTDATED, **package, after=task.reached_id, at=at, limit=limit)


def _task(row: Row) -> Task:
    return Task(
        id=row.id,
        type=TaskType(row.type),
        created_at=row.created_at,
        updated_at=row.updated_at,
        kind=None if row.kind is None else PackageKind(row.kind),
        package_id=row.package_id,
        version=row.version,
        total_count=row.total_count,
        done_count=row.done_count,
        failures=value_from(row.failures, tuple[Failure, ...]),
        reached_id=row.reached_id,
        done_at=row.done_at,
    )
