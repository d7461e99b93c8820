"""Change some of a customer's particulars, the others stay, whoever changes them meanwhile."""

from __future__ import annotations

from collections.abc import Mapping

from usance.documents.particulars import customer_from, plain_customer
from usance.domain.customer import Customer, parent_problems
from usance.domain.errors import refuse_if
from usance.domain.facts import CustomerUpdated
from usance.domain.ids import CustomerId
from usance.flows.runtime import Runtime, Scope
from usance.store import parties, payers


def update_customer(
    runtime: Runtime, scope: Scope, customer_id: CustomerId, changes: Mapping[str, object]
) -> Customer:
    """The customer as it now is. `changes` in the notation of the company file; None clears.

    Held drafts follow at their next refresh. Raises NotFound; Invalid with every problem.
    """
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, customer_id)
        before = parties.customer(tx, customer_id)

        changed = customer_from({**plain_customer(before), **changes, "customerId": customer_id})
        refuse_if(list(parent_problems(changed, parties.lock_above(tx, changed))))

        parties.save_customer(tx, changed, at=runtime.now(tx))
        after = {"changed": sorted(changes)}
        fact = CustomerUpdated(customer_id)
        runtime.note(tx, scope, "customer.updated", customer_id, fact, after=after)
    return changed
