"""From a billing run to money in the bank, over HTTP."""

from __future__ import annotations

import pytest

from tests.api.conftest import Desk, invoice_ids


@pytest.fixture
def owed(desk: Desk) -> Desk:
    """Nordlicht owes January and February, 862.75 EUR each, both issued on their first day."""
    desk.sign("nordlicht-2025.yaml")
    for day in ("2025-01-01", "2025-02-01"):
        desk.at(day)
        desk.post("/billing-runs")
        [draft] = invoice_ids(desk, state="DRAFT")
        desk.issued(draft)
    return desk


def transfer(amount: str, **more: object) -> dict[str, object]:
    return {
        "legalEntityId": "halden-de",
        "customerId": "nordlicht",
        "amount": amount,
        "currency": "EUR",
        "receivedOn": "2025-02-01",
        **more,
    }


def states(desk: Desk) -> list[str]:
    return [each["state"] for each in desk.get("/invoices").json()["data"]]


def test_a_dry_run_says_the_same_and_keeps_nothing(desk: Desk) -> None:
    desk.sign("nordlicht-2025.yaml")
    desk.sign("waterweg-2025.json")
    body = {"through": "2025-02-01"}
    dry = desk.post("/billing-runs", {**body, "dryRun": True}).json()["data"]
    assert invoice_ids(desk) == []
    run = desk.post("/billing-runs", body).json()["data"]
    assert (run["draftCount"], run["totals"]) == (dry["draftCount"], dry["totals"])
    assert [each["total"] for each in run["drafts"]] == [each["total"] for each in dry["drafts"]]
    assert [each["id"] for each in run["drafts"]] == invoice_ids(desk)
    assert {each["through"] for each in run["through"]} == {"2025-02-01"}
    assert desk.post("/billing-runs", body).json()["data"]["draftCount"] == 0
    bad = desk.post("/billing-runs", {"through": "soon"})
    assert bad.json()["error"]["details"][0]["path"] == "through"


def test_what_is_due_next_is_what_the_next_run_drafts(desk: Desk) -> None:
    desk.sign("nordlicht-2025.yaml")
    [upcoming] = desk.get("/customers/nordlicht/upcoming-invoices").json()["data"]
    desk.post("/billing-runs")
    [draft] = desk.get("/invoices").json()["data"]
    assert {key: draft[key] for key in upcoming} == upcoming


def test_a_payment_finds_the_oldest_invoice_and_the_rest_is_allocated_by_hand(owed: Desk) -> None:
    assert states(owed) == ["OVERDUE", "OPEN"]
    answer = owed.post("/payments", transfer("1000.00", bankReference="b-1"))
    payment = answer.json()["data"]
    assert answer.status_code == 201
    assert (payment["allocated"], payment["unallocated"]) == ("1000.00", "0.00")
    assert [each["amount"] for each in payment["allocations"]] == ["862.75", "137.25"]
    assert states(owed) == ["PAID", "PARTIALLY_PAID"]
    repeat = owed.post("/payments", transfer("1000.00", bankReference="b-1"))
    assert (repeat.status_code, repeat.json()["data"]["id"]) == (200, payment["id"])
    other = owed.post("/payments", transfer("999.00", bankReference="b-1"))
    assert other.json()["error"]["code"] == "BankReferenceUsed"


def test_an_allocation_is_taken_back_and_made_anew(owed: Desk) -> None:
    january, february = invoice_ids(owed)
    named = [{"invoiceId": february, "amount": "100.00"}]
    payment = owed.post("/payments", transfer("900.00", allocations=named)).json()["data"]
    path = f"/payments/{payment['id']}"
    [made] = payment["allocations"]
    undone = owed.post(f"{path}/allocations/{made['id']}/take-back").json()["data"]
    assert (undone["unallocated"], len(undone["allocations"])) == ("900.00", 2)
    again = owed.post(f"{path}/allocations/{made['id']}/take-back")
    assert again.json()["error"]["code"] == "AllocationTakenBack"
    paid = owed.post(f"{path}/allocations", {"allocations": [{"invoiceId": january}]})
    assert paid.json()["data"]["unallocated"] == "37.25"
    kept = owed.post(f"{path}/credit", {"amount": "30.00"}).json()["data"]
    assert (kept["keptAsCredit"], kept["unallocated"]) == ("30.00", "7.25")
    assert owed.post(f"{path}/release-credit").json()["data"]["unallocated"] == "37.25"
    assert owed.get(path).json()["data"]["keptAsCredit"] == "0.00"
    assert [each["id"] for each in owed.get("/payments").json()["data"]] == [payment["id"]]
    void = owed.post(f"/invoices/{january}/void", {"reason": "No"})
    assert void.json()["error"]["code"] == "InvoiceNotVoidable"


BAD_PAYMENTS: list[tuple[dict[str, object], str]] = [
    ({"amount": "10.005"}, "amount"),
    ({"amount": "-1"}, "amount"),
    ({"amount": 10}, "amount"),
    ({"currency": "EURO"}, "currency"),
    ({"receivedOn": "1.2.2025"}, "receivedOn"),
    ({"receivedOn": "2099-01-01"}, "receivedOn"),
    ({"allocations": [{"invoiceId": "inv", "amount": "x"}]}, "allocations[0].amount"),
]


def test_a_bad_payment_is_refused_by_its_field(desk: Desk) -> None:
    desk.at("2025-02-01")
    for change, path in BAD_PAYMENTS:
        refused = desk.post("/payments", transfer("10.00") | change)
        assert refused.status_code == 422, refused.text
        assert [each["path"] for each in refused.json()["error"]["details"]] == [path]
    assert desk.get("/payments").json()["data"] == []


def test_the_books_balance_and_say_what_happened(owed: Desk) -> None:
    owed.post("/payments", transfer("1000.00"))
    balance = owed.get("/ledger/trial-balance").json()["data"]
    assert balance["isBalanced"] is True
    of = {each["account"]: each["balance"] for each in balance["accounts"]}
    assert (of["bank"], of["receivable"]) == ("1000.00", "725.50")
    january = invoice_ids(owed)[0]
    entries = owed.get("/ledger/entries", invoiceId=january).json()["data"]
    assert [each["kind"] for each in entries] == ["INVOICE_ISSUED", "PAYMENT_ALLOCATED"]
    first = owed.get("/ledger/trial-balance", on="2025-01-01").json()["data"]
    assert {each["account"]: each["balance"] for each in first["accounts"]}[
        "receivable"
    ] == "862.75"
    assert owed.get("/ledger/trial-balance", on="x").status_code == 422


def test_invoices_are_found_by_the_state_they_show(owed: Desk) -> None:
    owed.post("/payments", transfer("1000.00"))
    owed.post("/billing-runs", {"through": "2025-04-01"})
    march, april = invoice_ids(owed, state="DRAFT")
    owed.post(f"/invoices/{march}/approve")
    owed.post(f"/invoices/{april}/void", {"reason": "No"})
    for each in owed.get("/invoices").json()["data"]:
        assert each["id"] in invoice_ids(owed, state=each["state"]), each["state"]
    owed.at("2025-03-01")
    assert states(owed) == ["PAID", "OVERDUE", "APPROVED", "VOID"]
    assert len(invoice_ids(owed, state="OVERDUE,PAID")) == 2
    assert invoice_ids(owed, customerId="waterweg") == []
    assert len(invoice_ids(owed, contractId="nordlicht-2025")) == 4
