"""Provision a subscription: access at once, or from the day on that was asked for."""

from __future__ import annotations

from usance.domain.subscriptions.provisioning import provisioned
from usance.domain.subscriptions.requests import ProvisionRequest
from usance.domain.subscriptions.telling import provisioning_facts
from usance.flows.runtime import Runtime, Scope
from usance.store import payers, provisioning


def provision_subscription(runtime: Runtime, scope: Scope, request: ProvisionRequest) -> str:
    """The id of the subscription. One of that id, customer and plan that is there stands.

    What the customer had of the product until then ends on the instant it starts; what is paid for
    is billed by `bill_subscription`. Raises Invalid with every problem; SubscriptionExists.
    """
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, request.customer_id)
        if request.id is not None and provisioning.is_there(tx, request):
            return request.id
        at = runtime.now(tx, request.customer_id)
        there = provisioning.circumstances(tx, request, at=at)

        ids = runtime.new_id("sub"), runtime.new_id("sub")
        made = provisioned(request, there, ids=ids, at=at)

        ended = provisioning.keep(tx, made, at=at, words=provisioning.words_of(request))
        facts = provisioning_facts(made, ended)
        runtime.note(tx, scope, "subscription.provisioned", made.new.id, *facts, after=made.new)
    return made.new.id
