"""Billing fields meant for a provider, as Stigg's SDKs send them with a customer.

What we bill by ourselves is taken over: the billing address, tax ids, the name, the currency and
the payment method. The rest (shipping address, custom fields, metadata of the provider's record) is
read and not kept: no provider is told of it, and it is not shown again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from pydantic import Field

from usance.api.catalog.wire import LowerCurrency
from usance.api.envelope import Wire
from usance.api.fields import Metadata
from usance.domain.customer import Vendor, country_named
from usance.domain.errors import Invalid, Problem
from usance.domain.payments.method import PaymentMethod

# Our names of an address's fields, and theirs.
ADDRESS = {"region": "state", "lines": "line1"}


class PostalWire(Wire):
    """A physical address."""

    line1: str | None = Field(default=None, max_length=255)
    line2: str | None = Field(default=None, max_length=255)
    city: str | None = Field(default=None, max_length=255)
    state: str | None = Field(default=None, max_length=255)
    postal_code: str | None = Field(default=None, max_length=255)
    country: str | None = Field(default=None, description="ISO 3166 alpha-2, or its English name.")


class TaxNumberWire(Wire):
    """A tax number and its kind."""

    type: str = Field(examples=["eu_vat"])
    value: str


class ZuoraWire(Wire):
    """For Zuora."""

    billing_address: PostalWire | None = None
    currency: LowerCurrency | None = None
    metadata: Metadata | None = Field(default=None, description="Read and not kept.")
    payment_method_id: str | None = Field(default=None, max_length=255)


class StripeWire(Wire):
    """For Stripe."""

    billing_address: PostalWire | None = None
    customer_name: str | None = Field(default=None, max_length=255)
    tax_ids: list[TaxNumberWire] | None = Field(default=None, max_length=20)
    payment_method_id: str | None = Field(default=None, max_length=255)
    invoice_custom_fields: Metadata | None = Field(default=None, description="Read and not kept.")
    metadata: Metadata | None = Field(default=None, description="Read and not kept.")
    shipping_address: PostalWire | None = Field(default=None, description="Read and not kept.")


class Passthrough(Wire):
    """Billing fields meant for a provider; those that we bill by ourselves are taken over."""

    stripe: StripeWire | None = None
    zuora: ZuoraWire | None = None


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What of it becomes ours: particulars in the notation, where each stood, and a method."""

    particulars: dict[str, object] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    method: PaymentMethod | None = None

    @contextmanager
    def called(self) -> Iterator[None]:
        """Name fields in refusals as they stood in the passthrough."""
        try:
            yield
        except Invalid as refused:
            raise Invalid(*(self._renamed(each) for each in refused.problems)) from None

    def _renamed(self, problem: Problem) -> Problem:
        for name, place in self.places.items():
            if problem.path == name or problem.path.startswith((f"{name}.", f"{name}[")):
                rest = problem.path.removeprefix(name)
                for ours, theirs in (*ADDRESS.items(), ("kind", "type")):
                    rest = rest.replace(f".{ours}", f".{theirs}")
                return replace(problem, path=f"{place}{rest}")
        return problem


NOTHING = TakenOver()


def taken_over(passthrough: Passthrough | None, sent: Mapping[str, object]) -> TakenOver:
    """What of it becomes ours; what was `sent` in our own fields goes before it, and Stripe's
    fields before Zuora's.
    """
    if passthrough is None:
        return NOTHING
    found = TakenOver()
    stripe, zuora = passthrough.stripe, passthrough.zuora
    method = None
    if zuora is not None:
        _take(found, "address", _postal(zuora.billing_address), "zuora.billingAddress")
        currency = None if zuora.currency is None else zuora.currency.upper()
        _take(found, "billingCurrency", currency, "zuora.currency")
        method = _method(zuora.payment_method_id, Vendor.ZUORA)
    if stripe is not None:
        _take(found, "address", _postal(stripe.billing_address), "stripe.billingAddress")
        _take(found, "name", stripe.customer_name, "stripe.customerName")
        _take(found, "taxIds", _numbers(stripe.tax_ids), "stripe.taxIds")
        method = _method(stripe.payment_method_id, Vendor.STRIPE) or method
    for name in found.particulars.keys() & sent.keys():
        del found.particulars[name], found.places[name]
    return replace(found, method=method)


def _take(found: TakenOver, name: str, value: object, place: str) -> None:
    if value is not None:
        found.particulars[name] = value
        found.places[name] = f"passthrough.{place}"


def _postal(address: PostalWire | None) -> dict[str, object] | None:
    if address is None:
        return None
    plain = {
        "country": country_named(address.country or ""),
        "lines": [line for line in (address.line1, address.line2) if line],
        "city": address.city,
        "region": address.state,
        "postalCode": address.postal_code,
    }
    return {name: value for name, value in plain.items() if value is not None}


def _numbers(tax_ids: list[TaxNumberWire] | None) -> list[dict[str, str]] | None:
    if tax_ids is None:
        return None
    return [{"kind": each.type, "value": each.value} for each in tax_ids]


def _method(method_id: str | None, vendor: Vendor) -> PaymentMethod | None:
    return PaymentMethod(billing_id=method_id, vendor=vendor) if method_id else None
