"""What a subscription is billed: usage charged before its time, an invoice paid elsewhere."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from usance.api.caller import Asked
from usance.api.catalog.wire import Figure
from usance.api.envelope import Instant, Single, Wire
from usance.api.fields import PathId
from usance.api.route import resource
from usance.api.subscriptions.instants import instant_in
from usance.domain.plans.package import PricingType
from usance.domain.subscriptions.subscription import CollectionMethod
from usance.flows.plays.charge_usage import ChargedUsage, charge_usage
from usance.flows.plays.pay_subscription import pay_subscription
from usance.flows.plays.sync_usage import sync_usage
from usance.store import agreements, subscription_billing, subscriptions

router = resource("subscriptions", tag="Subscriptions")


class ChargeUsageBody(Wire):
    """Up to when usage is charged."""

    until_date: Annotated[str, Field(max_length=80)] | None = Field(
        default=None,
        description="The days before the one it falls on, of the legal entity. Default: now.",
        examples=["2026-03-15T00:00:00Z"],
    )


class UsageChargedWire(Wire):
    """How much of a feature was charged."""

    feature_id: str | None
    usage_amount: Figure


class ChargedWire(Wire):
    """What was charged, and on which invoice it stands; null: nothing was."""

    subscription_id: str
    invoice_billing_id: str | None
    period_start: Instant
    period_end: Instant
    usage_charged: list[UsageChargedWire]

    @classmethod
    def of(cls, charged: ChargedUsage) -> ChargedWire:
        """As it travels."""
        return cls(
            subscription_id=charged.subscription_id,
            invoice_billing_id=charged.invoice_id,
            period_start=charged.period.start,
            period_end=charged.period.end,
            usage_charged=[
                UsageChargedWire(feature_id=feature_id, usage_amount=quantity)
                for feature_id, quantity in charged.used
            ],
        )


class SyncedWire(Wire):
    """Whether there is a document on which usage is counted."""

    triggered: bool


class PaidWire(Wire):
    """The subscription whose invoice is paid."""

    id: str


class BillingWaitsFor(StrEnum):
    """What billing waits for."""

    LEGAL_ENTITY = "LEGAL_ENTITY"
    PAYMENT = "PAYMENT"
    BILLING_RUN = "BILLING_RUN"


class SubscriptionBillingWire(Wire):
    """Where the billing of a subscription stands."""

    agreement_id: str | None = Field(description="The contract of its own; null: not billed yet.")
    is_billed: bool = Field(description="False: it is free, sold on a contract, or paid elsewhere.")
    waits_for: BillingWaitsFor | None = Field(
        description="BILLING_RUN: a change is not taken in yet."
    )
    next_look_at: Instant | None = Field(description="When something of it may change by itself.")


@router.get("/{id}/billing", operation_id="getSubscriptionBilling", summary="Where billing stands")
def billing(caller: Asked, id: PathId) -> Single[SubscriptionBillingWire]:
    """By which contract it is billed, and what that waits for: its invoices are that contract's."""
    with caller.transaction() as tx:
        kept = subscriptions.one(tx, id).subscription
        done = subscription_billing.progress(tx, id)
        has_seller = agreements.seller(tx, kept) is not None
        is_behind = done.look_at is not None and done.look_at <= caller.runtime.now(tx)
    is_ours = kept.collection is not CollectionMethod.NONE
    is_paid = kept.pricing_type is PricingType.PAID and is_ours
    waits_for = BillingWaitsFor.BILLING_RUN if is_behind else None
    if is_paid and not has_seller:
        waits_for = BillingWaitsFor.LEGAL_ENTITY
    if is_paid and kept.is_payment_pending:
        waits_for = BillingWaitsFor.PAYMENT
    return Single(
        data=SubscriptionBillingWire(
            agreement_id=done.agreement_id,
            is_billed=is_paid,
            waits_for=waits_for,
            next_look_at=None if is_behind else done.look_at,
        )
    )


@router.post("/{id}/usage/charge", operation_id="chargeUsage", summary="Charge usage so far")
def charge(caller: Asked, id: PathId, body: ChargeUsageBody | None = None) -> Single[ChargedWire]:
    """What was used on the days before `untilDate` is put on an invoice now, which is held for
    review as usual; what is used later is billed when the period ends. Charged again for the same
    day, nothing is added. Refused of what is not billed by usage here.
    """
    until = instant_in((body or ChargeUsageBody()).until_date, "untilDate")
    charged = charge_usage(caller.runtime, caller.scope, id, until=until)
    return Single(data=ChargedWire.of(charged))


@router.post("/{id}/usage/sync", operation_id="syncUsage", summary="Bring usage up to date")
def sync(caller: Asked, id: PathId) -> Single[SyncedWire]:
    """Usage is counted where it is kept, so nothing is sent anywhere: held invoices of the
    subscription are made anew with all usage there is. `triggered`: there are any.
    """
    return Single(data=SyncedWire(triggered=sync_usage(caller.runtime, caller.scope, id)))


@router.post("/{id}/invoice/paid", operation_id="markInvoicePaid", summary="Mark as paid")
def mark_paid(caller: Asked, id: PathId) -> Single[PaidWire]:
    """The last invoice that was issued for it: a payment of what is open on it is recorded, as
    received today. One that is paid stays as it is. Refused when none was issued.
    """
    pay_subscription(caller.runtime, caller.scope, id)
    return Single(data=PaidWire(id=id))
