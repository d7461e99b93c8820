"""Billing collected item by item over HTTP, published, and edited while the contract runs."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.conftest import Desk, invoice_ids
from tests.api.lives import INITIAL, agree, later, told

PLATFORM = {
    "name": "Platform",
    "externalId": "platform",
    "pricingModelId": "flat-fee",
    "rows": [{"price": 100}],
    "billingCycleUnit": "MONTH",
}
SEATS = {
    "name": "Seats",
    "externalId": "seats",
    "pricingModelId": "graduated",
    "rows": [
        {"quantity": "15", "price": "30.00", "from": 0, "to": 10},
        {"price": "20.00", "from": 11},
    ],
    "billingCycleUnit": "MONTH",
    "discount": 10,
}
CALLS = {
    "name": "Calls",
    "externalId": "api-calls",
    "pricingModelId": "usage-per-unit",
    "rows": [{"price": "0.0025"}],
    "billingCycleUnit": "MONTH",
}
SETUP = {"name": "Setup", "pricingModelId": "flat-fee", "rows": [{"price": "500.00"}]}
YEAR = {"activationStartDate": "2025-01-01", "activationEndDate": "2026-01-01"}


def patch(desk: Desk, path: str, body: object) -> httpx.Response:
    return desk.http.patch(f"/api/v1/contracts/c1/billing{path}", json=body)


def begin(desk: Desk) -> None:
    desk.post("/contracts", {"customerId": "nordlicht", "contractId": "c1", "name": "Framework"})


def collect(desk: Desk, *items: object, **said: str) -> dict[str, Any]:
    answer = desk.post("/contracts/c1/billing/items", {"lineItems": list(items), **said})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def publish(desk: Desk) -> dict[str, Any]:
    answer = desk.post("/contracts/c1/billing/publish")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def problem(answer: httpx.Response) -> tuple[int, str, str]:
    detail = answer.json()["error"]["details"][0]
    return answer.status_code, detail["code"], detail["path"]


def test_items_are_collected_priced_previewed_and_published(desk: Desk) -> None:
    begin(desk)
    collect(desk, PLATFORM, **YEAR, currency="EUR")
    draft = collect(desk, SEATS, CALLS, SETUP | {"netTerms": 14})
    assert [item["itemRef"] for item in draft["lineItems"][:3]] == [
        *("platform", "seats", "api-calls"),
    ]
    assert (draft["netTerms"], draft["currency"], draft["amendsFrom"]) == (14, "EUR", None)
    summary = told(desk, "/billing/summary")
    assert summary["totalContractValue"] == "6020.00"  # 12 x (100 + 90 % of 400), and 500
    assert told(desk, "/billing/invoice-schedule")["invoices"] == [], "nobody issues them yet"
    patch(desk, "/settings", {"legalEntityId": "halden-de", "note": "from the quote"})
    to_come = told(desk, "/billing/invoice-schedule")["invoices"]
    assert (len(to_come), to_come[0]["subtotal"]) == (13, "960.00")
    assert told(desk, "")["state"] == "DRAFT"
    contract = publish(desk)
    assert (contract["state"], contract["netDays"]) == ("ACTIVE", 14)
    assert (contract["activationStartDate"], contract["name"]) == ("2025-01-01", "Framework")
    assert told(desk, "/value")["totalContractValue"] == "6020.00"
    [order] = desk.get("/orders").json()["data"]
    assert (order["kind"], order["status"]) == ("INITIAL", "FULFILLED")
    left = told(desk, "/billing")
    assert (left["lineItems"], left["note"]) == ([], "from the quote")
    assert told(desk, "/billing/summary")["totalContractValue"] == "6020.00"


def test_rows_are_replaced_and_deleted_before_they_are_published(desk: Desk) -> None:
    begin(desk)
    collect(desk, PLATFORM, SEATS)
    changed = patch(desk, "/items/seats", {"rows": [{"quantity": 5, "price": 12}]})
    assert changed.json()["data"]["lineItems"][1]["rows"] == [
        {
            "rowIndex": 0,
            "quantity": "5",
            "price": "12",
            "from": None,
            "to": None,
            "packageSize": None,
        }
    ]
    gone = desk.http.delete("/api/v1/contracts/c1/billing/items/seats/rows/0")
    assert [item["itemRef"] for item in gone.json()["data"]["lineItems"]] == ["platform"]
    again = desk.http.delete("/api/v1/contracts/c1/billing/items/seats/rows/0")
    assert again.status_code == 404
    assert desk.http.delete("/api/v1/contracts/c1/billing/items/platform/rows/7").status_code == 404
    terms = {"currency": "USD", "netTerms": 45, **YEAR}
    assert patch(desk, "/terms", terms).json()["data"]["netTerms"] == 45
    assert told(desk, "")["activationEndDate"] == "2026-01-01"


def test_what_is_missing_is_named_when_it_is_published(desk: Desk) -> None:
    begin(desk)
    nothing = desk.post("/contracts/c1/billing/publish")
    paths = {detail["path"] for detail in nothing.json()["error"]["details"]}
    assert {"legalEntityId", "currency", "activationStartDate", "lines"} <= paths
    collect(desk, PLATFORM, **YEAR, currency="EUR", legalEntityId="nobody")
    refused = desk.post("/contracts/c1/billing/publish")
    assert problem(refused) == (422, "UnknownLegalEntity", "legalEntityId")
    assert told(desk, "")["state"] == "DRAFT"
    assert desk.get("/orders").json()["data"] == []


@pytest.mark.parametrize(
    ("item", "code", "path"),
    [
        (PLATFORM | {"pricingModelId": "barter"}, "UnknownPricingModel", "pricingModelId"),
        (PLATFORM | {"rows": [{"price": 1}, {"price": 2}]}, "WrongRows", "rows"),
        (PLATFORM | {"rows": [{"price": 1, "quantity": 2}]}, "NotOfThisModel", "rows[0].quantity"),
        (PLATFORM | {"pricingModelId": "per-unit"}, "MissingField", "rows[0].quantity"),
        (CALLS | {"billingCycleUnit": None}, "MissingField", "billingCycleUnit"),
        (SEATS | {"rows": [{"quantity": 1, "price": 1, "to": 5}]}, "LastTierEnds", "rows[0].to"),
        (
            SEATS | {"rows": [{"quantity": 1, "price": 1, "to": 5}, {"price": 1, "from": 8}]},
            *("TierGap", "rows[1].from"),
        ),
        (
            SEATS | {"rows": [{"quantity": 1, "price": 1}, {"price": 1}]},
            *("TierGap", "rows[0].to"),
        ),
    ],
)
def test_rows_that_a_pricing_model_does_not_have_are_refused(
    desk: Desk, item: dict[str, object], code: str, path: str
) -> None:
    begin(desk)
    refused = desk.post("/contracts/c1/billing/items", {"lineItems": [item]})
    assert problem(refused) == (422, code, f"lineItems[0].{path}")


def test_items_do_not_share_a_ref_nor_differ_in_net_terms(desk: Desk) -> None:
    begin(desk)
    collect(desk, PLATFORM)
    again = desk.post("/contracts/c1/billing/items", {"lineItems": [PLATFORM]})
    assert problem(again) == (422, "DuplicateItem", "lineItems[0].externalId")
    two = [SEATS | {"netTerms": 10}, CALLS | {"netTerms": 20}]
    differ = desk.post("/contracts/c1/billing/items", {"lineItems": two})
    assert problem(differ) == (422, "NetTermsDiffer", "lineItems[0].netTerms")
    wrong = desk.post("/contracts/c1/billing/items", {"lineItems": [SETUP], "currency": "EUROS"})
    assert wrong.status_code == 422


def test_a_contract_that_runs_is_edited_once_it_is_opened(desk: Desk) -> None:
    agree(desk, INITIAL)
    closed = patch(desk, "/terms", {"netTerms": 10})
    assert (closed.status_code, closed.json()["error"]["code"]) == (409, "BillingNotOpen")
    assert desk.post("/contracts/c1/billing/publish").status_code == 409
    desk.post("/billing-runs")
    [january] = invoice_ids(desk)
    desk.issued(january)
    desk.at("2025-01-17")
    opened = desk.post("/contracts/c1/billing/edit-active").json()["data"]
    [seats] = opened["lineItems"]
    assert (opened["amendsFrom"], seats["pricingModelId"]) == ("TODAY", "per-unit")
    assert (seats["rows"][0]["quantity"], seats["rows"][0]["price"]) == ("10", "30.00")
    patch(desk, "/items/seats", {"rows": [{"quantity": 12, "price": "30.00"}]})
    collect(desk, PLATFORM, SETUP)
    assert told(desk, "/value")["totalContractValue"] == "3600.00", "nothing is agreed by editing"
    publish(desk)
    last = told(desk, "/timeline")["events"][-1]
    assert (last["on"], last["order"]["kind"]) == ("2025-01-17", "AMENDMENT")
    named = {each["lineRef"]: each["change"] for each in last["order"]["changes"]["lines"]}
    assert named["seats"] == "CHANGED"
    assert named["platform"] == "OPENED"
    assert told(desk, "/value")["billed"] == "300.00", "what was issued stays"
    desk.post("/billing-runs")
    [more] = invoice_ids(desk, state="DRAFT")
    draft = desk.get(f"/invoices/{more}").json()["data"]
    assert draft["subtotal"] == "629.03"  # 15/31 of 2 seats, and the new items


def test_the_current_period_is_included_when_asked(desk: Desk) -> None:
    agree(desk, INITIAL)
    desk.at("2025-02-17")
    current = {"includeCurrentInvoice": True}
    assert desk.post("/contracts/c1/billing/edit-active").status_code == 200
    opened = desk.post("/contracts/c1/billing/edit-active", current).json()["data"]
    assert opened["amendsFrom"] == "CURRENT_PERIOD"
    patch(desk, "/items/seats", {"rows": [{"quantity": 10, "price": "28.00"}]})
    patch(desk, "/terms", {"netTerms": 14, "activationEndDate": "2026-03-01"})
    contract = publish(desk)
    assert (contract["netDays"], contract["activationEndDate"]) == (14, "2026-03-01")
    last = told(desk, "/timeline")["events"][-1]
    assert last["on"] == "2025-02-01"
    assert last["value"]["totalContractValue"] == "3940.00"  # 300, then 13 months of 280


def test_an_item_without_rows_ends_and_an_edit_of_nothing_makes_no_order(desk: Desk) -> None:
    agree(desk, INITIAL)
    desk.post("/contracts/c1/billing/edit-active")
    publish(desk)
    assert len(desk.get("/orders").json()["data"]) == 1
    desk.at("2025-07-01")
    desk.post("/contracts/c1/billing/edit-active")
    desk.http.delete("/api/v1/contracts/c1/billing/items/seats/rows/0")
    publish(desk)
    assert told(desk, "/value")["totalContractValue"] == "1800.00"


def test_what_was_agreed_once_is_not_edited(desk: Desk) -> None:
    odd = INITIAL["lines"][0] | {
        "lineId": "odd",
        "price": {"model": "PER_UNIT", "unitAmount": "30.00", "minimum": "100.00"},
    }
    matrix = {
        "lineId": "matrix",
        "name": "Matrix",
        "kind": "USAGE",
        "featureId": "api-calls",
        "price": {"model": "PERCENTAGE", "ratePercent": "1"},
        "billing": {"every": {"count": 1, "unit": "MONTH"}},
    }
    agree(desk, INITIAL | {"lines": [odd, matrix]})
    opened = desk.post("/contracts/c1/billing/edit-active").json()["data"]
    assert [item["rows"] == [] for item in opened["lineItems"]] == [False, True]
    row = {"rows": [{"price": 1}]}
    assert problem(patch(desk, "/items/matrix", row)) == (422, "ItemNotEditable", "rows")
    start = patch(desk, "/terms", {"activationStartDate": "2025-02-01"})
    assert problem(start) == (422, "StartIsAgreed", "activationStartDate")
    other = patch(desk, "/terms", {"currency": "USD"})
    assert problem(other) == (422, "CurrencyMismatch", "currency")
    patch(desk, "/items/odd", {"rows": [{"quantity": 10, "price": "2.00"}]})
    publish(desk)
    assert told(desk, "/value")["totalContractValue"] == "1200.00", "the minimum is kept"


def test_an_ended_contract_is_not_opened(desk: Desk) -> None:
    agree(desk, INITIAL)
    desk.post("/contracts/c1/archive")
    refused = desk.post("/contracts/c1/billing/edit-active")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "ContractNotActive")
    assert desk.post("/contracts/none/billing/edit-active").status_code == 404
    assert desk.get("/contracts/none/billing").status_code == 404


def test_editing_after_a_termination_is_refused_when_published(desk: Desk) -> None:
    end = later("o2", "TERMINATION", effectiveOn="2025-06-01", refund="NONE")
    agree(desk, INITIAL, end)
    desk.post("/contracts/c1/billing/edit-active")
    patch(desk, "/items/seats", {"rows": [{"quantity": 1, "price": "30.00"}]})
    publish(desk)
    desk.at("2025-07-01")
    desk.post("/contracts/c1/billing/edit-active")
    collect(desk, PLATFORM)
    assert problem(desk.post("/contracts/c1/billing/publish"))[1] == "ContractTerminated"
