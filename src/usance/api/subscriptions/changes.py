"""Subscriptions taken over, moved and called off: to a resource, a customer, a version."""

from __future__ import annotations

from usance.api.caller import Asked
from usance.api.envelope import Single
from usance.api.fields import PathId
from usance.api.route import resource
from usance.api.subscriptions.bodies import DelegateBody, ImportBody, MigrateBody, TransferBody
from usance.api.subscriptions.reading import imported_request
from usance.api.subscriptions.reading_back import one
from usance.api.subscriptions.wire import CalledOffWire, ImportedWire, SubscriptionWire
from usance.domain.ids import CustomerId
from usance.domain.subscriptions.requests import Schedule
from usance.flows.call_off_payment import call_off_payment
from usance.flows.call_off_update import call_off_update
from usance.flows.delegate_subscription import delegate_subscription
from usance.flows.plays.subscribe import bring_up_to_date, take_over
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


@router.post(
    "/{id}/migrate", operation_id="migrateSubscription", summary="Move to the latest versions"
)
def migrate(caller: Asked, id: PathId, body: MigrateBody | None = None) -> Single[SubscriptionWire]:
    """Of its plan and its add-ons. Where the plan is paid for in another way by now, another
    subscription takes its place, unless it is from PAID or CUSTOM to FREE, or from PAID to CUSTOM,
    and IMMEDIATE.
    """
    when = (body or MigrateBody()).subscription_migration_time
    bring_up_to_date(caller.runtime, caller.scope, id, Schedule(when))
    return Single(data=one(caller, id))


@router.post("/import", operation_id="importSubscriptions", summary="Import subscriptions")
def import_many(caller: Asked, body: ImportBody) -> Single[ImportedWire]:
    """From another system, all or none. Known ones of the same customer and plan stay as they are,
    so an import may be sent again. What is paid for is billed from its next period on.
    """
    requests = [imported_request(each, index) for index, each in enumerate(body.subscriptions)]
    return Single(data=ImportedWire(task_id=take_over(caller.runtime, caller.scope, requests)))


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
