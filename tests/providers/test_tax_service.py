"""The tax service over HTTP: what it is asked, and how strictly its answer is read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.domain.tax.parties import buyer, seller
from tests.providers.doubles import service
from usance.domain.tax.quotes import question
from usance.domain.tax.rates import TaxCategory
from usance.domain.tax.treatment import TaxComponent
from usance.providers.errors import ProviderError
from usance.providers.tax_service import HttpTaxService

ASKED = question(
    seller("US"),
    buyer("US", region="NY", postal_code="10013", vat_ids=["FR40303265045"]),
    tax_code="saas",
    on=date(2026, 3, 1),
)
NEW_YORK = {
    "category": "S",
    "taxes": [
        {"jurisdiction": "New York State", "percent": "4"},
        {"jurisdiction": "New York City", "percent": 4.875, "isCompound": False},
    ],
    "reference": "q-1",
}


def test_it_is_asked_who_sells_what_to_whom_where_and_when() -> None:
    with service(NEW_YORK) as taxes:
        said = HttpTaxService(f"{taxes.url}/v1/quotes").quote(ASKED)
    assert said.treatment.components == (
        TaxComponent("New York State", Decimal(4)),
        TaxComponent("New York City", Decimal("4.875")),
    )
    assert (said.treatment.rule, said.treatment.percent) == ("quote", Decimal("8.875"))
    assert said.reference == "q-1"
    ((path, body),) = taxes.asked
    assert path == "/v1/quotes"
    assert body == {
        "legalEntityId": "le",
        "customerId": "cus",
        "seller": {"lines": [], "city": "", "region": "", "postalCode": "", "country": "US"},
        "buyer": {"lines": [], "city": "", "region": "NY", "postalCode": "10013", "country": "US"},
        "buyerTaxIds": [{"kind": "eu_vat", "value": "FR40303265045"}],
        "taxCode": "saas",
        "taxPoint": "2026-03-01",
    }


def test_no_tax_comes_with_its_reason() -> None:
    with service({"category": "AE", "reason": "Reverse charge"}) as taxes:
        said = HttpTaxService(taxes.url).quote(ASKED)
    assert said.treatment.category is TaxCategory.REVERSE_CHARGE
    assert said.treatment.reason == "Reverse charge"
    assert not said.treatment.percent


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"category": "X"},
        {"category": "K", "reason": "Goods"},
        {"category": "S"},
        {"category": "O"},
        {"category": "Z", "taxes": [{"jurisdiction": "x", "percent": "1"}]},
        {"category": "S", "taxes": "much"},
        {"category": "S", "taxes": [{"percent": "1"}]},
        {"category": "S", "taxes": [{"jurisdiction": "x", "percent": "101"}]},
        {"category": "S", "taxes": [{"jurisdiction": "x", "percent": "NaN"}]},
        {"category": "S", "taxes": [{"jurisdiction": "x\n", "percent": "1"}]},
        {"category": "S", "taxes": [{"jurisdiction": "x", "percent": "1", "isCompound": 1}]},
        {"category": "S", "taxes": [{"jurisdiction": "x", "percent": "1"}] * 21},
        {**NEW_YORK, "reference": 7},
    ],
)
def test_what_cannot_be_understood_is_no_tax_and_no_retry(plain: dict[str, object]) -> None:
    with service(plain) as taxes, pytest.raises(ProviderError) as failed:
        HttpTaxService(taxes.url).quote(ASKED)
    assert not failed.value.retryable
