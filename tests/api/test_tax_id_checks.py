"""Tax over HTTP: rates of jurisdictions, checks of VAT ids, and a register that is away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.api.conftest import MAX_BODY, Desk, opened, serving
from tests.providers.doubles import Service, service
from usance.flows.runtime import Runtime, Scope
from usance.providers.vies import Vies
from usance.settings import Settings

VALID = {"isValid": True, "userError": "VALID", "name": "NORDLICHT", "requestIdentifier": "W-1"}
CHECKS = "/customers/nordlicht/tax-id-checks"
RATES: list[dict[str, object]] = [
    {"taxCode": "standard", "country": "CA", "percent": "5", "jurisdiction": "GST"},
    {
        "taxCode": "standard",
        "country": "CA",
        "region": "QC",
        "postalPrefix": "H",
        "percent": "9.5",
        "jurisdiction": "QST",
        "isCompound": True,
    },
]


@pytest.fixture
def vies() -> Iterator[Service]:
    """A register that knows every number."""
    with service(VALID) as played:
        yield played


@pytest.fixture
def asking(runtime: Runtime, scope: Scope, vies: Service) -> Iterator[Desk]:
    """The API with that register."""
    outside = replace(runtime, tax_id_register=Vies(vies.url))
    settings = Settings(home=Path("/nowhere"), max_body_bytes=MAX_BODY)
    with serving(outside, settings) as address, opened(address, outside, scope) as desk:
        yield desk


def test_a_vat_id_is_checked_and_the_evidence_read_again(asking: Desk) -> None:
    made = asking.post(CHECKS, key="once")
    assert made.status_code == 201, made.text
    (check,) = made.json()["data"]
    assert (check["isValid"], check["consultation"], check["name"]) == (True, "W-1", "NORDLICHT")
    assert asking.post(CHECKS, key="once").json() == made.json()
    assert asking.get(CHECKS).json()["data"] == [check]


def test_a_register_that_is_away_is_a_bad_gateway_to_be_asked_again(
    asking: Desk, vies: Service
) -> None:
    vies.says({"isValid": False, "userError": "MS_UNAVAILABLE"})
    failed = asking.post(CHECKS)
    assert (failed.status_code, failed.json()["error"]["code"]) == (502, "ProviderFailed")
    assert failed.headers["retry-after"] == "60"
    assert asking.get(CHECKS).json()["data"] == []


def test_a_customer_without_a_vat_id_is_refused(asking: Desk) -> None:
    refused = asking.post("/customers/larkspur/tax-id-checks")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "NoTaxIdToCheck")
    assert asking.post("/customers/nobody/tax-id-checks").status_code == 404


def test_rates_of_jurisdictions_and_the_entitys_rounding_come_back(asking: Desk) -> None:
    path = "/api/v1/legal-entities/halden-us"
    kept = asking.http.put(f"{path}/tax-rates", json={"rates": RATES})
    assert kept.status_code == 200, kept.text
    told = [
        {key: value for key, value in rate.items() if value is not None}
        for rate in kept.json()["data"]
    ]
    assert told == [{**rate, "category": "STANDARD"} for rate in RATES]

    entity = asking.http.get(path).json()["data"]
    body = {key: value for key, value in entity.items() if key not in ("id", "hasLogo")}
    body |= {
        "taxRounding": {"level": "LINE", "mode": "DOWN"},
        "taxCurrency": "GBP",
        "taxService": "https://tax.example/quotes",
    }
    changed = asking.http.put(path, json=body)
    assert changed.status_code == 200, changed.text
    told = changed.json()["data"]
    assert told["taxRounding"] == {"level": "LINE", "mode": "DOWN"}
    assert (told["taxCurrency"], told["taxService"]) == ("GBP", "https://tax.example/quotes")
    unsafe = asking.http.put(path, json=body | {"taxService": "http://tax.example"})
    assert unsafe.json()["error"]["code"] == "InvalidTaxService"
