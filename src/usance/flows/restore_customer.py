"""Restore an archived customer."""

from __future__ import annotations

from usance.domain.facts import CustomerUpdated
from usance.domain.ids import CustomerId
from usance.flows.runtime import Runtime, Scope
from usance.store import parties


def restore_customer(runtime: Runtime, scope: Scope, customer_id: CustomerId) -> None:
    """Into the lists again; of one that is not archived nothing changes. Raises NotFound."""
    with runtime.transaction(scope) as tx:
        parties.customer(tx, customer_id)
        if parties.save_customer_restored(tx, customer_id, at=runtime.now(tx)):
            fact = CustomerUpdated(customer_id)
            runtime.note(tx, scope, "customer.restored", customer_id, fact)
