"""Hand a subscription to another customer, who manages it from now on."""

from __future__ import annotations

from usance.domain.errors import NotFound
from usance.domain.facts import SubscriptionUpdated
from usance.domain.ids import CustomerId
from usance.domain.subscriptions.moving import delegated
from usance.flows.runtime import Runtime, Scope
from usance.store import parties, payers, subscription_moves, subscriptions


def delegate_subscription(
    runtime: Runtime, scope: Scope, subscription_id: str, to: CustomerId
) -> None:
    """With what is to start when it ends. Who pays goes on paying, unless that is who gets it.

    With that customer already, it stays as it is. Raises NotFound, SubscriptionOver,
    SubscriptionOnContract; ProductHeldAlready when that customer has its product; Invalid
    (UsageBilledTwice) when something else bills the usage there that it would.
    """
    with runtime.transaction(scope) as tx:
        owner = subscriptions.one(tx, subscription_id).subscription.customer_id
        payers.lock_all(tx, [owner, to])
        if parties.customer_row(tx, to).archived_at is not None:
            raise NotFound("customer", to)
        held = subscriptions.lock(tx, subscription_id).subscription
        at = runtime.now(tx, held.customer_id)
        if held.customer_id == to:
            return
        moved = [delegated(held, to, at=at)]
        following = subscription_moves.following(tx, subscription_id, at=at)
        moved += [delegated(each, to, at=at) for each in following]

        subscription_moves.save_moved(tx, moved, asked=("targetCustomerId", to), at=at)
        facts = (SubscriptionUpdated(each.id) for each in moved)
        before, after = {"customerId": held.customer_id}, {"customerId": to}
        runtime.note(
            tx,
            scope,
            "subscription.delegated",
            subscription_id,
            *facts,
            before=before,
            after=after,
        )
