"""Subscriptions moved and called off: to another resource or customer, back to what they were."""

from __future__ import annotations

from usance.api.caller import Asked
from usance.api.envelope import Single
from usance.api.fields import PathId
from usance.api.route import resource
from usance.api.subscriptions.bodies import DelegateBody, TransferBody
from usance.api.subscriptions.reading_back import one
from usance.api.subscriptions.wire import CalledOffWire, SubscriptionWire
from usance.domain.ids import CustomerId
from usance.flows.call_off_payment import call_off_payment
from usance.flows.call_off_update import call_off_update
from usance.flows.delegate_subscription import delegate_subscription
from usance.flows.transfer_subscription import transfer_subscription

router = resource("subscriptions", tag="Subscriptions")


@router.post(
    "/{id}/transfer", operation_id="transferSubscription", summary="Move to another resource"
)
def transfer(caller: Asked, id: PathId, body: TransferBody) -> Single[SubscriptionWire]:
    """Of the same customer, with what is to start when it ends."""
    transfer_subscription(caller.runtime, caller.scope, id, body.destination_resource_id)
    return Single(data=one(caller, id))


@router.post(
    "/{id}/delegate", operation_id="delegateSubscription", summary="Hand to another customer"
)
def delegate(caller: Asked, id: PathId, body: DelegateBody) -> Single[SubscriptionWire]:
    """Who manages it from now on. Who pays for it goes on paying."""
    to = CustomerId(body.target_customer_id)
    delegate_subscription(caller.runtime, caller.scope, id, to)
    return Single(data=one(caller, id))


@router.delete(
    "/{id}/future-update/schedule",
    operation_id="cancelScheduledUpdate",
    summary="Call off a scheduled change",
)
def call_off_scheduled(caller: Asked, id: PathId) -> Single[CalledOffWire]:
    """Terms still to come, and a plan that would take its place. Without any nothing changes."""
    call_off_update(caller.runtime, caller.scope, id)
    return Single(data=CalledOffWire(id=id))


@router.delete(
    "/{id}/future-update/pending-payment",
    operation_id="cancelPendingPaymentUpdate",
    summary="Call off a change that waits for its payment",
)
def call_off_pending(caller: Asked, id: PathId) -> Single[CalledOffWire]:
    """Without one nothing changes; access does not wait for payment here, so there is none that
    was asked for here.
    """
    call_off_payment(caller.runtime, caller.scope, id)
    return Single(data=CalledOffWire(id=id))
