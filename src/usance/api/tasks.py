"""Tasks: work that takes a while, such as moving all subscriptions to a new version of a plan."""

from __future__ import annotations

from pydantic import Field

from usance.api.caller import Asked
from usance.api.envelope import Instant, Single, Wire
from usance.api.fields import PathId
from usance.api.route import resource
from usance.store import tasks
from usance.store.tasks import Task, TaskStatus, TaskType

router = resource("tasks", tag="Tasks")

SHOWN = 100  # failures


class TaskFailureWire(Wire):
    """A subscription that stayed as it was."""

    subscription_id: str
    code: str
    message: str


class TaskWire(Wire):
    """Work that takes a while. It is done when `doneAt` is set."""

    id: str
    type: TaskType
    status: TaskStatus
    package_id: str | None = Field(description="The plan or add-on it migrates to.")
    version_number: int | None
    total_count: int | None = Field(description="Null: not begun.")
    done_count: int = Field(description="Of those it tried, failed ones too.")
    failed_count: int
    failures: list[TaskFailureWire] = Field(description=f"The first {SHOWN}.")
    created_at: Instant
    updated_at: Instant
    done_at: Instant | None

    @classmethod
    def of(cls, task: Task) -> TaskWire:
        """As it travels."""
        return cls(
            id=task.id,
            type=task.type,
            status=task.status,
            package_id=task.package_id,
            version_number=task.version,
            total_count=task.total_count,
            done_count=task.done_count,
            failed_count=len(task.failures),
            failures=[
                TaskFailureWire(subscription_id=each.id, code=each.code, message=each.message)
                for each in task.failures[:SHOWN]
            ],
            created_at=task.created_at,
            updated_at=task.updated_at,
            done_at=task.done_at,
        )


@router.get("/{id}", operation_id="getTask", summary="See how far a task is")
def get_task(caller: Asked, id: PathId) -> Single[TaskWire]:
    """Of publishing for all customers, and of imports."""
    with caller.transaction() as tx:
        return Single(data=TaskWire.of(tasks.one(tx, id)))
