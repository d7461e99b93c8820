"""Finish a task: batch after batch, each billed before the next."""

from __future__ import annotations

from usance.flows.plays.bill_subscriptions import bill_subscriptions
from usance.flows.run_task import run_task
from usance.flows.runtime import Runtime, Scope


def finish_task(runtime: Runtime, scope: Scope, task_id: str) -> None:
    """All that is left of it. May be played twice, and again after a kill. Raises NotFound."""
    is_done = False
    while not is_done:
        task, moved = run_task(runtime, scope, task_id)
        for customer_id in moved:
            bill_subscriptions(runtime, scope, customer_id=customer_id)
        is_done = task.done_at is not None
