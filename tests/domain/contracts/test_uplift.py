"""Uplifts: by a percentage, or by an index between its floor and its cap."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.contracts.uplift import Uplift, index_months, uplifted
from usance.domain.errors import Invalid
from usance.domain.price_index import IndexSeries

# CPI-U, US city average, all items, not seasonally adjusted: US Bureau of Labor Statistics.
CPI_U = IndexSeries(
    "CPI-U",
    {
        date(2022, 11, 1): Decimal("297.711"),
        date(2023, 11, 1): Decimal("307.051"),
        date(2024, 11, 1): Decimal("315.493"),
    },
)
PERCENTS = st.decimals(-100, 1000, places=3)
FIGURES = st.decimals(Decimal("0.01"), Decimal(1000), places=2)
NEW_YEAR = date(2025, 1, 1)


def by_index(**bounds: Decimal | int) -> Uplift:
    return Uplift(index="CPI-U", **bounds)  # type: ignore[arg-type]


def uplift_factor(rule: Uplift, on: date, series: IndexSeries | None) -> Fraction | None:
    found = uplifted(rule, on, series)
    return found and found.factor


def test_in_january_the_index_of_november_counts_against_the_november_before() -> None:
    assert index_months(by_index(), NEW_YEAR) == (date(2024, 11, 1), date(2023, 11, 1))
    found = uplifted(by_index(), NEW_YEAR, CPI_U)
    assert found is not None
    assert found.factor == Fraction(315_493, 307_051)  # 2.749 %
    assert (found.of, found.against) == (date(2024, 11, 1), date(2023, 11, 1))
    assert found.change == Fraction(315_493, 307_051) - 1


@pytest.mark.parametrize(
    ("bounds", "factor"),
    [
        ({"cap": Decimal("2.5")}, "1.025"),
        ({"floor": Decimal(3)}, "1.03"),
        ({"floor": Decimal(2), "cap": Decimal(5), "plus": Decimal(4)}, "1.05"),
        ({"floor": Decimal(3), "cap": Decimal(3)}, "1.03"),
        ({"plus": Decimal(-5), "floor": Decimal(0)}, "1"),
    ],
)
def test_an_index_stays_between_floor_and_cap_whatever_is_added(
    bounds: dict[str, Decimal], factor: str
) -> None:
    assert uplift_factor(by_index(**bounds), NEW_YEAR, CPI_U) == Fraction(factor)


def test_points_are_added_to_the_change_of_the_index() -> None:
    plain = uplift_factor(by_index(), NEW_YEAR, CPI_U)
    more = uplift_factor(by_index(plus=Decimal(1)), NEW_YEAR, CPI_U)
    assert plain is not None
    assert more == plain + Fraction(1, 100)


@pytest.mark.parametrize("on", [date(2025, 2, 1), date(2024, 1, 31), date(2022, 12, 31)])
def test_without_both_months_there_is_no_factor_yet(on: date) -> None:
    expected = Fraction(307_051, 297_711) if on.year == 2024 else None
    assert uplift_factor(by_index(), on, CPI_U) == expected
    assert uplift_factor(by_index(), on, None) is None


def test_a_percentage_needs_no_index() -> None:
    assert uplift_factor(Uplift(percent=Decimal("3.5")), NEW_YEAR, None) == Fraction("1.035")
    assert uplift_factor(Uplift(percent=Decimal(-100)), NEW_YEAR, CPI_U) == 0


@given(FIGURES, FIGURES, PERCENTS, PERCENTS, PERCENTS)
def test_no_factor_leaves_its_bounds_or_turns_a_price_negative(
    earlier: Decimal, later: Decimal, one: Decimal, other: Decimal, plus: Decimal
) -> None:
    floor, cap = sorted([one, other])
    rule = by_index(floor=floor, cap=max(cap, Decimal(0)), plus=plus)
    series = IndexSeries("CPI-U", {date(2024, 11, 1): later, date(2023, 11, 1): earlier})
    factor = uplift_factor(rule, NEW_YEAR, series)
    assert factor is not None
    assert factor >= 0
    assert rule.cap is not None
    assert 1 + Fraction(floor) / 100 <= factor <= 1 + Fraction(rule.cap) / 100


@pytest.mark.parametrize(
    ("said", "code", "path"),
    [
        ({}, "AmbiguousUplift", "percent"),
        ({"percent": Decimal(3), "index": "CPI"}, "AmbiguousUplift", "percent"),
        ({"percent": Decimal(3), "cap": Decimal(5)}, "NotOfThisUplift", "cap"),
        ({"percent": Decimal(3), "plus": Decimal(1)}, "NotOfThisUplift", "plus"),
        ({"percent": Decimal("-100.1")}, "InvalidPercent", "percent"),
        ({"percent": Decimal(1001)}, "InvalidPercent", "percent"),
        ({"percent": Decimal(3), "decimals": 13}, "InvalidDecimals", "decimals"),
        ({"index": "two words"}, "InvalidIndex", "index"),
        ({"index": "CPI", "cap": Decimal(-1)}, "NegativeCap", "cap"),
        ({"index": "CPI", "floor": Decimal(5), "cap": Decimal(2)}, "FloorAboveCap", "floor"),
        ({"index": "CPI", "lag_months": -1}, "InvalidLag", "lagMonths"),
        ({"index": "CPI", "lag_months": 25}, "InvalidLag", "lagMonths"),
        ({"index": "CPI", "plus": Decimal(1001)}, "InvalidPercent", "plus"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(
    said: dict[str, object], code: str, path: str
) -> None:
    with pytest.raises(Invalid) as refused:
        Uplift(**said)  # type: ignore[arg-type]
    assert [(each.code, each.path) for each in refused.value.problems] == [(code, path)]
