"""Put off billing a subscription that cannot be billed as it is, for people to see why."""

from __future__ import annotations

from datetime import timedelta

from usance.domain.errors import DomainError
from usance.flows.runtime import Runtime, Scope
from usance.store import subscription_billing

PAUSE = timedelta(days=1)


def put_off_billing(
    runtime: Runtime, scope: Scope, subscription_id: str, refused: DomainError
) -> None:
    """It is tried again a day later; why it was not billed stands in the audit log."""
    with runtime.transaction(scope) as tx:
        subscription_billing.save_due(tx, subscription_id, at=runtime.now(tx) + PAUSE)
        after = {"code": refused.code, "message": str(refused)}
        runtime.note(tx, scope, "subscription.billing_refused", subscription_id, after=after)
