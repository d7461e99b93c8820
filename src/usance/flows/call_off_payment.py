"""Call off a change of a subscription that waits for its payment."""

from __future__ import annotations

from usance.domain.facts import SubscriptionCanceled, SubscriptionUpdated
from usance.domain.subscriptions.subscription import EndReason, Status
from usance.flows.runtime import Runtime, Scope
from usance.store import payers, product_line, subscriptions


def call_off_payment(runtime: Runtime, scope: Scope, subscription_id: str) -> bool:
    """False when nothing waits. What would have taken its place never starts. Raises NotFound."""
    with runtime.transaction(scope) as tx:
        customer_id = subscriptions.one(tx, subscription_id).subscription.customer_id
        payers.lock_customer(tx, customer_id)
        at = runtime.now(tx, customer_id)
        following = (kept.subscription for kept in subscriptions.some(tx, follow=subscription_id))
        waiting = [each for each in following if each.status_at(at) is Status.PAYMENT_PENDING]
        if not waiting:
            return False

        for each in waiting:
            over = product_line.end(each, each.starts_at, EndReason.IMMEDIATE, said_at=at)
            subscriptions.save(tx, over, at=at)
        facts = (SubscriptionCanceled(each.id) for each in waiting)
        runtime.note(
            tx,
            scope,
            "subscription.payment_called_off",
            subscription_id,
            SubscriptionUpdated(subscription_id),
            *facts,
        )
    return True
