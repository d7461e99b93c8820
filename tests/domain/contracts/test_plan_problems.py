"""A plan of dates comes to the whole price, on ascending days near the service."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.calendar import LAST_DAY, Period
from usance.domain.contracts.order import Instalment, OrderLine, Segment
from usance.domain.contracts.plan_problems import plan_amount_problems, plan_problems
from usance.domain.due_items import LineKind
from usance.domain.money import Money, currency
from usance.domain.rating.prices import Flat, Pricing

EUR = currency("EUR")
YEAR = Period(date(2025, 1, 1), date(2026, 1, 1))


def part(month: int, *, percent: str | None = None, amount: int | None = None) -> Instalment:
    """Due on the first of a month of 2025; `amount` in minor units."""
    return Instalment(
        on=date(2025, month, 1),
        percent=None if percent is None else Decimal(percent),
        amount=None if amount is None else Money(amount, EUR),
    )


def line(*plan: Instalment) -> OrderLine:
    """1,000.00 for the year, billed by that plan."""
    thousand = Segment(YEAR, Pricing(price=Flat(Decimal(1000))), Decimal(1))
    return OrderLine(
        ref="l1",
        name="Project",
        kind=LineKind.RECURRING,
        window=YEAR,
        segments=(thousand,),
        anchor=YEAR.start,
        plan=plan,
    )


def codes(*plan: Instalment) -> list[str]:
    sold = line(*plan)
    return [each.code for each in (*plan_problems(sold), *plan_amount_problems(sold, EUR))]


@pytest.mark.parametrize(
    "plan",
    [
        (),
        (part(1, percent="50"), part(7, percent="50")),
        (part(1, percent="30"), part(7)),
        (part(1, amount=100_00), part(4, amount=900_00)),
        (part(1, amount=100_00), part(4, percent="40"), part(7)),
        (part(1, amount=1000_00), part(4)),
        (part(1),),
    ],
)
def test_a_plan_that_comes_to_the_price_is_right(plan: tuple[Instalment, ...]) -> None:
    assert codes(*plan) == []


@pytest.mark.parametrize(
    "plan",
    [
        (part(1, percent="50"), part(7, percent="49.99")),
        (part(1, percent="50"), part(7, percent="50.01")),
        (part(1, percent="101"), part(7)),
        (part(1, amount=100_00), part(4, amount=899_99)),
        (part(1, amount=100_00), part(4, amount=900_01)),
        (part(1, amount=1000_01), part(4)),
        (part(1, amount=100_00), part(4, percent="89")),
    ],
)
def test_a_plan_that_does_not_is_refused(plan: tuple[Instalment, ...]) -> None:
    assert "PlanNotWhole" in codes(*plan)


def test_the_price_of_a_line_that_ends_with_an_unknown_day_is_not_compared() -> None:
    sold = replace(line(part(1, amount=1)), window=Period(YEAR.start, LAST_DAY))
    assert list(plan_amount_problems(sold, EUR)) == []
    assert list(plan_problems(sold)) == []


def test_each_problem_has_its_path() -> None:
    plan = (
        part(2),
        Instalment(on=date(2025, 2, 1), percent=Decimal(-1), amount=Money(-1, EUR)),
        Instalment(on=date(2035, 2, 1), percent=Decimal(5)),
    )
    assert [(each.code, each.path) for each in plan_problems(line(*plan))] == [
        ("InvalidInstalment", "plan[0].percent"),
        ("AmbiguousInstalment", "plan[1].amount"),
        ("InvalidInstalment", "plan[1].percent"),
        ("InvalidInstalment", "plan[1].amount"),
        ("PlanNotInOrder", "plan[1].on"),
        ("PlanOutOfReach", "plan[2].on"),
    ]


@given(st.lists(st.integers(0, 4000), min_size=1, max_size=11))
def test_shares_are_right_exactly_when_they_come_to_a_hundred(basis_points: list[int]) -> None:
    parts = [
        part(month, percent=str(Decimal(points).scaleb(-2)))
        for month, points in enumerate(basis_points, start=1)
    ]
    assert (codes(*parts) == []) == (sum(basis_points) == 10_000)
    if sum(basis_points) <= 10_000:
        assert codes(*parts, part(12)) == []
