"""A customer as it travels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import Field

from usance.api.catalog.wire import LowerCurrency
from usance.api.customers.passthrough import Passthrough
from usance.api.envelope import Instant, Wire
from usance.api.fields import AddressWire, Metadata, Ref, TaxIdWire, at
from usance.documents.particulars import plain_customer
from usance.domain.customer import BillTo, Integration, Vendor
from usance.domain.ids import CustomerId, IntegrationId
from usance.domain.payments.method import MethodType, PaymentMethod
from usance.store import customer_links, parties
from usance.store.database import Row, Tx


class IntegrationBody(Wire):
    """What a customer is called in a connected system."""

    id: Ref = Field(description="The connection.", examples=["stripe-eu"])
    vendor_identifier: Vendor
    synced_entity_id: str | None = Field(
        default=None, max_length=255, description="The customer there.", examples=["cus_NffrFeUf"]
    )

    def domain(self) -> Integration:
        """As the rules know it. Raises Invalid."""
        return Integration(
            id=IntegrationId(self.id),
            vendor=self.vendor_identifier,
            synced_entity_id=self.synced_entity_id,
        )


class CardFields(Wire):
    """What is known of a method; the provider keeps the rest."""

    type: MethodType | None = None
    card_brand: str | None = Field(default=None, max_length=255, examples=["visa"])
    card_expiry_month: int | None = Field(default=None, examples=[11])
    card_expiry_year: int | None = Field(default=None, examples=[2029])
    card_last4_digits: str | None = Field(default=None, examples=["4242"])
    wallet_type: str | None = Field(default=None, max_length=255, examples=["apple_pay"])


class MethodBody(CardFields):
    """A method a customer pays by."""

    billing_id: str | None = Field(
        default=None, max_length=255, description="The provider's id.", examples=["pm_1Kw"]
    )


class Particulars(Wire):
    """What may be said of a customer."""

    name: str | None = Field(default=None, max_length=255, examples=["Nordlicht Verlag GmbH"])
    email: str | None = Field(default=None, examples=["rechnung@nordlicht.example"])
    address: AddressWire | None = None
    tax_ids: list[TaxIdWire] | None = Field(default=None, max_length=20)
    locale: str | None = Field(
        default=None, description="The language of its documents.", examples=["de-DE"]
    )
    exemption: str | None = Field(
        default=None, description="Why no tax is due whatever the place; printed."
    )
    credit_application: Literal["AUTOMATIC", "MANUAL"] | None = Field(
        default=None, description="Whether its credit pays its invoices; as its seller has it."
    )
    metadata: Metadata | None = None
    parent_id: Ref | None = Field(
        default=None, description="The account it belongs to.", examples=["nordlicht-holding"]
    )
    bill_to: BillTo | None = Field(
        default=None, description="Whose invoices carry what it buys; SELF without it."
    )
    billing_id: str | None = Field(
        default=None, max_length=255, description="What another system calls it."
    )
    billing_currency: LowerCurrency | None = None
    timezone: str | None = Field(default=None, examples=["Europe/Berlin"])
    language: str | None = Field(default=None, description="Another name of `locale`.")
    coupon_id: Ref | Literal[""] | None = Field(
        default=None, description="Taken off all of its subscriptions; empty or null clears."
    )


class CustomerPatch(Particulars):
    """What changes; null clears."""

    integrations: list[IntegrationBody] | None = Field(
        default=None, max_length=50, description="Replaced whole."
    )
    passthrough: Passthrough | None = None


class CustomerBody(CustomerPatch):
    """A customer, new or replaced."""

    id: Ref = Field(examples=["nordlicht"])
    default_payment_method: MethodBody | None = None


class ImportedCustomer(Wire):
    """A customer from elsewhere; what is left out stays as it was."""

    id: Ref
    billing_id: str | None = Field(default=None, max_length=255)
    name: str | None = Field(default=None, max_length=255)
    email: str | None = None
    metadata: Metadata | None = None
    payment_method_id: str | None = Field(
        default=None, max_length=255, description="The provider's id of what it pays by."
    )
    salesforce_id: str | None = Field(
        default=None, max_length=255, description="Linked as the integration `salesforce`."
    )
    updated_at: datetime | None = Field(default=None, description="Read and not kept.")


class ImportBody(Wire):
    """Customers from elsewhere."""

    customers: list[ImportedCustomer] = Field(min_length=1, max_length=1000)
    integration_id: Ref | None = Field(
        default=None, description="The connection whose provider keeps the payment methods."
    )


class ImportedWire(Wire):
    """Those that were not known before."""

    new_customers: list[str]


class ResourceWire(Wire):
    """A part of a customer, such as a workspace, with subscriptions of its own."""

    id: str
    created_at: Instant
    updated_at: Instant


class CustomerIntegration(Wire):
    """What a customer is called in a connected system."""

    id: str = Field(description="The connection.")
    vendor_identifier: Vendor
    synced_entity_id: str | None


class DefaultPaymentMethod(CardFields):
    """The method a customer pays by."""

    billing_id: str | None


class CustomerWire(Particulars):
    """A customer."""

    id: str
    integrations: list[CustomerIntegration]
    default_payment_method: DefaultPaymentMethod | None
    passthrough: None = Field(description="Always null: what of it we bill by is in its own field.")
    created_at: Instant
    updated_at: Instant
    archived_at: Instant | None


def sent(body: Wire) -> dict[str, object]:
    """The particulars that were sent, in the notation's names."""
    plain = body.model_dump(
        by_alias=True,
        exclude_unset=True,
        exclude={"integrations", "passthrough", "default_payment_method", *APART},
    )
    if plain.get("name", "") is None:
        del plain["name"]  # there is none in the other system: it stays, or is the id
    if plain.get("couponId") == "":
        plain["couponId"] = None
    if plain.get("billingCurrency") is not None:
        plain["billingCurrency"] = plain["billingCurrency"].upper()
    if "language" in plain:
        plain["locale"] = plain.pop("language")
    return {"customerId" if key == "id" else key: value for key, value in plain.items()}


APART = ("payment_method_id", "salesforce_id", "updated_at")  # of an import, not particulars


def method_from(body: CardFields, billing_id: str | None) -> PaymentMethod:
    """The method of those fields. Raises Invalid."""
    return PaymentMethod(
        billing_id=billing_id,
        type=body.type,
        card_brand=body.card_brand,
        card_expiry_month=body.card_expiry_month,
        card_expiry_year=body.card_expiry_year,
        card_last4_digits=body.card_last4_digits,
        wallet_type=body.wallet_type,
    )


def links_from(bodies: Sequence[IntegrationBody]) -> list[Integration]:
    """Those links. Raises Invalid, with the index of what is wrong."""
    return [at(f"integrations[{index}]", each.domain) for index, each in enumerate(bodies)]


def rendered(tx: Tx, rows: Mapping[CustomerId, Row]) -> list[CustomerWire]:
    """Customers by id, as they travel, with what hangs on each."""
    links = customer_links.integrations(tx, list(rows))
    methods = customer_links.methods(tx, list(rows))
    return [_wire(row, links[each], methods.get(each)) for each, row in rows.items()]


def _wire(row: Row, links: Sequence[Integration], method: PaymentMethod | None) -> CustomerWire:
    customer = parties.customer_from(row.particulars)
    plain = plain_customer(customer)
    if customer.billing_currency is not None:
        plain["billingCurrency"] = customer.billing_currency.lower()
    apart = {
        "id": plain.pop("customerId"),
        "language": plain["locale"],
        "integrations": [_link(each) for each in links],
        "defaultPaymentMethod": None if method is None else _method(method),
        "passthrough": None,
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
        "archivedAt": row.archived_at,
    }
    return CustomerWire.model_validate({**plain, **apart})


def _link(link: Integration) -> CustomerIntegration:
    return CustomerIntegration(
        id=link.id, vendor_identifier=link.vendor, synced_entity_id=link.synced_entity_id
    )


def _method(method: PaymentMethod) -> DefaultPaymentMethod:
    return DefaultPaymentMethod(
        billing_id=method.billing_id,
        type=method.type,
        card_brand=method.card_brand,
        card_expiry_month=method.card_expiry_month,
        card_expiry_year=method.card_expiry_year,
        card_last4_digits=method.card_last4_digits,
        wallet_type=method.wallet_type,
    )
