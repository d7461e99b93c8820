"""Subscriptions: provision, list, read, change, end."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field

from usance.api.access.routes import view_of
from usance.api.access.wire import EntitlementsWire, FeatureEntitlementWire, entitlements
from usance.api.caller import Asked
from usance.api.envelope import Page, Single, Wire
from usance.api.fields import PathId, called, words
from usance.api.filters import Created
from usance.api.paging import Paging, part
from usance.api.route import resource
from usance.api.subscriptions.bodies import CancelBody, PatchBody, ProvisionBody
from usance.api.subscriptions.reading import (
    PAYER,
    cancel_request,
    payer_particulars,
    provision_request,
    update_request,
)
from usance.api.subscriptions.reading_back import listed, one
from usance.api.subscriptions.wire import ListedSubscriptionWire, SubscriptionWire
from usance.domain.plans.package import PricingType
from usance.domain.subscriptions.subscription import Status
from usance.flows.plays.subscribe import change_subscription, end_subscription, subscribe
from usance.store import subscription_lists, subscriptions
from usance.store.listings import Slot
from usance.store.subscription_lists import WantedSubscriptions

router = resource("subscriptions", tag="Subscriptions")


class ProvisionedWire(Wire):
    """A subscription that was asked for. There is no checkout: what is due is invoiced."""

    id: str
    status: Literal["SUCCESS", "PAYMENT_REQUIRED"]
    is_scheduled: bool
    checkout_url: str | None
    checkout_billing_id: str | None
    subscription: SubscriptionWire | None
    entitlements: list[FeatureEntitlementWire] = Field(
        description="All that the customer may use now, for that resource."
    )


@router.post(
    "", operation_id="provisionSubscription", summary="Provision a subscription", status_code=201
)
def provision(caller: Asked, body: ProvisionBody, response: Response) -> Single[ProvisionedWire]:
    """What the customer has of the plan's product and resource ends when it starts: so this changes
    a plan, too. Sent again with its id it answers 200 and changes nothing.

    `billingAddress` and `taxIds` are kept with the customer who pays. `checkoutOptions` and
    `awaitPaymentConfirmation` are of no consequence: what is due is invoiced, and access does not
    wait. Refused: taxes by hand, credit currencies, codes of other systems' coupons.
    """
    request = provision_request(body)
    with caller.transaction() as tx:
        if body.id is not None and subscriptions.taken(tx, [body.id]):
            response.status_code = 200
    payer = payer_particulars(body.billing_information)
    with called(PAYER):
        subscription_id = subscribe(caller.runtime, caller.scope, request, payer)
    shown = one(caller, subscription_id)
    is_pending = shown.status is Status.PAYMENT_PENDING
    view = view_of(caller, request.customer_id, request.resource_id)
    may_use = EntitlementsWire.model_validate(entitlements(view)).entitlements
    made = ProvisionedWire(
        id=subscription_id,
        status="PAYMENT_REQUIRED" if is_pending else "SUCCESS",
        is_scheduled=shown.status is Status.NOT_STARTED,
        checkout_url=None,
        checkout_billing_id=None,
        subscription=shown,
        entitlements=may_use,
    )
    return Single(data=made)


@router.get("", operation_id="listSubscriptions", summary="List subscriptions")
def list_subscriptions(
    caller: Asked,
    asked: Paging,
    created: Created,
    *,
    customer_id: Annotated[str | None, Query(alias="customerId", max_length=255)] = None,
    plan_id: Annotated[str | None, Query(alias="planId", max_length=255)] = None,
    resource_id: Annotated[str | None, Query(alias="resourceId", max_length=255)] = None,
    status: Annotated[str | None, Query(description="Joined by commas.")] = None,
    pricing_type: Annotated[
        str | None, Query(alias="pricingType", description="FREE, PAID, CUSTOM, joined by commas.")
    ] = None,
) -> Page[ListedSubscriptionWire]:
    """Oldest first, those that are over too."""
    wanted = WantedSubscriptions(
        customer_id=customer_id,
        plan_id=plan_id,
        resource_id=resource_id,
        statuses=words(status, list(Status), "status"),
        pricing_types=words(pricing_type, list(PricingType), "pricingType"),
        created_from=created.first,
        created_until=created.until,
    )
    with caller.transaction() as tx:
        slot = Slot(after=asked.after, before=asked.before, limit=asked.and_one)
        ids = subscription_lists.page(tx, wanted, slot, at=caller.runtime.now(tx))
        shown, cursors = part(ids, asked, str)
        return Page(data=listed(caller, tx, shown), pagination=cursors)


@router.get("/{id}", operation_id="getSubscription", summary="Read a subscription")
def get_subscription(caller: Asked, id: PathId) -> Single[SubscriptionWire]:
    """As it is now, with what is still to take effect."""
    return Single(data=one(caller, id))


@router.patch("/{id}", operation_id="updateSubscription", summary="Change a subscription")
def update(caller: Asked, id: PathId, body: PatchBody) -> Single[SubscriptionWire]:
    """Only what is sent changes; lists and `metadata` are replaced whole. What costs less takes
    effect when the period that is paid for ends, all else at once, unless `scheduleStrategy` says.
    A change that is still to come is replaced. For another plan, provision again.
    """
    request = update_request(body)
    payer = payer_particulars(body.billing_information)
    with called(PAYER):
        change_subscription(caller.runtime, caller.scope, id, request, payer)
    return Single(data=one(caller, id))


@router.post("/{id}/cancel", operation_id="cancelSubscription", summary="End a subscription")
def cancel(caller: Asked, id: PathId, body: CancelBody | None = None) -> Single[SubscriptionWire]:
    """Now, when the period that is paid for ends, or on a date; without a word as the product
    says. REVOKE_ENTITLEMENTS: nothing follows on it.
    """
    end_subscription(caller.runtime, caller.scope, id, cancel_request(body))
    return Single(data=one(caller, id))
