"""Forget what was only kept for a while: answers under idempotency keys older than a day, keys of
reported usage older than a week, and counters of windows that were over a day ago.
"""

from __future__ import annotations

from datetime import timedelta

from usance.flows.runtime import Runtime, Scope
from usance.store import idempotency, usage_counters, usage_reports

LATE = timedelta(days=1)  # while late events are likely, a counter spares counting anew


def forget_expired(runtime: Runtime, scope: Scope) -> int:
    """How many were forgotten. By the world's clock: a moved one must not expire keys early.

    Only windows go by the environment's own.
    """
    with runtime.transaction(scope) as tx:
        world = runtime.clock()
        answers = idempotency.delete_expired(tx, at=world)
        keys = usage_reports.delete_expired(tx, at=world)
        windows = usage_counters.delete_expired(tx, at=runtime.now(tx) - LATE)
    return answers + keys + windows
