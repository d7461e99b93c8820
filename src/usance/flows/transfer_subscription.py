"""Transfer a subscription to another resource of its customer."""

from __future__ import annotations

from usance.domain.facts import SubscriptionUpdated
from usance.domain.subscriptions.moving import transferred
from usance.flows.runtime import Runtime, Scope
from usance.store import payers, subscription_moves, subscriptions


def transfer_subscription(
    runtime: Runtime, scope: Scope, subscription_id: str, resource_id: str
) -> None:
    """With what is to start when it ends. There already, it stays as it is.

    Raises NotFound, SubscriptionOver; ProductHeldAlready when the resource has its product;
    Invalid (UsageBilledTwice) when something else bills the usage there that it would.
    """
    with runtime.transaction(scope) as tx:
        owner = subscriptions.one(tx, subscription_id).subscription.customer_id
        payers.lock_customer(tx, owner)
        held = subscriptions.lock(tx, subscription_id).subscription
        at = runtime.now(tx, held.customer_id)
        if held.resource_id == resource_id:
            return
        moved = [transferred(held, resource_id, at=at)]
        following = subscription_moves.following(tx, subscription_id, at=at)
        moved += [transferred(each, resource_id, at=at) for each in following]

        asked = "destinationResourceId", resource_id
        subscription_moves.save_moved(tx, moved, asked=asked, at=at)
        facts = (SubscriptionUpdated(each.id) for each in moved)
        after = {"resourceId": resource_id}
        before = {"resourceId": held.resource_id}
        runtime.note(
            tx,
            scope,
            "subscription.transferred",
            subscription_id,
            *facts,
            before=before,
            after=after,
        )
