"""What a subscription is billed: usage charged before its time, an invoice paid elsewhere."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from usance.api.caller import Asked
from usance.api.catalog.wire import Figure
from usance.api.envelope import Instant, Single, Wire
from usance.api.fields import PathId
from usance.api.route import resource
from usance.api.subscriptions.instants import instant_in
from usance.flows.plays.charge_usage import ChargedUsage, charge_usage
from usance.flows.plays.pay_subscription import pay_subscription
from usance.flows.plays.sync_usage import sync_usage

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
