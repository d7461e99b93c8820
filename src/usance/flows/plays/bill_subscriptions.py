"""Bill every subscription that is behind: one by one, so that one in trouble keeps up no other."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from usance.domain.errors import DomainError
from usance.domain.ids import CustomerId, OrderId
from usance.flows.bill_subscription import bill_subscription
from usance.flows.put_off_billing import put_off_billing
from usance.flows.runtime import Runtime, Scope
from usance.store import subscription_billing

MOST = timedelta(days=2)  # that the days of somebody's zone are ahead of, or behind, ours


def bill_subscriptions(
    runtime: Runtime,
    scope: Scope,
    *,
    through: date | None = None,
    customer_id: CustomerId | None = None,
) -> list[OrderId]:
    """Sign what is missing from the agreements of paid subscriptions; the orders made.

    Of one customer, what it has and pays for, when `customer_id` is given. What is refused is put
    off for a day, and stands in the audit log. May be played twice, by many at once, or years late.
    """
    made: list[OrderId] = []
    with runtime.transaction(scope) as tx:
        at = runtime.now(tx, customer_id)
        if through is not None:
            at = max(at, datetime.combine(through, at.timetz()) + MOST)
        behind = subscription_billing.behind(tx, at=at, customer_id=customer_id)
    for subscription_id in behind:
        try:
            made += bill_subscription(runtime, scope, subscription_id, through=through)
        except DomainError as refused:
            put_off_billing(runtime, scope, subscription_id, refused)
    return made
