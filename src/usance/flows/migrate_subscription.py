"""Move a subscription to the latest published versions of its plan and add-ons."""

from __future__ import annotations

from usance.domain.subscriptions.requests import Schedule
from usance.flows.runtime import Runtime, Scope
from usance.store import migrating, payers, subscriptions


def migrate_subscription(
    runtime: Runtime, scope: Scope, subscription_id: str, schedule: Schedule
) -> None:
    """At once, when the days that are left are billed anew, or when the period that is begun ends.

    Of the latest versions already, it stays as it is. Raises NotFound, SubscriptionOver; Invalid
    when what would take its place cannot be provisioned.
    """
    with runtime.transaction(scope) as tx:
        customer_id = subscriptions.one(tx, subscription_id).subscription.customer_id
        payers.lock_customer(tx, customer_id)
        at = runtime.now(tx, customer_id)
        facts = migrating.migrate(tx, subscription_id, schedule, new_id=runtime.new_id, at=at)
        if facts:
            runtime.note(tx, scope, "subscription.migrated", subscription_id, *facts)
