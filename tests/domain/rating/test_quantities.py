"""Quantities: conversion, matrix cells, units weighted by time."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.rating.price_values import GRADUATED, QUANTITIES, matrices
from usance.domain.money import currency
from usance.domain.rating.prices import (
    Cell,
    Graduated,
    Matrix,
    PackageRounding,
    Tier,
    TierBound,
    Volume,
)
from usance.domain.rating.quantities import (
    CellUsage,
    IncludedRule,
    WeightedChange,
    convert,
    rate_cells,
    rate_given,
    rate_weighted,
    unit_amount_for,
)
from usance.domain.rating.rate import rate

VALUES = st.sampled_from(["a", "b", "c"])
USAGE = st.lists(
    st.builds(
        lambda region, kind, quantity: CellUsage({"region": region, "kind": kind}, quantity),
        VALUES,
        VALUES,
        QUANTITIES,
    ),
    max_size=5,
)
TWO_REGIONS = Matrix(
    ("region",), (Cell(("a",), Decimal(1)), Cell(("b",), Decimal(2))), Decimal("0.5")
)


@given(matrices(), USAGE, QUANTITIES, st.sampled_from(IncludedRule))
def test_no_usage_of_a_matrix_is_dropped(
    price: Matrix, usage: list[CellUsage], included: Decimal, rule: IncludedRule
) -> None:
    rated = rate_cells(price, usage, included=included, rule=rule)
    whole = sum((one.quantity for one in usage), Decimal(0))
    facts = [part.facts for part in rated.working.parts]
    charged = sum((Decimal(one.get("charged", one["quantity"])) for one in facts), Decimal(0))
    assert abs(charged - max(whole - included, Decimal(0))) < Decimal("1e-30")
    assert sum((Decimal(one["amount"]) for one in facts), Decimal(0)) == rated.amount
    assert price.default_unit_amount is None or rated.unpriced == 0


def test_the_exact_cell_comes_before_the_open_one_and_the_default_last() -> None:
    price = Matrix(
        ("region", "kind"),
        (
            Cell((None, None), Decimal(9)),
            Cell(("a", None), Decimal(2)),
            Cell(("a", "x"), Decimal(1)),
        ),
    )
    found = [
        unit_amount_for(price, values)
        for values in ({"region": "a", "kind": "x"}, {"region": "a"}, {"kind": "x"})
    ]
    assert found == [1, 2, 9]
    assert unit_amount_for(TWO_REGIONS, {"region": "z"}) == Decimal("0.5")


@pytest.mark.parametrize(
    ("rule", "amount"),
    [
        (IncludedRule.PRO_RATA, "98"),
        (IncludedRule.DEAREST_FIRST, "80"),
        (IncludedRule.CHEAPEST_FIRST, "110"),
    ],
)
def test_common_included_units_are_taken_by_the_rule_that_was_agreed(
    rule: IncludedRule, amount: str
) -> None:
    usage = [CellUsage({"region": "a"}, Decimal(60)), CellUsage({"region": "b"}, Decimal(40))]
    rated = rate_cells(TWO_REGIONS, usage, included=Decimal(30), rule=rule)
    assert rated.amount == Decimal(amount)


def test_quantities_are_converted_exactly_or_rounded_where_the_price_says_so() -> None:
    gigabytes = Decimal(1400), Decimal(1000)
    assert convert(*gigabytes) == Decimal("1.4")
    assert convert(*gigabytes, PackageRounding.UP) == 2
    assert convert(*gigabytes, PackageRounding.DOWN) == 1


def test_a_dynamic_price_is_the_amount_its_usage_names() -> None:
    assert rate_given(Decimal("40.2"), currency("EUR")).amount == Decimal("0.402")
    assert rate_given(Decimal("40.2"), currency("JPY")).amount == Decimal("40.2")


@given(GRADUATED, st.lists(QUANTITIES.filter(bool), min_size=1, max_size=5))
def test_units_weighted_in_full_cost_what_they_cost_unweighted(
    price: Graduated, added: list[Decimal]
) -> None:
    plain = Graduated(
        tuple(Tier(tier.up_to, tier.unit_amount, tier.flat_amount) for tier in price.tiers)
    )
    weighted = rate_weighted(plain, [WeightedChange(units, units) for units in added])
    whole = rate(plain, sum(added, Decimal(0)))
    assert weighted.exact == Fraction(whole.amount)


@given(GRADUATED, QUANTITIES.filter(bool), QUANTITIES)
def test_units_removed_at_once_leave_only_the_flat_amounts_reached(
    price: Graduated, units: Decimal, weight: Decimal
) -> None:
    changes = [WeightedChange(units, weight), WeightedChange(-units, -weight)]
    weighted = rate_weighted(price, changes)
    assert weighted.usage_part == 0
    assert weighted.exact == Fraction(weighted.flat_part)


def test_weighted_units_never_cost_less_than_nothing() -> None:
    price = Graduated((Tier(None, Decimal(10), Decimal(1)),))
    changes = [WeightedChange(Decimal(5), Decimal(2)), WeightedChange(Decimal(-9), Decimal(-3))]
    assert rate_weighted(price, changes).rounded(currency("EUR")).is_zero


def test_by_volume_whole_units_choose_the_tier_and_weighted_units_are_priced() -> None:
    tiers = (Tier(Decimal(10), Decimal(2)), Tier(Decimal(20), Decimal(1), Decimal(7)))
    twelve = WeightedChange(Decimal(12), Decimal(6))
    assert rate_weighted(Volume(tiers), [twelve]).exact == 13
    assert rate_weighted(Volume(tiers), [WeightedChange(Decimal(30), Decimal(1))]).exact == 0
    ten = WeightedChange(Decimal(10), Decimal(5))
    assert rate_weighted(Volume(tiers, bound=TierBound.FROM), [ten]).exact == 12


def test_usage_without_a_price_is_shown_not_dropped() -> None:
    price = Matrix(("region",), (Cell(("a",), Decimal(1)),))
    usage = [CellUsage({"region": "zz"}, Decimal(5)), CellUsage({"region": "a"}, Decimal(2))]
    rated = rate_cells(price, usage)
    assert (int(rated.amount), int(rated.unpriced)) == (2, 5)
    assert [part.rule for part in rated.working.parts] == ["unpriced", "cell"]
