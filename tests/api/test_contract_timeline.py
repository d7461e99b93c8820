"""One timeline over HTTP: the contract as of any day, and what each order changed."""

from __future__ import annotations

from tests.api.conftest import Desk
from tests.api.lives import INITIAL, agree, later, more_seats, told

AMENDED = later(
    "o3",
    "AMENDMENT",
    effectiveOn="2025-10-01",
    paymentTerms={"netDays": 60},
    changes=[
        {
            "lineId": "seats",
            "price": {"model": "PER_UNIT", "unitAmount": "28.00"},
            "discount": {"percent": "10", "reason": "loyalty"},
        }
    ],
)


def test_the_contract_as_of_any_day_past_or_future(desk: Desk) -> None:
    agree(desk, INITIAL, more_seats(), AMENDED)
    now = told(desk, "")
    assert (now["asOf"], now["lines"][0]["inForce"], now["netDays"]) == (None, None, 60)
    spring = told(desk, "", asOf="2025-03-01")
    assert (spring["asOf"], spring["netDays"]) == ("2025-03-01", 30)
    [line] = spring["lines"]
    assert "quantity" in line["sold"], "the expansion is not agreed yet"
    assert line["inForce"]["quantity"] == "10"
    assert (line["inForce"]["end"], line["inForce"]["orderId"]) == ("2026-01-01", "o1")
    autumn = told(desk, "", asOf="2025-11-01T00:00:00Z")
    held = autumn["lines"][0]["inForce"]
    assert (autumn["netDays"], held["quantity"], held["orderId"]) == (60, "15", "o3")
    assert held["price"] == {"model": "PER_UNIT", "unitAmount": "28.00"}
    assert held["discounts"] == [{"percent": "10", "reason": "loyalty"}]
    assert told(desk, "", asOf="2027-01-01")["lines"][0]["inForce"] is None


def test_a_day_that_is_none_and_a_contract_that_is_none_are_refused(desk: Desk) -> None:
    agree(desk, INITIAL)
    bad = desk.get("/contracts/c1", asOf="tomorrow")
    assert (bad.status_code, bad.json()["error"]["details"][0]["path"]) == (422, "asOf")
    assert desk.get("/contracts/none", asOf="2025-01-01").status_code == 404
    assert desk.get("/contracts/none/timeline").status_code == 404
    desk.post("/contracts", {"customerId": "nordlicht", "contractId": "draft"})
    assert desk.get("/contracts/draft", asOf="2025-01-01").json()["data"]["state"] == "DRAFT"
    assert desk.get("/contracts/draft/timeline").status_code == 404


def test_the_timeline_says_what_each_order_changed_and_the_value_after_it(desk: Desk) -> None:
    agree(desk, INITIAL, AMENDED, more_seats())  # typed in another order than they take effect
    events = told(desk, "/timeline")["events"]
    assert [(each["on"], each["order"]["orderId"]) for each in events] == [
        ("2025-01-01", "o1"),
        ("2025-07-01", "o2"),
        ("2025-10-01", "o3"),
    ]
    assert [each["value"]["totalContractValue"] for each in events] == [
        *("3600.00", "4500.00", "4284.00"),
    ]
    [opened] = events[0]["order"]["changes"]["lines"]
    assert (opened["lineRef"], opened["change"]) == ("seats", "OPENED")
    [changed] = events[1]["order"]["changes"]["lines"]
    days = {"start": "2025-07-01", "end": "2026-01-01"}
    assert changed["differences"] == [
        {"field": "quantity", "before": "10", "after": "15", "days": days}
    ]
    last = events[2]["order"]["changes"]
    assert [each["field"] for each in last["contract"]] == ["paymentTerms"]
    assert last["contract"][0]["after"] == {"netDays": 60}
    assert [each["field"] for each in last["lines"][0]["differences"]] == ["price", "discounts"]


def test_uplifts_stand_in_the_timeline_with_factor_and_index_months(desk: Desk) -> None:
    term = {"start": "2025-01-01", "months": 36}
    uplift = {"index": "CPI-U", "floor": "2", "cap": "5"}
    agree(desk, INITIAL | {"term": term, "uplift": uplift})
    events = told(desk, "/timeline")["events"]
    assert [(each["on"], each["kind"]) for each in events] == [
        *(("2025-01-01", "ORDER"), ("2026-01-01", "UPLIFT"), ("2027-01-01", "UPLIFT")),
    ]
    assert events[1]["uplift"] == {
        "factor": "1.02",
        "percent": None,
        "index": "CPI-U",
        "indexMonth": "2025-11-01",
        "againstMonth": "2024-11-01",
        "isProvisional": True,
    }
    assert events[1]["value"] == events[0]["value"], "the value holds the uplifts to come"


def test_two_states_differ_by_day_or_by_order(desk: Desk) -> None:
    agree(desk, INITIAL, more_seats(), AMENDED)
    by_day = told(desk, "/diff", **{"from": "2025-06-30", "to": "2025-07-01"})
    assert by_day["ordersBetween"] == ["o2"]
    assert (by_day["before"]["totalContractValue"], by_day["after"]["totalContractValue"]) == (
        *("3600.00", "4500.00"),
    )
    by_order = told(desk, "/diff", fromOrder="o1", toOrder="o2")
    assert by_order == by_day
    alone = told(desk, "/diff", toOrder="o2")
    assert alone == by_day
    whole = told(desk, "/diff", toOrder="o1")
    assert (whole["before"]["totalContractValue"], whole["ordersBetween"]) == ("0.00", ["o1"])
    back = told(desk, "/diff", **{"from": "2025-12-01", "to": "2025-01-01"})
    assert back["ordersBetween"] == ["o2", "o3"]
    assert {each["field"] for each in back["changes"]["contract"]} == {"paymentTerms"}


def test_a_diff_needs_two_states_of_the_contract(desk: Desk) -> None:
    agree(desk, INITIAL)

    def code(**query: str) -> tuple[int, str]:
        answer = desk.get("/contracts/c1/diff", **query)
        return answer.status_code, answer.json()["error"]["code"]

    assert code() == (422, "MissingField")
    assert code(**{"from": "2025-01-01"}) == (422, "MissingField")
    assert code(toOrder="another") == (404, "NotFound")
    assert code(toOrder="o1", to="2025-01-01") == (422, "AmbiguousState")
    assert code(**{"from": "2025-13-01", "to": "2025-01-01"}) == (422, "InvalidDate")


def test_a_termination_stands_in_timeline_and_contract(desk: Desk) -> None:
    end = later("o4", "TERMINATION", effectiveOn="2025-09-01", refund="PRO_RATA")
    agree(desk, INITIAL, more_seats(), end)
    assert told(desk, "")["terminatedOn"] == "2025-09-01"
    assert told(desk, "", asOf="2025-08-31")["terminatedOn"] is None
    last = told(desk, "/timeline")["events"][-1]["order"]["changes"]
    assert {each["field"] for each in last["contract"]} == {"term", "terminatedOn"}
    assert [each["change"] for each in last["lines"]] == ["ENDED"]
