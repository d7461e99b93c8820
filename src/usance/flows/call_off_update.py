"""Call off what was to change of a subscription: terms still to come, a plan that would follow."""

from __future__ import annotations

from dataclasses import replace

from usance.domain.facts import SubscriptionUpdated
from usance.domain.subscriptions.subscription import EndReason
from usance.flows.runtime import Runtime, Scope
from usance.store import payers, product_line, subscriptions, usage_billed


def call_off_update(runtime: Runtime, scope: Scope, subscription_id: str) -> bool:
    """False when nothing was to come. A plan that would take its place is called off, and it goes
    on; an end that somebody said stays: that is taken back by an update. Raises
    NotFound; Invalid where it would go on billing what another bills by then (UsageBilledTwice).
    """
    with runtime.transaction(scope) as tx:
        customer_id = subscriptions.one(tx, subscription_id).subscription.customer_id
        payers.lock_customer(tx, customer_id)
        before = subscriptions.lock(tx, subscription_id).subscription
        at = runtime.now(tx, customer_id)
        is_to_come = before.ends_at is not None and before.ends_at > at
        is_replaced = is_to_come and before.end_reason is EndReason.UPGRADE_OR_DOWNGRADE

        was_changed = subscriptions.call_off_scheduled(tx, subscription_id, at=at)
        if is_replaced:
            product_line.call_off(tx, before, at=at)
            goes_on = replace(before, ends_at=None, canceled_at=None, end_reason=None)
            subscriptions.save(tx, goes_on, at=at)
            product_line.refuse_overlaps(tx, customer_id)
        if was_changed or is_replaced:
            usage_billed.refuse_billed_twice(tx, [before], since=at)
            runtime.note(
                tx,
                scope,
                "subscription.update_called_off",
                subscription_id,
                SubscriptionUpdated(subscription_id),
            )
    return was_changed or is_replaced
