"""The method a customer pays by: attached by the provider's id, shown with the customer."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from usance.api.caller import Asked
from usance.api.catalog.wire import LowerCurrency
from usance.api.customers.routes import one
from usance.api.customers.wire import CardFields, CustomerWire, method_from
from usance.api.envelope import Single
from usance.api.fields import PathId, Ref, called
from usance.api.route import resource
from usance.domain.customer import Vendor
from usance.domain.ids import CustomerId, IntegrationId
from usance.flows.attach_payment_method import attach_payment_method, detach_payment_method

router = resource("customers", tag="Customers")


class AttachBody(CardFields):
    """A method that a provider keeps; what is known of it may come along."""

    integration_id: Ref = Field(description="The connection to the provider.")
    vendor_identifier: Vendor
    payment_method_id: str = Field(
        min_length=1, max_length=255, description="The provider's id.", examples=["pm_1Kw"]
    )
    billing_currency: LowerCurrency | None = None


@router.post(
    "/{id}/payment-method",
    operation_id="attachPaymentMethod",
    summary="Say what a customer pays by",
)
def attach(caller: Asked, id: PathId, body: AttachBody) -> Single[CustomerWire]:
    """The default from now on, instead of the one before. The provider is not asked."""
    currency = None if body.billing_currency is None else body.billing_currency.upper()
    with called({"billingId": "paymentMethodId"}):
        method = replace(
            method_from(body, body.payment_method_id),
            vendor=body.vendor_identifier,
            integration_id=IntegrationId(body.integration_id),
        )
        attach_payment_method(
            caller.runtime, caller.scope, CustomerId(id), method, billing_currency=currency
        )
    return one(caller, CustomerId(id))


@router.delete(
    "/{id}/payment-method",
    operation_id="detachPaymentMethod",
    summary="Forget what a customer pays by",
)
def detach(caller: Asked, id: PathId) -> Single[CustomerWire]:
    """The provider keeps it; where there is none, nothing changes."""
    detach_payment_method(caller.runtime, caller.scope, CustomerId(id))
    return one(caller, CustomerId(id))
