"""Time that passes, and what would happen: over HTTP, as a developer tries a deal out."""

from __future__ import annotations

import pytest

from tests.api.conftest import Desk

SEATS = {
    "orderId": "SEATS",
    "contractId": "c1",
    "customerId": "nordlicht",
    "legalEntityId": "halden-de",
    "currency": "EUR",
    "term": {"start": "2025-01-01", "months": 12},
    "renewal": {"automatic": True, "months": 12, "noticeDays": 30, "uplift": {"percent": 5}},
    "lines": [
        {
            "lineId": "seats",
            "name": "Seats",
            "kind": "RECURRING",
            "quantity": 10,
            "price": {"model": "PER_UNIT", "unitAmount": "30.00"},
            "billing": {"every": {"count": 1, "unit": "QUARTER"}, "timing": "IN_ADVANCE"},
        }
    ],
}
MORE = {
    "kind": "AMENDMENT",
    "orderId": "MORE",
    "effectiveOn": "2025-07-01",
    "changes": [{"lineId": "seats", "addQuantity": 5}],
}


def signed(desk: Desk) -> None:
    """The contract of ten seats."""
    assert desk.post("/orders", SEATS).status_code == 201
    assert desk.post("/orders/SEATS/fulfill").status_code == 200


def test_a_simulation_shows_every_document_and_keeps_none(desk: Desk) -> None:
    signed(desk)
    answer = desk.post("/contracts/c1/simulate", {"until": "2026-12-31"})
    assert answer.status_code == 200, answer.text
    played = answer.json()["data"]
    assert [each["subtotal"] for each in played["invoices"]] == ["300.00"] * 4 + ["315.00"] * 4
    assert (played["net"], played["termEnd"]) == ("2460.00", "2028-01-01"), "renewed twice"
    assert desk.get("/invoices").json()["data"] == []
    assert desk.get("/contracts/c1").json()["data"]["activationEndDate"].startswith("2026-01-01")


def test_what_if_shows_what_an_order_would_change(desk: Desk) -> None:
    signed(desk)
    answer = desk.post("/contracts/c1/what-if", {"until": "2025-12-31", "order": MORE})
    assert answer.status_code == 200, answer.text
    seen = answer.json()["data"]
    assert (seen["netBefore"], seen["netAfter"], seen["difference"]) == (
        "1200.00",
        "1500.00",
        "300.00",
    )
    assert desk.get("/orders/MORE").status_code == 404


def test_what_could_not_take_effect_is_refused_like_the_real_thing(desk: Desk) -> None:
    signed(desk)
    late = MORE | {"effectiveOn": "2030-01-01"}
    answer = desk.post("/contracts/c1/what-if", {"until": "2030-12-31", "order": late})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "EffectiveOutsideTerm"


def test_time_passes_and_everything_due_on_the_way_happens(desk: Desk) -> None:
    signed(desk)
    answer = desk.post("/clock", {"to": "2026-02-01"})
    assert answer.status_code == 200, answer.text
    passed = answer.json()["data"]
    assert passed["draftCount"] == 5
    assert [stop["on"] for stop in passed["stops"]][:2] == ["2025-04-01", "2025-07-01"]
    shown = desk.get("/invoices").json()["data"]
    assert sorted(each["subtotal"] for each in shown) == ["300.00"] * 4 + ["315.00"]
    assert desk.get("/clock").json()["data"] == {"now": "2026-02-01T12:00:00Z", "isMoved": True}


def test_the_clock_moves_forward_only(desk: Desk) -> None:
    signed(desk)
    answer = desk.post("/clock", {"to": "2024-12-31"})
    assert answer.status_code == 409
    error = answer.json()["error"]
    assert error["code"] == "ClockMovesForwardOnly"
    (where,) = error["details"]
    assert (where["path"], where["value"]) == ("to", "2024-12-31T12:00:00+00:00")
    assert where["expected"] == "an instant not before 2025-01-01T12:00:00+00:00, in a sandbox"
    nonsense = desk.post("/clock", {"to": "tomorrow"})
    assert nonsense.json()["error"]["code"] == "InvalidInstant"


def test_one_customers_time_passes_alone(desk: Desk) -> None:
    signed(desk)
    body = {"to": "2025-04-02", "customerId": "nordlicht"}
    assert desk.post("/clock", body).json()["data"]["draftCount"] == 2
    assert desk.get("/clock").json()["data"]["now"].startswith("2025-01-01")
    own = desk.get("/clock", customerId="nordlicht").json()["data"]["now"]
    assert own.startswith("2025-04-02")
    assert desk.post("/clock", {"to": "2025-04-02", "customerId": "nobody"}).status_code == 404


@pytest.mark.parametrize(
    "to", ["9999-12-31T23:59:59-23:59", "9999-12-31", "2200-01-01", "0001-01-01T00:00:00+23:59"]
)
def test_no_clock_goes_where_nothing_can_be_reckoned(desk: Desk, to: str) -> None:
    for body in ({"to": to}, {"to": to, "customerId": "nordlicht"}):
        answer = desk.post("/clock", body)
        assert answer.status_code == 422, answer.text
        [detail] = answer.json()["error"]["details"]
        assert (detail["code"], detail["path"]) == ("DayOutOfRange", "to")
    path = "/usage/nordlicht/history/seats"
    assert desk.get(path, startDate=to).json()["error"]["code"] == "DayOutOfRange"
    key = {"name": "far", "expiresAt": to if "T" in to else f"{to}T00:00:00Z"}
    assert desk.post("/api-keys", key).json()["error"]["code"] == "DayOutOfRange"
