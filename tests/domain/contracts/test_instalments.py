"""Instalments: parts that add up to the total, milestones that never ask for more."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.calendar import Cadence, Period, Unit
from usance.domain.contracts.instalments import (
    Milestone,
    MonthlyPrice,
    by_milestones,
    equal_parts,
    ramp,
)
from usance.domain.errors import Invalid
from usance.domain.money import Money, currency, total

USD = currency("USD")
TOTALS = st.integers(1, 10**9).map(lambda minor: Money(minor, USD))


def usd(text: str) -> Money:
    """An amount in US dollars."""
    return Money.parse(text, USD)


@given(TOTALS, st.integers(1, 60), st.fractions(0, 1, max_denominator=20))
def test_the_instalments_of_a_total_add_up_to_it(whole: Money, count: int, part: Fraction) -> None:
    upfront = Money(int(whole.minor * part), USD) if part else None
    amounts = equal_parts(whole, count, upfront=upfront)
    assert total(amounts, USD) == whole
    assert len(amounts) == count + (upfront is not None)
    equal = amounts[1:-1] if upfront is not None else amounts[:-1]
    assert len(set(equal)) <= 1
    mirrored = equal_parts(-whole, count, upfront=None if upfront is None else -upfront)
    assert mirrored == [-amount for amount in amounts]


@given(TOTALS, st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_milestones_in_percent_add_up_to_the_total_the_last_takes_what_rounding_left(
    whole: Money, percents: list[int]
) -> None:
    scale = Decimal(100) / sum(percents)
    shares = [(scale * percent).quantize(Decimal("0.000000000001")) for percent in percents]
    shares[-1] += 100 - sum(shares)
    milestones = [Milestone(name="m", percent=share) for share in shares]
    assert total(by_milestones(milestones, whole), USD) == whole


def test_cents_too_few_for_their_milestones_are_not_overspent() -> None:
    quarters = [Milestone(name="quarter", percent=Decimal(25))] * 4
    assert [part.minor for part in by_milestones(quarters, Money(2, USD))] == [1, 1, 0, 0]


def test_the_last_milestone_takes_the_rest() -> None:
    milestones = [
        Milestone(name="upfront", amount=usd("100.00")),
        Milestone(name="midpoint", percent=Decimal(30)),
        Milestone(name="end"),
    ]
    assert by_milestones(milestones, usd("1000")) == [usd("100"), usd("300"), usd("600")]


def test_fixed_milestones_need_no_total() -> None:
    milestones = [Milestone(name="one", amount=usd("5")), Milestone(name="two", amount=usd("7"))]
    assert by_milestones(milestones) == [usd("5"), usd("7")]


@pytest.mark.parametrize(
    ("milestones", "whole", "path"),
    [
        ([], None, "milestones"),
        ([Milestone(name="rest")], None, "milestones[0].amount"),
        ([Milestone(name="rest"), Milestone(name="rest")], "10", "milestones[0]"),
        ([Milestone(name="much", amount=usd("11"))], "10", "milestones[0]"),
        ([Milestone(name="little", amount=usd("9"))], "10", "milestones"),
        ([Milestone(name="negative", amount=usd("-1"))], "10", "milestones[0]"),
    ],
)
def test_milestones_that_do_not_come_to_the_total_are_refused(
    milestones: list[Milestone], whole: str | None, path: str
) -> None:
    with pytest.raises(Invalid) as refused:
        by_milestones(milestones, None if whole is None else usd(whole))
    problem = refused.value.problems[0]
    assert (problem.code, problem.path) == ("InvalidInstalments", path)


@pytest.mark.parametrize(("count", "upfront"), [(0, None), (3, "10.01")])
def test_instalments_that_cannot_be_are_refused(count: int, upfront: str | None) -> None:
    with pytest.raises(Invalid):
        equal_parts(usd("10"), count, upfront=None if upfront is None else usd(upfront))


def test_a_ramp_splits_the_period_under_way_where_the_price_steps() -> None:
    year = Period(date(2025, 1, 1), date(2026, 1, 1))
    prices = [
        MonthlyPrice(date(2025, 8, 16), Decimal(200)),
        MonthlyPrice(date(2025, 1, 1), Decimal(100)),
    ]
    pieces = list(ramp(year, prices, Cadence(2, Unit.QUARTER), anchor=year.start))
    assert [str(piece.period) for piece in pieces] == [
        "2025-01-01..2025-07-01",
        "2025-07-01..2025-08-16",
        "2025-08-16..2026-01-01",
    ]
    assert [piece.charge(USD).text for piece in pieces] == ["600.00", "148.39", "903.23"]


PERCENTS = st.integers(0, 60).map(lambda percent: Milestone(name="p", percent=Decimal(percent)))
FIXED = st.integers(0, 10**5).map(lambda minor: Milestone(name="f", amount=Money(minor, USD)))


@given(TOTALS, st.lists(PERCENTS | FIXED, max_size=4), st.booleans())
def test_no_milestone_asks_for_more_than_the_total_has_left(
    whole: Money, milestones: list[Milestone], has_rest: bool
) -> None:
    if has_rest:
        milestones = [*milestones, Milestone(name="rest")]
    try:
        amounts = by_milestones(milestones, whole)
    except Invalid:  # they do not come to the whole, or would ask for more
        return
    left = whole
    for amount in amounts:
        assert Money.zero(USD) <= amount <= left
        left -= amount
    assert left.is_zero
