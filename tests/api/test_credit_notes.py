"""Credit notes, refunds, write-offs, invoices without a contract and late fees, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Desk, invoice_ids


@pytest.fixture
def owed(desk: Desk) -> str:
    """Nordlicht's first invoice, 725.00 + 137.75 = 862.75 EUR, issued on 1 January."""
    desk.sign("nordlicht-2025.yaml")
    desk.post("/billing-runs")
    [draft] = invoice_ids(desk, state="DRAFT")
    desk.issued(draft)
    return draft


def data(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()["data"]


def problem(answer: Any) -> tuple[str, str]:
    error = answer.json()["error"]
    assert answer.status_code == 422, answer.text
    return error["details"][0]["code"], error["details"][0]["path"]


def credited(desk: Desk, invoice_id: str, **more: object) -> dict[str, Any]:
    """An issued goodwill credit, as it then is."""
    body = {"reason": "GOODWILL", **more}
    note = data(desk.post(f"/invoices/{invoice_id}/credit", body), 201)
    desk.issued(note["id"])
    return dict(data(desk.get(f"/credit-notes/{note['id']}")))


def training(**more: object) -> dict[str, object]:
    return {
        "customerId": "nordlicht",
        "legalEntityId": "halden-de",
        "currency": "EUR",
        "poNumber": "PO-77",
        "lines": [
            {
                "name": "Training",
                "quantity": "2",
                "unit": "days",
                "price": {"model": "PER_UNIT", "unitAmount": "800.00"},
                "service": {"start": "2025-01-01", "end": "2025-01-03"},
            }
        ],
        **more,
    }


def test_a_line_is_credited_and_its_invoice_owes_less(desk: Desk, owed: str) -> None:
    body = {
        "reason": "SLA_CREDIT",
        "note": "Outage of 2 January",
        "lines": [{"position": 1, "amount": "100.00"}],
    }
    held = data(desk.post(f"/invoices/{owed}/credit", body), 201)
    assert (held["state"], held["document"]["total"]) == ("DRAFT", "119.00")
    desk.issued(held["id"])
    note = data(desk.get(f"/credit-notes/{held['id']}"))
    assert (note["number"], note["state"], note["applied"]) == (
        "HDE-CN-2025-00001",
        "USED",
        "119.00",
    )
    assert (note["reason"], note["note"]) == ("SLA_CREDIT", "Outage of 2 January")
    assert note["invoiceNumbers"] == ["HDE-2025-00001"]
    assert note["document"]["type"] == "CREDIT_NOTE"
    [line] = note["document"]["lineItems"]
    assert (line["amount"], line["tax"], line["source"]) == (
        "100.00",
        "19.00",
        {"invoiceId": owed, "position": 1},
    )
    invoice = data(desk.get(f"/invoices/{owed}"))
    assert (invoice["amountPaid"], invoice["amountCredited"], invoice["amountDue"]) == (
        "0.00",
        "119.00",
        "743.75",
    )
    assert invoice_ids(desk) == [owed]
    assert [each["id"] for each in data(desk.get("/credit-notes"))] == [note["id"]]
    assert desk.get(f"/invoices/{note['id']}/pdf").content.startswith(b"%PDF")


def test_more_than_is_left_of_a_line_is_refused_with_its_path(desk: Desk, owed: str) -> None:
    body = {"reason": "GOODWILL", "lines": [{"position": 1, "amount": "100000.00"}]}
    answer = desk.post(f"/invoices/{owed}/credit", body)
    assert problem(answer) == ("CreditExceedsLine", "lines[0].amount")
    missing = {"reason": "GOODWILL", "lines": [{"position": 99}]}
    assert problem(desk.post(f"/invoices/{owed}/credit", missing)) == (
        "UnknownLine",
        "lines[0].position",
    )
    assert problem(desk.post(f"/invoices/{owed}/credit", {"reason": "OTHER"})) == (
        "NoteMissing",
        "note",
    )


def test_credit_of_a_paid_invoice_is_refunded_in_parts(desk: Desk, owed: str) -> None:
    transfer = {
        "legalEntityId": "halden-de",
        "customerId": "nordlicht",
        "amount": "862.75",
        "currency": "EUR",
        "receivedOn": "2025-01-01",
    }
    data(desk.post("/payments", transfer), 201)
    note = credited(desk, owed)
    assert (note["state"], note["left"]) == ("OPEN", "862.75")
    [balance] = data(desk.get("/customers/nordlicht/balance"))
    assert (balance["customerCredit"], balance["unappliedCash"]) == ("862.75", "0.00")
    refund = data(desk.post(f"/credit-notes/{note['id']}/refund", {"amount": "62.75"}), 201)
    assert refund["state"] == "PENDING"
    assert data(desk.get("/refunds", state="PENDING")) == [refund]
    sent = data(desk.post(f"/refunds/{refund['id']}/sent", {"reference": "TX-1"}))
    assert (sent["state"], sent["reference"]) == ("SENT", "TX-1")
    again = desk.post(f"/refunds/{refund['id']}/cancel")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "RefundNotPending")
    answer = desk.post(f"/credit-notes/{note['id']}/refund", {"amount": "800.01"})
    assert problem(answer) == ("MoreThanLeft", "amount")


def test_a_refunded_payment_opens_its_invoice_again(desk: Desk, owed: str) -> None:
    transfer = {
        "legalEntityId": "halden-de",
        "customerId": "nordlicht",
        "amount": "900.00",
        "currency": "EUR",
        "receivedOn": "2025-01-01",
    }
    payment = data(desk.post("/payments", transfer), 201)
    path = f"/payments/{payment['id']}"
    data(desk.post(f"{path}/refund"), 201)
    assert data(desk.get(path))["refunded"] == "37.25"
    data(desk.post(f"{path}/refund", {"amount": "10.00", "invoiceId": owed}), 201)
    assert data(desk.get(f"/invoices/{owed}"))["amountDue"] == "10.00"
    body = {"amount": "10.00", "invoiceId": "inv_none"}
    assert desk.post(f"{path}/refund", body).status_code == 404


def test_a_credit_note_waits_and_is_applied_by_hand_and_taken_back(desk: Desk, owed: str) -> None:
    note = credited(desk, owed, disposition="BALANCE")
    assert note["left"] == "862.75"
    wishes = {"allocations": [{"invoiceId": owed, "amount": "62.75"}]}
    used = data(desk.post(f"/credit-notes/{note['id']}/allocations", wishes))
    assert used["left"] == "800.00"
    [made] = used["allocations"]
    back = data(desk.post(f"/credit-notes/{note['id']}/allocations/{made['id']}/take-back"))
    assert back["left"] == "862.75"
    other = f"/credit-notes/{owed}/allocations/{made['id']}/take-back"
    assert desk.post(other).status_code == 404


def test_an_invoice_is_credited_and_billed_anew_in_one_step(desk: Desk, owed: str) -> None:
    made = data(desk.post(f"/invoices/{owed}/credit-and-rebill", {"reason": "PRICE_ERROR"}), 201)
    assert made["creditNote"]["state"] == "USED"
    [draft] = made["drafts"]
    assert (draft["state"], draft["total"]) == ("DRAFT", "862.75")
    assert data(desk.post("/billing-runs"))["draftCount"] == 0
    assert data(desk.get(f"/invoices/{owed}"))["state"] == "PAID"


def test_a_debt_is_written_off_and_comes_back(desk: Desk, owed: str) -> None:
    path = f"/invoices/{owed}"
    assert desk.post(f"{path}/write-off", {"reason": ""}).status_code == 422
    made = data(desk.post(f"{path}/write-off", {"reason": "insolvent"}), 201)
    assert (made["amount"], made["tax"], made["isReversed"]) == ("862.75", "137.75", False)
    assert data(desk.get(path))["state"] == "PAID"
    data(desk.post(f"{path}/write-offs/{made['id']}/reverse"))
    [listed] = data(desk.get(f"{path}/write-offs"))
    assert listed["isReversed"] is True
    assert data(desk.get(path))["amountDue"] == "862.75"
    twice = desk.post(f"{path}/write-offs/{made['id']}/reverse")
    assert (twice.status_code, twice.json()["error"]["code"]) == (409, "WriteOffReversed")


def test_an_invoice_without_a_contract_is_written_edited_and_issued(desk: Desk) -> None:
    draft = data(desk.post("/invoices", training()), 201)
    assert (draft["total"], draft["poNumber"], draft["contractIds"]) == ("1904.00", "PO-77", [])
    assert draft["dueDate"] == "2025-01-15"
    path = f"/api/v1/invoices/{draft['id']}"
    edited = desk.http.put(path, json=training(paymentTerms={"netDays": 7}))
    assert data(edited)["dueDate"] == "2025-01-08"
    other = desk.http.put(path, json=training(customerId="waterweg"))
    assert problem(other) == ("CannotChange", "customerId")
    assert desk.issued(draft["id"])["number"] == "HDE-2025-00001"


def test_every_problem_of_an_invoice_without_a_contract_has_its_path(desk: Desk) -> None:
    bad = training()
    line = {"name": "", "quantity": "-1", "price": {"model": "NONE"}, "service": {}}
    answer = desk.post("/invoices", {**bad, "lines": [line]})
    assert answer.status_code == 422
    assert desk.post("/invoices", training(customerId="nobody")).status_code == 404
    wrong = {**training()["lines"][0], "quantity": "0"}  # type: ignore[index]
    assert problem(desk.post("/invoices", training(lines=[wrong]))) == (
        "QuantityNotPositive",
        "lines[0].quantity",
    )


def test_paying_late_is_charged_by_the_entitys_policy_once(desk: Desk, owed: str) -> None:
    entity = data(desk.get("/legal-entities/halden-de"))
    entity.pop("hasLogo")
    entity.pop("id")
    entity["receivables"] = {"lateFees": {"fixed": {"EUR": "25.00"}, "recovery": "EU"}}
    kept = desk.http.put("/api/v1/legal-entities/halden-de", json=entity)
    assert data(kept)["receivables"]["lateFees"]["recovery"] == "EU"
    [made] = data(desk.http.post("/api/v1/invoices/charge-late-fees?through=2025-06-30"))
    assert (made["total"], made["tax"]) == ("65.00", "0.00")
    assert data(desk.post("/invoices/charge-late-fees")) == []
    bad = desk.http.post("/api/v1/invoices/charge-late-fees?through=soon")
    assert problem(bad)[1] == "through"
