"""Plans of dates: written out, as a deposit and a balance, in equal parts; all of the price."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.documents.deals import FLAT, MONTHLY, USAGE, codes, line, refused
from usance.domain.contracts.order import Instalment
from usance.domain.money import Money, currency

USD = currency("USD")
HALVES = [{"on": "2025-01-01", "percent": 50}, {"on": "2025-07-01", "percent": 50}]


def plan(**fields: Any) -> tuple[Instalment, ...]:
    return line(price=FLAT, **fields).plan


def test_a_plan_takes_the_place_of_billing() -> None:
    sold = line(price=FLAT, plan=HALVES)
    assert sold.plan == (
        Instalment(on=date(2025, 1, 1), percent=Decimal(50)),
        Instalment(on=date(2025, 7, 1), percent=Decimal(50)),
    )
    assert (sold.cadence, sold.anchor) == (None, date(2025, 1, 1))


def test_a_deposit_is_followed_by_the_balance() -> None:
    assert plan(deposit={"percent": 30, "on": "2024-12-01"}, balanceOn="2025-06-30") == (
        Instalment(on=date(2024, 12, 1), percent=Decimal(30), name="Deposit"),
        Instalment(on=date(2025, 6, 30), name="Balance"),
    )


def test_a_deposit_falls_due_when_the_service_begins_and_a_plan_may_follow() -> None:
    rest = [{"on": "2025-03-01", "amount": "700.00", "name": "Pilot"}, {"on": "2025-05-01"}]
    assert plan(deposit={"amount": "200.00"}, plan=rest) == (
        Instalment(on=date(2025, 1, 1), amount=Money(20000, USD), name="Deposit"),
        Instalment(on=date(2025, 3, 1), amount=Money(70000, USD), name="Pilot"),
        Instalment(on=date(2025, 5, 1)),
    )


def test_equal_instalments_end_with_the_rest() -> None:
    quarterly = {"count": 3, "every": {"unit": "MONTH"}, "firstOn": "2025-01-31"}
    third = Decimal("33.333333333333")
    assert plan(instalments=quarterly) == (
        Instalment(on=date(2025, 1, 31), percent=third),
        Instalment(on=date(2025, 2, 28), percent=third),
        Instalment(on=date(2025, 3, 31)),
    )
    after = plan(deposit={"percent": 40, "on": "2024-12-15"}, instalments=quarterly)
    assert [part.percent for part in after] == [40, 20, 20, None]


def test_a_one_off_fee_may_be_paid_by_plan() -> None:
    sold = line(kind="ONE_OFF", price=FLAT, on="2025-02-01", plan=HALVES)
    assert [part.percent for part in sold.plan] == [50, 50]


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"plan": [HALVES[0]]}, "PlanNotWhole", "plan"),
    ({"plan": [*HALVES, {"on": "2025-08-01", "percent": "0.01"}]}, "PlanNotWhole", "plan"),
    ({"plan": [{"on": "2025-01-01", "amount": "1199.99"}]}, "PlanNotWhole", "plan"),
    ({"plan": [{"on": "2025-01-01", "amount": 1201}, {"on": "2025-02-01"}]}, "PlanNotWhole",
     "plan"),
    ({"plan": []}, "PlanNotWhole", "plan"),
    ({"plan": HALVES[::-1]}, "PlanNotInOrder", "plan[1].on"),
    ({"plan": [HALVES[0], HALVES[0]]}, "PlanNotInOrder", "plan[1].on"),
    ({"plan": [{"on": "2015-01-01"}]}, "PlanOutOfReach", "plan[0].on"),
    ({"plan": [{"on": "2035-01-01"}]}, "PlanOutOfReach", "plan[0].on"),
    ({"plan": [{"on": "2025-01-01"}, HALVES[1]]}, "InvalidInstalment", "plan[0].percent"),
    ({"plan": [{"on": "2025-01-01", "percent": -1}]}, "InvalidInstalment", "plan[0].percent"),
    ({"plan": [{"on": "2025-01-01", "amount": -1}]}, "InvalidInstalment", "plan[0].amount"),
    ({"plan": [{**HALVES[0], "amount": 600}]}, "AmbiguousInstalment", "plan[0].amount"),
    ({"plan": [{"percent": 100}]}, "MissingField", "plan[0].on"),
    ({"plan": HALVES, "balanceOn": "2025-08-01"}, "AmbiguousPlan", "balanceOn"),
    ({"plan": HALVES, "billing": MONTHLY}, "AmbiguousBilling", "billing"),
    ({"plan": HALVES, "stubs": {"first": "WAIVE"}}, "AmbiguousBilling", "stubs"),
    ({"deposit": {"percent": 30}}, "MissingField", "balanceOn"),
    ({"deposit": {}, "balanceOn": "2025-08-01"}, "MissingField", "deposit.percent"),
    ({"balanceOn": "2025-08-01"}, "MissingField", "deposit"),
    ({"instalments": {"every": {"unit": "MONTH"}}}, "MissingField", "instalments.count"),
    ({"instalments": {"count": 0, "every": {"unit": "MONTH"}}}, "InvalidInstalments",
     "instalments.count"),
    ({"instalments": {"count": 99, "every": {"count": 10, "unit": "YEAR"}}}, "DayOutOfRange",
     "instalments"),
    ({"deposit": {"amount": 5}, "instalments": {"count": 2, "every": {"unit": "MONTH"}}},
     "AmbiguousPlan", "instalments"),
    ({"deposit": {"percent": 40}, "instalments": {"count": 3, "every": {"unit": "MONTH"}}},
     "PlanNotInOrder", "instalments.firstOn"),
    ({"deposit": {"percent": 110}, "balanceOn": "2025-03-01"}, "InvalidInstalment",
     "deposit.percent"),
    ({"deposit": {"percent": 110}, "balanceOn": "2025-03-01"}, "PlanNotWhole", "deposit"),
    ({"deposit": {"percent": 10, "on": "2025-05-01"}, "balanceOn": "2025-03-01"},
     "PlanNotInOrder", "balanceOn"),
    ({"deposit": {"amount": "1300.00"}, "balanceOn": "2025-03-01"}, "PlanNotWhole", "deposit"),
    ({"deposit": {"percent": 10}, "plan": [{"on": "2015-01-01"}]}, "PlanOutOfReach", "plan[0].on"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "code", "path"), BAD)
def test_a_plan_that_is_not_the_whole_price_on_ascending_days_is_refused(
    fields: dict[str, Any], code: str, path: str
) -> None:
    assert (code, f"lines[0].{path}") in codes({"price": FLAT, **fields})


def test_the_refusal_says_what_the_plan_comes_to() -> None:
    (percent,) = refused({"price": FLAT, "plan": [HALVES[0]]})
    assert (percent.value, percent.expected[:12]) == ("50 %", "100 % in all")
    parts = [HALVES[0], {"on": "2025-07-01", "amount": "599.00"}]
    (amount,) = refused({"price": FLAT, "plan": parts})
    assert (amount.value, amount.expected[:7]) == ("599.00 and 50 %", "1200.00")


def test_instalments_too_far_away_are_told_once() -> None:
    yearly = {"count": 99, "every": {"unit": "YEAR"}}
    assert codes({"price": FLAT, "instalments": yearly}) == [
        ("PlanOutOfReach", "lines[0].instalments")
    ]


def test_only_what_has_a_price_as_a_whole_is_billed_by_plan() -> None:
    assert codes({**USAGE, "plan": HALVES}) == [("NotOfThisKind", "lines[0].plan")]
