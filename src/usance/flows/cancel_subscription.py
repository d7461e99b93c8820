"""Cancel a subscription: at once, when its period ends, or on a day."""

from __future__ import annotations

from usance.domain.facts import SubscriptionProvisioned
from usance.domain.subscriptions.changing import canceled
from usance.domain.subscriptions.provisioning import follower_of
from usance.domain.subscriptions.requests import CancellationAction, CancelRequest
from usance.domain.subscriptions.telling import ending_fact
from usance.flows.runtime import Runtime, Scope
from usance.store import (
    payers,
    product_line,
    products,
    provisioning,
    subscriptions,
    usage_billed,
)


def cancel_subscription(
    runtime: Runtime, scope: Scope, subscription_id: str, request: CancelRequest
) -> None:
    """What follows on its end is what the product says, or nothing where that is asked for.

    Canceled again, the end that was said last counts. Raises NotFound; SubscriptionOver;
    TrialMustBeCancelledImmediately; Invalid, also where it would then bill usage that another
    bills by then (UsageBilledTwice).
    """
    with runtime.transaction(scope) as tx:
        customer_id = subscriptions.one(tx, subscription_id).subscription.customer_id
        payers.lock_customer(tx, customer_id)
        before = subscriptions.lock(tx, subscription_id).subscription
        at = runtime.now(tx, customer_id)
        product_id = before.product_id
        product = None if product_id is None else products.dated(tx, product_id).product
        fallback = None if product is None else provisioning.end_plan(tx, product)
        if request.action is CancellationAction.REVOKE_ENTITLEMENTS:
            fallback = None

        after = canceled(before, request, product, at)
        follower = None
        if product is not None:
            follower = follower_of(after, product, fallback, id=runtime.new_id("sub"), at=at)

        subscriptions.call_off_scheduled(tx, subscription_id, at=at)
        subscriptions.save(tx, after, at=at)
        product_line.call_off(tx, before, at=at)
        if follower is not None:
            subscriptions.add(tx, follower, at=at)
        product_line.refuse_overlaps(tx, customer_id)
        if before.ends_at is not None or before.scheduled(at):  # it may go on longer than it was to
            usage_billed.refuse_billed_twice(tx, [after], since=at)
        facts = [] if follower is None else [SubscriptionProvisioned(follower.id)]
        runtime.note(
            tx,
            scope,
            "subscription.canceled",
            subscription_id,
            ending_fact(after),
            *facts,
            before=before,
            after=after,
        )
