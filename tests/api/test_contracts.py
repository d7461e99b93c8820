"""Contracts over HTTP: made ahead or by an order, what they are worth, what they will bill."""

from __future__ import annotations

from decimal import Decimal

from tests.api.conftest import Desk, invoice_ids


def test_a_contract_made_ahead_is_a_draft_until_an_order_is_fulfilled_on_it(desk: Desk) -> None:
    body = {
        "customerId": "nordlicht",
        "contractId": "nordlicht-2025",
        "poNumber": "PO-7",
        "activationStartDate": "2025-01-01T00:00:00Z",
        "activationEndDate": "2026-01-01",
    }
    created = desk.post("/contracts", body)
    draft = created.json()["data"]
    assert (created.status_code, draft["state"], draft["name"]) == (201, "DRAFT", "PO-7")
    assert (draft["activationStartDate"], draft["currency"]) == ("2025-01-01", None)
    assert desk.post("/contracts", body).status_code == 200
    summary = desk.get("/contracts/nordlicht-2025/billing/summary").json()["data"]
    assert summary["totalContractValue"] is None
    schedule = desk.get("/contracts/nordlicht-2025/billing/invoice-schedule").json()["data"]
    assert schedule["invoices"] == []
    desk.sign("nordlicht-2025.yaml")
    contract = desk.get("/contracts/nordlicht-2025").json()["data"]
    assert (contract["state"], contract["currency"]) == ("ACTIVE", "EUR")
    assert contract["subscriptions"][0]["subscriptionId"] == "nordlicht-team"


def test_its_value_moves_from_remaining_to_billed(desk: Desk) -> None:
    desk.sign("nordlicht-2025.yaml")
    before = desk.get("/contracts/nordlicht-2025/billing/summary").json()["data"]
    assert (before["totalContractValue"], before["annualContractValue"]) == ("8700.00", "8700.00")
    assert (before["tax"], before["total"]) == ("1653.00", "10353.00")
    assert (before["billed"], before["remaining"]) == ("0.00", "8700.00")
    desk.post("/billing-runs", {"through": "2025-03-01"})
    held = desk.get("/contracts/nordlicht-2025/billing/summary").json()["data"]
    assert (held["billed"], held["drafted"], held["remaining"]) == ("0.00", "2175.00", "8700.00")
    for draft in invoice_ids(desk):
        assert desk.post(f"/invoices/{draft}/approve").status_code == 200
    after = desk.get("/contracts/nordlicht-2025/billing/summary").json()["data"]
    assert (after["billed"], after["remaining"]) == ("2175.00", "6525.00")
    assert after["tax"] == before["tax"]
    seats = after["lineItems"][0]
    assert (seats["lineRef"], seats["billed"], seats["remaining"]) == (
        "seats",
        "2175.00",
        "6525.00",
    )


def test_the_schedule_holds_every_document_made_and_to_come(desk: Desk) -> None:
    desk.sign("nordlicht-2025.yaml")
    path = "/contracts/nordlicht-2025/billing/invoice-schedule"
    to_come = desk.get(path).json()["data"]["invoices"]
    assert [each["state"] for each in to_come] == ["UPCOMING"] * 13  # the last usage comes after
    assert [to_come[0]["issueDate"], to_come[-1]["issueDate"]] == ["2025-01-01", "2026-01-01"]
    assert sum(Decimal(each["subtotal"]) for each in to_come) == Decimal("8700.00")
    desk.post("/billing-runs", {"through": "2025-02-01"})
    desk.issued(invoice_ids(desk)[0])
    mixed = desk.get(path, count=2).json()["data"]["invoices"]
    assert [each["state"] for each in mixed] == ["OPEN", "DRAFT", "UPCOMING", "UPCOMING"]
    assert (mixed[0]["number"], mixed[0]["dueDate"]) == ("HDE-2025-00001", "2025-01-15")
    assert mixed[1]["lineItems"][0]["servicePeriod"] == {"start": "2025-02-01", "end": "2025-03-01"}


def test_renaming_and_archiving(desk: Desk) -> None:
    desk.sign("nordlicht-2025.yaml")
    desk.post("/billing-runs")
    [draft] = invoice_ids(desk)
    renamed = desk.http.patch("/api/v1/contracts/nordlicht-2025", json={"poNumber": "PO-9"})
    assert renamed.json()["data"]["poNumber"] == "PO-9"
    assert desk.get(f"/invoices/{draft}").json()["data"]["poNumber"] == "PO-9"
    archived = desk.post("/contracts/nordlicht-2025/archive").json()["data"]
    assert archived["state"] == "CANCELED"
    assert [each["status"] for each in archived["subscriptions"]] == ["CANCELED"]
    again = desk.post("/contracts/nordlicht-2025/archive")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "ContractCanceled")
    assert desk.get(f"/invoices/{draft}").json()["data"]["state"] == "VOID"


def test_lists_are_narrowed_by_customer_state_and_name(desk: Desk) -> None:
    desk.sign("nordlicht-2025.yaml")
    desk.post("/contracts", {"customerId": "waterweg", "contractId": "later", "name": "Later"})

    def found(**query: str) -> list[str]:
        listed = desk.get("/contracts", **query).json()["data"]
        return [each["contractId"] for each in listed]

    assert found() == ["later", "nordlicht-2025"]  # of one instant: by id
    assert found(customerExternalId="waterweg") == ["later"]
    assert found(state="ACTIVE,CANCELED") == ["nordlicht-2025"]
    assert found(name="Later") == ["later"]
    assert desk.post("/contracts", {"customerId": "nobody"}).status_code == 404
    backwards = {"customerId": "waterweg", "activationStartDate": "2025-02-01"}
    refused = desk.post("/contracts", {**backwards, "activationEndDate": "2025-01-01"})
    assert refused.status_code == 422
