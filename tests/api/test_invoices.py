"""Invoices over HTTP: held, explained, approved, issued, sent, printed, made void."""

from __future__ import annotations

from hashlib import sha256

import pytest

from tests.api.conftest import Desk, invoice_ids
from usance.flows.run_billing import run_billing


@pytest.fixture
def january(desk: Desk) -> str:
    """The seats of January, held for review; its id."""
    desk.sign("nordlicht-2025.yaml")
    run_billing(desk.runtime, desk.scope)
    [invoice_id] = invoice_ids(desk)
    return invoice_id


def test_a_draft_says_what_how_much_and_why(desk: Desk, january: str) -> None:
    draft = desk.get(f"/invoices/{january}").json()["data"]
    assert (draft["state"], draft["number"], draft["hostedUrl"]) == ("DRAFT", None, None)
    assert (draft["subtotal"], draft["tax"], draft["total"]) == ("725.00", "137.75", "862.75")
    assert draft["currency"] == "EUR"
    [line] = draft["lineItems"]
    assert (line["quantity"], line["unitPrice"], line["amount"]) == ("25", "29.00", "725.00")
    assert line["servicePeriod"] == {"start": "2025-01-01", "end": "2025-02-01"}
    assert line["working"]["facts"]["clause"] == "seats"
    assert [each["percent"] for each in draft["taxes"]] == ["19"]
    assert [each["code"] for each in draft["findings"]] == ["FirstInvoice"]


def test_from_draft_to_issued_with_its_number_link_and_paper(desk: Desk, january: str) -> None:
    draft = desk.get(f"/invoices/{january}").json()["data"]
    seen = {"seen": draft["inputHash"]}
    approved = desk.post(f"/invoices/{january}/approve", seen).json()["data"]
    assert (approved["state"], approved["approvedBy"][:4]) == ("APPROVED", "key:")
    issued = desk.post(f"/invoices/{january}/issue").json()["data"]
    assert (issued["number"], issued["state"]) == ("HDE-2025-00001", "OPEN")
    assert (issued["issueDate"], issued["dueDate"]) == ("2025-01-01", "2025-01-15")
    assert issued["amountDue"] == "862.75"
    sent = desk.post(f"/invoices/{january}/send").json()["data"]
    assert sent["sentAt"] == "2025-01-01T12:00:00Z"
    page = desk.http.get(sent["hostedUrl"])
    assert page.status_code == 200
    assert "HDE-2025-00001" in page.text


def test_what_the_reviewer_did_not_see_is_not_approved(desk: Desk, january: str) -> None:
    refused = desk.post(f"/invoices/{january}/approve", {"seen": "0" * 32})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "DraftChanged")


def test_a_draft_is_not_issued_and_an_issued_one_not_again(desk: Desk, january: str) -> None:
    assert desk.post(f"/invoices/{january}/issue").json()["error"]["code"] == "InvoiceNotApproved"
    desk.issued(january)
    again = desk.post(f"/invoices/{january}/issue")
    assert (again.status_code, again.headers["x-should-retry"]) == (409, "false")


def test_a_draft_is_printed_as_a_draft_and_an_issued_one_archived(desk: Desk, january: str) -> None:
    draft = desk.http.get(f"/api/v1/invoices/{january}/pdf")
    assert draft.headers["content-type"] == "application/pdf"
    assert draft.content.startswith(b"%PDF")
    desk.issued(january)
    first = desk.http.get(f"/api/v1/invoices/{january}/pdf").content
    assert sha256(first).digest() != sha256(draft.content).digest()
    assert desk.http.get(f"/api/v1/invoices/{january}/pdf").content == first


def test_a_void_invoice_keeps_its_number_and_what_it_billed_falls_due_again(
    desk: Desk, january: str
) -> None:
    number = desk.issued(january)["number"]
    missing = desk.post(f"/invoices/{january}/void", {"reason": ""})
    assert (missing.status_code, missing.json()["error"]["details"][0]["path"]) == (422, "reason")
    void = desk.post(f"/invoices/{january}/void", {"reason": "Wrong price"}).json()["data"]
    assert (void["state"], void["number"], void["amountDue"]) == ("VOID", number, "0.00")
    run_billing(desk.runtime, desk.scope)
    assert len(invoice_ids(desk, state="DRAFT")) == 1


def test_refreshing_takes_up_late_usage(desk: Desk, january: str) -> None:
    desk.at("2025-02-01")
    run_billing(desk.runtime, desk.scope)
    [february] = [each for each in invoice_ids(desk) if each != january]
    before = desk.get(f"/invoices/{february}").json()["data"]
    events = [
        {
            "customerId": "nordlicht",
            "eventName": "api_calls",
            "idempotencyKey": f"k{index}",
            "timestamp": "2025-01-20T10:00:00Z",
            "dimensions": {"calls": 20_000, "status": "ok"},
        }
        for index in range(3)
    ]
    assert desk.post("/events", {"events": events}).json()["data"]["accepted"] == 3
    after = desk.post(f"/invoices/{february}/refresh").json()["data"]
    assert after["inputHash"] != before["inputHash"]
    usage = [each["usage"] for each in after["lineItems"] if each["kind"] == "USAGE"]
    assert [each["eventCount"] for each in usage] == [3]
