"""Subscribe, change, move, end: access first, then billing, which catches up where it is stopped.

What cannot be billed just now is put off, and takes no access away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from usance.domain.ids import CustomerId
from usance.domain.subscriptions.requests import (
    CancelRequest,
    ProvisionRequest,
    Schedule,
    UpdateRequest,
)
from usance.flows.cancel_subscription import cancel_subscription
from usance.flows.import_subscriptions import import_subscriptions
from usance.flows.migrate_subscription import migrate_subscription
from usance.flows.plays.bill_subscriptions import bill_subscriptions
from usance.flows.provision_subscription import provision_subscription
from usance.flows.runtime import Runtime, Scope
from usance.flows.update_customer import update_customer
from usance.flows.update_subscription import update_subscription
from usance.store import subscriptions
from usance.store.joined import Joined

Particulars = Mapping[str, object]  # of a customer, in the notation of customers


def subscribe(runtime: Runtime, scope: Scope, request: ProvisionRequest, payer: Particulars) -> str:
    """Provision, and bill what is due; the subscription's id.

    `payer`: what came with the request of the one who pays; kept in the same transaction. Raises
    what provisioning raises.
    """
    with runtime.transaction(scope) as tx:
        joined = replace(runtime, database=Joined(tx))
        if payer:
            pays = request.paying_customer_id or request.customer_id
            update_customer(joined, scope, pays, payer)
        subscription_id = provision_subscription(joined, scope, request)
    bill_subscriptions(runtime, scope, customer_id=request.customer_id)
    return subscription_id


def change_subscription(
    runtime: Runtime,
    scope: Scope,
    subscription_id: str,
    request: UpdateRequest,
    payer: Particulars,
) -> None:
    """Change it, and bill what is due by it. Raises what updating raises."""
    with runtime.transaction(scope) as tx:
        joined = replace(runtime, database=Joined(tx))
        held = subscriptions.one(tx, subscription_id).subscription
        if payer:
            update_customer(joined, scope, held.payer_id, payer)
        update_subscription(joined, scope, subscription_id, request)
    bill_subscriptions(runtime, scope, customer_id=held.customer_id)


def end_subscription(
    runtime: Runtime, scope: Scope, subscription_id: str, request: CancelRequest
) -> None:
    """End it, and give back what was paid for too long. Raises what canceling raises."""
    cancel_subscription(runtime, scope, subscription_id, request)
    bill_subscriptions(runtime, scope, customer_id=_customer(runtime, scope, subscription_id))


def bring_up_to_date(
    runtime: Runtime, scope: Scope, subscription_id: str, schedule: Schedule
) -> None:
    """Move it to the latest versions, and bill what changes. Raises what migrating raises."""
    migrate_subscription(runtime, scope, subscription_id, schedule)
    bill_subscriptions(runtime, scope, customer_id=_customer(runtime, scope, subscription_id))


def take_over(runtime: Runtime, scope: Scope, requests: Sequence[ProvisionRequest]) -> str:
    """Import them, and bill what is due; the task's id. Raises what importing raises."""
    task_id = import_subscriptions(runtime, scope, requests)
    for customer_id in dict.fromkeys(each.customer_id for each in requests):
        bill_subscriptions(runtime, scope, customer_id=customer_id)
    return task_id


def _customer(runtime: Runtime, scope: Scope, subscription_id: str) -> CustomerId:
    with runtime.transaction(scope) as tx:
        return subscriptions.one(tx, subscription_id).subscription.customer_id
