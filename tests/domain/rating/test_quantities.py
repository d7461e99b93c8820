"""Quantities: conversion, units weighted by time."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.rating.price_values import GRADUATED, QUANTITIES
from usance.domain.money import currency
from usance.domain.rating.prices import (
    Graduated,
    PackageRounding,
    Tier,
    TierBound,
    Volume,
)
from usance.domain.rating.quantities import (
    WeightedChange,
    convert,
    rate_given,
    rate_weighted,
)
from usance.domain.rating.rate import rate


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


@pytest.mark.parametrize("kind", [Graduated, Volume])
def test_without_any_units_the_first_flat_amount_is_due_only_where_billed_at_zero(
    kind: type[Graduated] | type[Volume],
) -> None:
    tiers = (Tier(Decimal(5), Decimal(10), Decimal(100)), Tier(None, Decimal(5), Decimal(50)))
    assert rate_weighted(kind(tiers), []).exact == 0
    assert rate_weighted(kind(tiers, billed_at_zero=True), []).exact == 100
    gone = [WeightedChange(Decimal(2), Decimal(1)), WeightedChange(Decimal(-2), Decimal(-1))]
    assert rate_weighted(kind(tiers), gone).flat_part == 100


def test_by_volume_whole_units_choose_the_tier_and_weighted_units_are_priced() -> None:
    tiers = (Tier(Decimal(10), Decimal(2)), Tier(Decimal(20), Decimal(1), Decimal(7)))
    twelve = WeightedChange(Decimal(12), Decimal(6))
    assert rate_weighted(Volume(tiers), [twelve]).exact == 13
    assert rate_weighted(Volume(tiers), [WeightedChange(Decimal(30), Decimal(1))]).exact == 0
    ten = WeightedChange(Decimal(10), Decimal(5))
    assert rate_weighted(Volume(tiers, bound=TierBound.FROM), [ten]).exact == 12
