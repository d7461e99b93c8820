"""Change some of a customer's particulars, the others stay, whoever changes them meanwhile."""

from __future__ import annotations

from collections.abc import Mapping

from usance.documents.particulars import customer_from, plain_customer
from usance.domain.customer import Customer, parent_problems
from usance.domain.errors import refuse_if
from usance.domain.facts import CustomerUpdated
from usance.domain.ids import CustomerId
from usance.domain.plans.coupon import applying_problems
from usance.flows.runtime import Runtime, Scope
from usance.store import coupons, parties, payers


def update_customer(
    runtime: Runtime, scope: Scope, customer_id: CustomerId, changes: Mapping[str, object]
) -> Customer:
    """The customer as it now is. `changes` in the notation of the company file; None clears.

    Held drafts follow at their next refresh. An archived one stays archived.

    Raises NotFound; Invalid with every problem.
    """
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, customer_id)
        before = parties.customer(tx, customer_id)

        changed = customer_from({**plain_customer(before), **changes, "customerId": customer_id})
        problems = [*parent_problems(changed, parties.lock_above(tx, changed))]
        coupon_id = changed.coupon_id
        if coupon_id is not None and coupon_id != before.coupon_id:
            is_active = coupons.is_active(tx, coupon_id)
            problems += applying_problems(coupon_id, is_active=is_active)
        refuse_if(problems)

        parties.save_customer(tx, changed, at=runtime.now(tx), stays_archived=True)
        after = {"changed": sorted(changes)}
        fact = CustomerUpdated(customer_id)
        runtime.note(tx, scope, "customer.updated", customer_id, fact, after=after)
    return changed
