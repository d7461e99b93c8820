"""A contract's value over HTTP: billed means approved or issued, less what was given back."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import Desk, invoice_ids
from tests.api.lives import INITIAL, agree, later, more_seats, told

FIGURES = ("billed", "drafted", "unbilled", "credited", "remaining")


def figures(value: dict[str, Any]) -> tuple[str, ...]:
    return tuple(value[name] for name in FIGURES)


def test_due_then_drafted_then_billed(desk: Desk) -> None:
    agree(desk, INITIAL)
    due = told(desk, "/value")
    assert (due["totalContractValue"], due["annualContractValue"]) == ("3600.00", "3600.00")
    assert (due["asOf"], figures(due)) == (
        "2025-01-01",
        ("0.00", "0.00", "300.00", "0.00", "3600.00"),
    )
    desk.post("/billing-runs")
    assert figures(told(desk, "/value")) == ("0.00", "300.00", "0.00", "0.00", "3600.00")
    [draft] = invoice_ids(desk)
    desk.post(f"/invoices/{draft}/approve")
    billed = told(desk, "/value")
    assert figures(billed) == ("300.00", "0.00", "0.00", "0.00", "3300.00")
    assert figures(billed["lines"][0]) == figures(billed)
    summary = told(desk, "/billing/summary")
    assert (summary["billed"], summary["drafted"], summary["remaining"]) == (
        *("300.00", "0.00", "3300.00"),
    )


def test_as_of_a_day_it_counts_what_was_agreed_and_billed_by_then(desk: Desk) -> None:
    agree(desk, INITIAL, more_seats())
    for day in ("2025-01-01", "2025-02-01"):
        desk.at(day)
        desk.post("/billing-runs")
    for draft in invoice_ids(desk):
        desk.issued(draft)
    january = told(desk, "/value", asOf="2025-01-31")
    assert (january["totalContractValue"], january["billed"]) == ("3600.00", "300.00")
    now = told(desk, "/value")
    assert (now["totalContractValue"], now["billed"]) == ("4500.00", "600.00")
    summer = told(desk, "/value", asOf="2025-07-01")
    assert (summer["billed"], summer["unbilled"]) == ("600.00", "1650.00")


def test_days_given_back_are_billed_no_more(desk: Desk) -> None:
    yearly = {"every": {"count": 1, "unit": "YEAR"}, "timing": "IN_ADVANCE"}
    line = INITIAL["lines"][0] | {
        "billing": yearly,
        "price": {"model": "FLAT", "amount": "1200.00"},
        "quantity": 1,
    }
    agree(desk, INITIAL | {"lines": [line], "corrections": "CREDIT_NOTE"})
    desk.post("/billing-runs")
    desk.issued(invoice_ids(desk)[0])
    desk.at("2025-07-02")
    end = later("o2", "TERMINATION", effectiveOn="2025-07-02", refund="PRO_RATA")
    agree(desk, end)
    owed = told(desk, "/value")
    assert (owed["billed"], owed["unbilled"]) == ("1200.00", "-601.64")
    desk.post("/billing-runs")
    drafted = told(desk, "/value")
    assert (drafted["billed"], drafted["drafted"]) == ("1200.00", "-601.64")
    [note] = desk.get("/credit-notes").json()["data"]
    desk.issued(note["id"])
    done = told(desk, "/value")
    assert (done["totalContractValue"], figures(done)) == (
        "598.36",
        ("598.36", "0.00", "0.00", "0.00", "0.00"),
    )


def test_what_a_credit_note_gives_back_does_not_remain(desk: Desk) -> None:
    agree(desk, INITIAL)
    desk.post("/billing-runs")
    [draft] = invoice_ids(desk)
    desk.issued(draft)
    before = told(desk, "/value")
    note = desk.post(f"/invoices/{draft}/credit", {"reason": "GOODWILL"})
    assert note.status_code == 201, note.text
    desk.issued(note.json()["data"]["id"])
    after = told(desk, "/value")
    assert (after["billed"], after["credited"]) == ("0.00", "300.00")
    assert after["remaining"] == before["remaining"]


def test_what_is_credited_to_be_billed_anew_remains_until_it_is(desk: Desk) -> None:
    agree(desk, INITIAL)
    desk.post("/billing-runs")
    [draft] = invoice_ids(desk)
    desk.issued(draft)
    done = desk.post(f"/invoices/{draft}/credit-and-rebill", {"reason": "PRICE_ERROR"})
    assert done.status_code == 201, done.text
    assert figures(told(desk, "/value")) == ("0.00", "300.00", "0.00", "0.00", "3600.00")
    [again] = invoice_ids(desk, state="DRAFT")
    desk.issued(again)
    assert figures(told(desk, "/value")) == ("300.00", "0.00", "0.00", "0.00", "3300.00")
