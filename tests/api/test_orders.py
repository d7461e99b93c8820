"""Orders over HTTP: what was signed, whether it is done, and what is wrong with a bad one."""

from __future__ import annotations

import json

from tests.api.conftest import EXAMPLES, Desk
from usance.api.orders.form import OrderForm
from usance.documents.order_form import read_form

NORDLICHT = (EXAMPLES / "orders" / "nordlicht-2025.yaml").read_bytes()


def send_yaml(desk: Desk, content: bytes) -> tuple[int, dict[str, object]]:
    headers = {"Content-Type": "application/yaml"}
    answer = desk.http.post("/api/v1/orders", content=content, headers=headers)
    return answer.status_code, answer.json()


def test_a_signed_order_is_new_with_every_step_open(desk: Desk) -> None:
    status, answer = send_yaml(desk, NORDLICHT)
    order = answer["data"]
    assert status == 201
    assert isinstance(order, dict)
    assert (order["status"], order["contractValue"]) == ("NEW", "8700.00")
    assert [(step["kind"], step["isDone"], step["missing"]) for step in order["steps"]] == [
        ("CONTRACT_PUBLISHED", False, ["nordlicht-2025"]),
        ("SUBSCRIPTIONS_PROVISIONED", False, ["nordlicht-team"]),
        ("METERED_FEATURES_MAPPED", False, ["api-calls"]),
    ]
    assert desk.get("/orders/nordlicht-2025-001").json()["data"] == order


def test_fulfilling_does_every_step(desk: Desk) -> None:
    desk.sign("nordlicht-2025.yaml")
    order = desk.get("/orders/nordlicht-2025-001").json()["data"]
    assert order["status"] == "FULFILLED"
    assert all(step["isDone"] for step in order["steps"])
    again = desk.post("/orders/nordlicht-2025-001/fulfill")
    assert (again.status_code, again.headers["x-should-retry"]) == (409, "false")
    assert again.json()["error"]["code"] == "OrderNotNew"


def test_json_says_what_yaml_says(desk: Desk) -> None:
    form = read_form(NORDLICHT.decode()) | {"orderId": "nordlicht-json"}
    answer = desk.http.post(
        "/api/v1/orders",
        content=json.dumps(form),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["data"]["contractValue"] == "8700.00"


def test_the_same_document_again_gives_the_order_that_is_there(desk: Desk) -> None:
    assert send_yaml(desk, NORDLICHT) == send_yaml(desk, NORDLICHT)
    status, answer = send_yaml(desk, NORDLICHT.replace(b"29.00", b"30.00"))
    assert (status, desk.get("/orders").json()["data"][1:]) in [(409, []), (422, [])], answer


def test_every_problem_is_named_at_once_and_nothing_is_stored(desk: Desk) -> None:
    bad = NORDLICHT.replace(b'"29.00"', b'"-29.00"').replace(b"EUR", b"EURO")
    status, answer = send_yaml(desk, bad)
    assert status == 422
    error = answer["error"]
    assert isinstance(error, dict)
    assert error["code"] == error["details"][0]["code"], "the first problem's own code"
    paths = {detail["path"] for detail in error["details"]}
    assert "currency" in paths
    assert any(path.startswith("lines[0].price") for path in paths)
    assert desk.get("/orders").json()["data"] == []


def test_a_canceled_order_is_not_fulfilled(desk: Desk) -> None:
    send_yaml(desk, NORDLICHT)
    assert desk.post("/orders/nordlicht-2025-001/cancel").json()["data"]["status"] == "CANCELED"
    assert desk.post("/orders/nordlicht-2025-001/fulfill").status_code == 409
    assert len(desk.get("/orders", status="CANCELED").json()["data"]) == 1
    assert desk.get("/orders", status="NEW,FULFILLED").json()["data"] == []
    refused = desk.get("/orders", status="OLD")
    assert refused.json()["error"]["details"][0]["code"] == "UnknownWord"


def test_the_described_form_takes_every_example_and_every_order_written_back(desk: Desk) -> None:
    for file in sorted((EXAMPLES / "orders").iterdir()):
        OrderForm.model_validate(read_form(file.read_text()))
        desk.sign(file.name)
    for order in desk.get("/orders").json()["data"]:
        OrderForm.model_validate(order["form"])


def test_a_body_that_says_it_is_something_else_is_not_guessed_at(desk: Desk) -> None:
    headers = {"Content-Type": "text/csv"}
    answer = desk.http.post("/api/v1/orders", content=NORDLICHT, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "UnsupportedMediaType")
