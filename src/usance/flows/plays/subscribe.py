"""Subscribe, change, end: access first, then billing, which catches up where it is stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from usance.domain.ids import CustomerId
from usance.domain.subscriptions.requests import CancelRequest, ProvisionRequest, UpdateRequest
from usance.flows.cancel_subscription import cancel_subscription
from usance.flows.provision_subscription import provision_subscription
from usance.flows.runtime import Runtime, Scope
from usance.flows.update_customer import update_customer
from usance.flows.update_subscription import update_subscription
from usance.store.joined import Joined


def subscribe(
    runtime: Runtime, scope: Scope, request: ProvisionRequest, payer: Mapping[str, object]
) -> str:
    """Provision, and bill what is due; the subscription's id.

    `payer`: particulars of who pays that came with the request, in the notation of customers; kept
    in the same transaction. Raises what provisioning raises.
    """
    with runtime.transaction(scope) as tx:
        joined = replace(runtime, database=Joined(tx))
        if payer:
            pays = request.paying_customer_id or request.customer_id
            update_customer(joined, scope, CustomerId(pays), payer)
        subscription_id = provision_subscription(joined, scope, request)
    return subscription_id


def change_subscription(
    runtime: Runtime,
    scope: Scope,
    subscription_id: str,
    request: UpdateRequest,
    payer: tuple[CustomerId, Mapping[str, object]],
) -> None:
    """Change it, and bill what is due by it. Raises what updating raises."""
    with runtime.transaction(scope) as tx:
        joined = replace(runtime, database=Joined(tx))
        pays, particulars = payer
        if particulars:
            update_customer(joined, scope, pays, particulars)
        update_subscription(joined, scope, subscription_id, request)


def end_subscription(
    runtime: Runtime, scope: Scope, subscription_id: str, request: CancelRequest
) -> None:
    """End it, and give back what was paid for too long. Raises what canceling raises."""
    cancel_subscription(runtime, scope, subscription_id, request)
