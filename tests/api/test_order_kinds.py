"""Orders of every kind over HTTP, from the form to the contract, and why some are refused."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.api.conftest import EXAMPLES, Desk
from tests.api.lives import INITIAL, SEATS, agree, later, more_seats, refusal, told

AMENDMENT = later(
    *("o3", "AMENDMENT"),
    effectiveOn="2025-09-01",
    changes=[{"lineId": "seats", "price": {"model": "PER_UNIT", "unitAmount": "28.00"}}],
)
RENEWAL = later("o4", "RENEWAL", term={"start": "2026-01-01", "months": 12})
TERMINATION = later("o5", "TERMINATION", effectiveOn="2026-06-01", refund="PRO_RATA")
FLAT = {"model": "FLAT", "amount": "100.00"}


def test_a_contract_lives_through_orders_of_every_kind(desk: Desk) -> None:
    values = []
    for form in (INITIAL, more_seats(), AMENDMENT, RENEWAL, TERMINATION):
        signed = desk.post("/orders", form)
        assert signed.status_code == 201, signed.text
        new = signed.json()["data"]
        assert new["status"] == "NEW"
        done = desk.post(f"/orders/{form['orderId']}/fulfill")
        assert done.status_code == 200, done.text
        order = done.json()["data"]
        assert order["status"] == "FULFILLED"
        assert order["contractValue"] == new["contractValue"], "a new order shows what it will do"
        values.append((order["kind"], order["contractValue"], order["valueChange"]))
    assert values == [
        ("INITIAL", "3600.00", "3600.00"),
        ("EXPANSION", "4500.00", "900.00"),
        ("AMENDMENT", "4380.00", "-120.00"),
        ("RENEWAL", "9420.00", "5040.00"),
        ("TERMINATION", "6480.00", "-2940.00"),
    ]
    listed = {each["id"]: each["valueChange"] for each in desk.get("/orders").json()["data"]}
    assert listed["o2"] == "900.00"
    assert told(desk, "")["terminatedOn"] == "2026-06-01"


def test_every_kind_again_gives_the_order_that_is_there(desk: Desk) -> None:
    for form in (INITIAL, more_seats(), AMENDMENT, RENEWAL, TERMINATION):
        agree(desk, form)
        again = desk.post("/orders", form)
        assert (again.status_code, again.json()["data"]["status"]) == (201, "FULFILLED")
        twice = desk.post(f"/orders/{form['orderId']}/fulfill")
        assert (twice.status_code, twice.json()["error"]["code"]) == (409, "OrderNotNew")
    assert len(desk.get("/orders").json()["data"]) == 5
    other = desk.post("/orders", AMENDMENT | {"effectiveOn": "2025-10-01"})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "OrderExists")


def test_the_worked_life_of_the_examples_is_taken_in(desk: Desk) -> None:
    for file in sorted((EXAMPLES / "changes").iterdir()):
        form = yaml.safe_load(file.read_text())
        headers = {"Content-Type": "application/yaml"}
        signed = desk.http.post("/api/v1/orders", content=file.read_bytes(), headers=headers)
        assert signed.status_code == 201, (file.name, signed.text)
        done = desk.post(f"/orders/{form['orderId']}/fulfill")
        assert done.status_code == 200, (file.name, done.text)


def test_the_result_does_not_depend_on_the_order_of_typing(desk: Desk, stranger: Desk) -> None:
    agree(desk, INITIAL, more_seats(), AMENDMENT, RENEWAL)
    agree(stranger, INITIAL, RENEWAL, AMENDMENT, more_seats())
    one = [each["order"]["orderId"] for each in told(desk, "/timeline")["events"]]
    assert one == [each["order"]["orderId"] for each in told(stranger, "/timeline")["events"]]
    for figure in ("totalContractValue", "annualContractValue", "unbilled"):
        assert told(desk, "/value")[figure] == told(stranger, "/value")[figure]


def _line(**said: Any) -> dict[str, Any]:
    return INITIAL | {"lines": [SEATS | said]}


@pytest.mark.parametrize(
    ("form", "code", "path"),
    [
        (AMENDMENT | {"effectiveOn": "2024-12-31"}, "EffectiveOutsideTerm", "effectiveOn"),
        (AMENDMENT | {"effectiveOn": "2026-01-01"}, "EffectiveOutsideTerm", "effectiveOn"),
        (more_seats(on="2027-01-01"), "EffectiveOutsideTerm", "effectiveOn"),
        (
            RENEWAL | {"term": {"start": "2025-12-01", "months": 12}},
            *("RenewalOverlapsTerm", "term.start"),
        ),
        (RENEWAL | {"term": {"start": "2026-02-01", "months": 12}}, "RenewalLeavesGap", "term"),
        (AMENDMENT | {"contractId": "c9"}, "UnknownContract", "contractId"),
        (
            AMENDMENT | {"changes": [{"lineId": "chairs", "quantity": 1}]},
            *("UnknownLine", "changes[0].lineId"),
        ),
        (
            AMENDMENT | {"changes": [{"lineId": "seats", "addQuantity": -11}]},
            *("NegativeQuantity", "changes[0].addQuantity"),
        ),
        (TERMINATION | {"effectiveOn": "2027-06-01"}, "EffectiveOutsideTerm", "effectiveOn"),
        (TERMINATION | {"fee": {"amount": "-1.00"}}, "NegativeFee", "fee.amount"),
    ],
)
def test_a_later_order_that_does_not_fit_is_refused_with_code_and_path(
    desk: Desk, form: dict[str, Any], code: str, path: str
) -> None:
    agree(desk, INITIAL)
    status, found_code, found_path = refusal(desk, form)
    assert (found_code, found_path) == (code, path)
    assert status in (404, 422)
    assert len(desk.get("/orders").json()["data"]) == 1, "nothing of it is kept"


@pytest.mark.parametrize(
    ("form", "code", "path"),
    [
        (
            _line(
                ramp=[
                    {"start": "2025-01-01", "end": "2025-03-01"},
                    {"start": "2025-04-01"},
                ]
            ),
            *("RampGap", "lines[0].ramp[1].start"),
        ),
        (
            _line(billing=None, plan=[{"on": "2025-01-01", "percent": 50}], price=FLAT),
            *("PlanNotWhole", "lines[0].plan"),
        ),
        (
            INITIAL
            | {
                "lines": [
                    SEATS,
                    {
                        "lineId": "commit",
                        "name": "Commitment",
                        "kind": "COMMITMENT",
                        "amount": "-1.00",
                        "covers": ["seats"],
                        "billing": {"every": {"count": 1, "unit": "QUARTER"}},
                    },
                ]
            },
            *("NegativeCommitment", "lines[1].amount"),
        ),
    ],
)
def test_a_line_that_does_not_add_up_is_refused_with_code_and_path(
    desk: Desk, form: dict[str, Any], code: str, path: str
) -> None:
    form["lines"] = [{k: v for k, v in line.items() if v is not None} for line in form["lines"]]
    answer = desk.post("/orders", form)
    details = answer.json()["error"]["details"]
    assert answer.status_code == 422
    assert (code, path) in [(each["code"], each["path"]) for each in details], details
    assert desk.get("/orders").json()["data"] == []


def test_a_draft_contract_is_not_amended(desk: Desk) -> None:
    desk.post("/contracts", {"customerId": "nordlicht", "contractId": "c1"})
    status, code, _ = refusal(desk, AMENDMENT)
    assert (status, code) == (409, "ContractNotActive")


def test_a_terminated_contract_is_not_changed_any_more(desk: Desk) -> None:
    agree(desk, INITIAL, TERMINATION | {"effectiveOn": "2025-06-01"})
    assert refusal(desk, AMENDMENT) == (422, "ContractTerminated", "effectiveOn")
    assert refusal(desk, RENEWAL) == (422, "ContractTerminated", "effectiveOn")
    desk.post("/contracts/c1/archive")
    status, code, _ = refusal(desk, AMENDMENT)
    assert (status, code) == (409, "ContractNotActive")
