"""Tax services: somebody else says what a line bears (docs/guides/tax.md has the JSON)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from usance.domain.customer import Address
from usance.domain.errors import Invalid
from usance.domain.money import exact_decimal
from usance.domain.tax.quotes import TaxQuestion
from usance.domain.tax.rates import TABLE_CATEGORIES, TaxCategory
from usance.domain.tax.treatment import TaxComponent, TaxTreatment, combined
from usance.providers.errors import ProviderError
from usance.providers.http_json import ask_json

MOST_TAXES = 20
LONGEST = 500  # characters of a name or reason
QUOTABLE = (*TABLE_CATEGORIES, TaxCategory.REVERSE_CHARGE, TaxCategory.OUTSIDE_SCOPE)


class ServiceAnswer(NamedTuple):
    """What a service said: how we read it, its own reference, and all of it as evidence."""

    treatment: TaxTreatment
    reference: str
    answer: Mapping[str, object]


class TaxService(Protocol):
    """Something that knows what a line bears."""

    def quote(self, question: TaxQuestion) -> ServiceAnswer:
        """Its answer. Raises ProviderError."""


@dataclass(frozen=True, slots=True)
class HttpTaxService:
    """A service that takes questions as JSON at `url`, by POST."""

    url: str

    def quote(self, question: TaxQuestion) -> ServiceAnswer:
        """What it answers, read strictly: what we do not understand is no tax. Raises
        ProviderError.
        """
        plain = ask_json("POST", self.url, service="The tax service", body=_body(question))
        try:
            return ServiceAnswer(_treatment(plain), _text(plain.get("reference", "")), plain)
        except (Invalid, KeyError, TypeError, ValueError) as error:
            reason = f"The tax service's answer cannot be read: {error}"
            raise ProviderError(reason[:LONGEST], retryable=False) from error


def _body(question: TaxQuestion) -> dict[str, object]:
    return {
        "legalEntityId": question.legal_entity_id,
        "customerId": question.customer_id,
        "seller": _address(question.seller),
        "buyer": _address(question.buyer),
        "buyerTaxIds": [
            {"kind": each.kind, "value": each.value} for each in question.buyer_tax_ids
        ],
        "taxCode": question.tax_code,
        "taxPoint": question.tax_point.isoformat(),
    }


def _address(address: Address) -> dict[str, object]:
    return {
        "lines": list(address.lines),
        "city": address.city,
        "region": address.region,
        "postalCode": address.postal_code,
        "country": address.country,
    }


def _treatment(plain: Mapping[str, Any]) -> TaxTreatment:
    category = TaxCategory(plain["category"])
    if category not in QUOTABLE:
        raise ValueError(f"category {category} is not for services")
    reason, taxes = _text(plain.get("reason", "")), plain.get("taxes", [])
    if not isinstance(taxes, list) or len(taxes) > MOST_TAXES:
        raise ValueError(f"taxes is no list of at most {MOST_TAXES}")
    components = [_component(each) for each in taxes]
    if category is TaxCategory.STANDARD:
        if not components:
            raise ValueError("category S bears at least one tax")
        return combined(components, "quote")
    if components:
        raise ValueError(f"category {category} bears no tax")
    if not reason and category is not TaxCategory.ZERO:
        raise ValueError(f"category {category} has a reason to print")
    return TaxTreatment(category, exact_decimal(0), "quote", reason)


def _component(plain: Mapping[str, Any]) -> TaxComponent:
    percent = exact_decimal(plain["percent"])
    if not 0 <= percent <= 100:
        raise ValueError(f"{percent} is no percentage from 0 to 100")
    is_compound = plain.get("isCompound", False)
    if not isinstance(is_compound, bool):
        raise TypeError("isCompound is true or false")
    return TaxComponent(_text(plain["jurisdiction"]), percent, is_compound)


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST or not value.isprintable():
        raise TypeError(f"{str(value)[:40]!r} is no line of text")
    return value
