"""Lives of contracts for tests of the API: orders in JSON, taken in and fulfilled."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import Desk

SEATS: dict[str, Any] = {
    "lineId": "seats",
    "name": "Platform, seats",
    "kind": "RECURRING",
    "price": {"model": "PER_UNIT", "unitAmount": "30.00"},
    "quantity": 10,
    "unit": "seat",
    "billing": {"every": {"count": 1, "unit": "MONTH"}, "timing": "IN_ADVANCE"},
    "service": {"start": "2025-01-01"},
}
INITIAL: dict[str, Any] = {
    "orderForm": 1,
    "orderId": "o1",
    "contractId": "c1",
    "contractName": "Framework",
    "customerId": "nordlicht",
    "legalEntityId": "halden-de",
    "currency": "EUR",
    "term": {"start": "2025-01-01", "months": 12},
    "paymentTerms": {"netDays": 30},
    "lines": [SEATS],
}


def later(order_id: str, kind: str, **said: object) -> dict[str, Any]:
    """An order after the first."""
    return {"orderForm": 1, "orderId": order_id, "contractId": "c1", "kind": kind, **said}


def more_seats(order_id: str = "o2", on: str = "2025-07-01", add: int = 5) -> dict[str, Any]:
    """An expansion of so many seats."""
    changes = [{"lineId": "seats", "addQuantity": add}]
    return later(order_id, "EXPANSION", effectiveOn=on, changes=changes)


def agree(desk: Desk, *forms: dict[str, Any]) -> None:
    """Take in these orders and fulfil each."""
    for form in forms:
        signed = desk.post("/orders", form)
        assert signed.status_code == 201, signed.text
        done = desk.post(f"/orders/{form['orderId']}/fulfill")
        assert done.status_code == 200, done.text


def refusal(desk: Desk, form: dict[str, Any]) -> tuple[int, str, str]:
    """Status, code and path of the first problem of an order that is refused."""
    answer = desk.post("/orders", form)
    error = answer.json()["error"]
    path = error["details"][0]["path"] if error["details"] else ""
    return answer.status_code, error["code"], path


def told(desk: Desk, path: str, **query: str | int) -> Any:
    """What a GET below the contract says."""
    answer = desk.get(f"/contracts/c1{path}", **query)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]
