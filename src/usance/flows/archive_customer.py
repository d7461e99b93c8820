"""Archive a customer: out of the lists, and what gave it access ends."""

from __future__ import annotations

from usance.domain.facts import CustomerDeleted, SubscriptionCanceled
from usance.domain.ids import CustomerId
from usance.domain.subscriptions.subscription import EndReason
from usance.flows.runtime import Runtime, Scope
from usance.store import parties, payers, subscriptions
from usance.store.product_line import end


def archive_customer(runtime: Runtime, scope: Scope, customer_id: CustomerId) -> None:
    """Its subscriptions end. Its contracts run on: archive them, if they should not.

    Restored, it may be provisioned anew. Raises NotFound.
    """
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, customer_id)
        at = runtime.now(tx, customer_id)
        ended = subscriptions.some(tx, customer_ids=[customer_id], not_over_at=at)

        for kept in ended:
            over = end(kept.subscription, at, EndReason.CUSTOMER_ARCHIVED, said_at=at)
            subscriptions.save(tx, over, at=at)
        parties.save_customer_archived(tx, customer_id, at=runtime.now(tx))
        facts = (SubscriptionCanceled(kept.subscription.id) for kept in ended)
        fact = CustomerDeleted(customer_id)
        runtime.note(tx, scope, "customer.archived", customer_id, fact, *facts)
