"""Forget what was only kept for a while: answers under idempotency keys older than a day."""

from __future__ import annotations

from usance.flows.runtime import Runtime, Scope
from usance.store import idempotency


def forget_expired(runtime: Runtime, scope: Scope) -> int:
    """How many were forgotten. By the world's clock: a moved one must not expire keys early."""
    with runtime.transaction(scope) as tx:
        return idempotency.delete_expired(tx, at=runtime.clock())
