"""Over HTTP: milestones, usage counted again, and an order beside what came of it."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import Desk, invoice_ids
from tests.api.lives import INITIAL, SEATS, agree, later, more_seats, told

MILESTONE = {
    "lineId": "go-live",
    "name": "Go-live",
    "kind": "MILESTONE",
    "price": {"model": "FLAT", "amount": "5000.00"},
    "done": "LATER",
}
CALLS = {
    "lineId": "calls",
    "name": "Calls",
    "kind": "USAGE",
    "featureId": "api-calls",
    "price": {"model": "PER_UNIT", "unitAmount": "0.01"},
    "billing": {"every": {"count": 1, "unit": "MONTH"}},
}


def compared(desk: Desk, order_id: str = "o1") -> dict[str, Any]:
    answer = desk.get(f"/orders/{order_id}/comparison")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def gaps(desk: Desk, order_id: str = "o1") -> list[str]:
    found = compared(desk, order_id)
    both = [*found["lines"], *found["subscriptions"]]
    return [gap["code"] for each in both for gap in each["differences"]]


def call(desk: Desk, day: str, count: int, key: str) -> None:
    event = {
        "customerId": "nordlicht",
        "eventName": "api_calls",
        "idempotencyKey": key,
        "timestamp": f"{day}T12:00:00Z",
        "dimensions": {"calls": count},
    }
    assert desk.post("/events", {"events": [event]}).status_code in (200, 201, 202)


def test_a_milestone_falls_due_when_it_is_marked_done(desk: Desk) -> None:
    agree(desk, INITIAL | {"lines": [MILESTONE]})
    [open_one] = told(desk, "/milestones")
    assert (open_one["amount"], open_one["dueOn"], open_one["doneOn"]) == ("5000.00", None, None)
    assert told(desk, "/value")["unbilled"] == "0.00"
    body = {"doneOn": "2025-03-14", "evidence": "Protocol, signed by both"}
    desk.at("2025-03-15")
    done = desk.post("/contracts/c1/milestones/go-live", body)
    assert done.status_code == 200, done.text
    assert done.json()["data"]["doneOn"] == "2025-03-14"
    [reached] = told(desk, "/milestones")
    assert (reached["dueOn"], reached["evidence"]) == ("2025-03-14", "Protocol, signed by both")
    assert told(desk, "/value")["unbilled"] == "5000.00"
    again = desk.post("/contracts/c1/milestones/go-live", body)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "MilestoneReachedBefore")


def test_what_is_no_milestone_is_not_marked(desk: Desk) -> None:
    agree(desk, INITIAL)

    def code(ref: str, **body: str) -> tuple[int, str]:
        answer = desk.post(f"/contracts/c1/milestones/{ref}", body)
        return answer.status_code, answer.json()["error"]["code"]

    proof = {"doneOn": "2025-03-14", "evidence": "Protocol"}
    assert code("seats", **proof) == (422, "NotAMilestone")
    assert code("other", **proof) == (404, "NotFound")
    assert code("seats", doneOn="2025-03-32", evidence="Protocol") == (422, "InvalidDay")
    assert code("seats", doneOn="2025-03-14", evidence=" ") == (422, "EvidenceMissing")
    assert told(desk, "/milestones") == []


def test_usage_is_counted_again_on_held_drafts_as_often_as_asked(desk: Desk) -> None:
    agree(desk, INITIAL | {"lines": [CALLS]})
    before = desk.post("/contracts/c1/usage/refresh").json()["data"]
    assert before["skipped"] == [{"featureId": "api-calls", "reason": "NoHeldDraft"}]
    desk.at("2025-02-01")
    call(desk, "2025-01-15", 1000, "one")
    desk.post("/billing-runs")
    [draft] = invoice_ids(desk)
    call(desk, "2025-01-20", 500, "two")
    counted = desk.post("/contracts/c1/usage/refresh").json()["data"]
    assert counted["reported"] == [
        {"featureId": "api-calls", "invoiceId": draft, "isChanged": True}
    ]
    assert (counted["failed"], counted["skipped"]) == ([], [])
    assert desk.get(f"/invoices/{draft}").json()["data"]["subtotal"] == "15.00"
    again = desk.post("/contracts/c1/usage/refresh").json()["data"]
    assert [each["isChanged"] for each in again["reported"]] == [False]
    assert desk.post("/contracts/none/usage/refresh").status_code == 404


def test_an_order_stands_beside_what_came_of_it(desk: Desk) -> None:
    promised = {
        "subscriptionId": "team-1",
        "planId": "team",
        "entitlements": [{"featureId": "seats", "limit": 8}],
    }
    seats = SEATS | {"featureId": "seats"}
    form = INITIAL | {"lines": [seats], "subscriptions": [promised]}
    assert desk.post("/orders", form).status_code == 201
    assert gaps(desk) == ["LineNotOnContract", "NotProvisioned"]
    desk.post("/orders/o1/fulfill")
    found = compared(desk)
    [line] = found["lines"]
    assert [(gap["code"], gap["ordered"], gap["found"]) for gap in line["differences"]] == [
        ("GrantDiffers", "10", "8"),
        ("NotBilledYet", "300.00", "0"),
    ]
    assert (line["billed"]["committed"], line["agreed"]["quantity"]) == ("3600.00", "10")
    assert found["subscriptions"][0]["provisioned"]["entitlements"] == {"seats": "8"}
    desk.post("/billing-runs")
    assert gaps(desk) == ["GrantDiffers"]


def test_later_orders_show_as_differences_of_the_first(desk: Desk) -> None:
    agree(desk, INITIAL, more_seats(on="2025-02-01"))
    desk.at("2025-03-01")
    desk.post("/billing-runs")
    assert gaps(desk) == ["QuantityDiffers"]
    assert gaps(desk, "o2") == []
    cheaper = [{"lineId": "seats", "price": {"model": "PER_UNIT", "unitAmount": "20.00"}}]
    agree(desk, later("o3", "AMENDMENT", effectiveOn="2025-01-01", changes=cheaper))
    [line] = compared(desk)["lines"]
    price = next(gap for gap in line["differences"] if gap["code"] == "PriceDiffers")
    assert (price["ordered"], price["found"]) == ("o1", "o2"), "the order of the days now"
    ended = [{"lineId": "seats", "end": True}]
    agree(desk, later("o4", "AMENDMENT", effectiveOn="2025-03-01", changes=ended))
    assert "BilledMore" not in gaps(desk), "a draft is not billed"
    desk.post("/contracts/c1/archive")
    assert desk.get("/orders/none/comparison").status_code == 404
