"""Scaling: what a factor changes in a price, and what it leaves alone."""

from dataclasses import fields
from decimal import Decimal
from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.rating.price_values import (
    AMOUNTS,
    GRADUATED,
    PACKAGES,
    QUANTITIES,
    VOLUMES,
    matrices,
    pricings,
)
from usance.domain.errors import Invalid
from usance.domain.rating.prices import (
    Cell,
    Discount,
    Flat,
    Graduated,
    Matrix,
    Multiplier,
    PackageTier,
    Percentage,
    PerUnit,
    Price,
    Pricing,
    RateTier,
    Tier,
)
from usance.domain.rating.rate import rate
from usance.domain.rating.scaling import MONEY, PARTS, scaled

WHOLE = st.integers(1, 50)
IN_MONEY = st.one_of(
    st.builds(Flat, AMOUNTS), st.builds(PerUnit, AMOUNTS), GRADUATED, VOLUMES, PACKAGES, matrices()
)
NO_MONEY = {  # quantities, percentages, rules
    "included",
    "up_to",
    "rate_percent",
    "package_size",
    "free_units",
    "free_events",
    "free_amount",
    "multiplier",
    "rounding",
    "bound",
    "billed_at_zero",
    "dimensions",
    "values",
    "percent",
    "reason",
}


def test_an_uplift_of_five_percent_raises_every_money_amount() -> None:
    tiers = (Tier(Decimal(10), Decimal("30.00"), Decimal(5), Decimal(200)), Tier(None, Decimal(20)))
    pricing = Pricing(price=Graduated(tiers), included=Decimal(3), minimum=Decimal("99.99"))
    assert scaled(pricing, Decimal("1.05")) == Pricing(
        price=Graduated(
            (
                Tier(Decimal(10), Decimal("31.50"), Decimal("5.25"), Decimal(210)),
                Tier(None, Decimal(21)),
            )
        ),
        included=Decimal(3),
        minimum=Decimal("104.9895"),
    )


def test_a_factor_that_never_ends_is_kept_to_twelve_decimals() -> None:
    third = scaled(Pricing(price=PerUnit(Decimal(2))), Fraction(1, 3))
    assert third == Pricing(price=PerUnit(Decimal("0.666666666667")))


def test_amounts_are_rounded_half_away_from_zero_to_the_decimals_asked_for() -> None:
    half = scaled(Pricing(price=Flat(Decimal("10.01"))), Decimal("0.5"), decimals=2)
    assert half == Pricing(price=Flat(Decimal("5.01")))


def test_an_amount_keeps_the_decimals_it_was_written_with() -> None:
    raised = scaled(Pricing(price=PerUnit(Decimal("30.00"))), Decimal("1.1"))
    assert str(raised.price.unit_amount if isinstance(raised.price, PerUnit) else None) == "33.00"


def test_percentages_follow_the_amounts_they_apply_to() -> None:
    card = Percentage(
        rate_percent=Decimal("2.9"), fixed_amount=Decimal("0.30"), free_amount=Decimal(100)
    )
    assert scaled(Pricing(price=card), Decimal(2)).price == Percentage(
        rate_percent=Decimal("2.9"), fixed_amount=Decimal("0.60"), free_amount=Decimal(100)
    )
    cost_plus = Pricing(price=Multiplier(Decimal("1.2")))
    assert scaled(cost_plus, Decimal(2)) == cost_plus


def test_the_cells_and_the_default_of_a_matrix_are_scaled() -> None:
    matrix = Matrix(("region",), (Cell(("eu",), Decimal(2)),), Decimal(3))
    assert scaled(Pricing(price=matrix), Decimal("1.5")).price == Matrix(
        ("region",), (Cell(("eu",), Decimal(3)),), Decimal("4.5")
    )


@pytest.mark.parametrize("factor", [Decimal(0), Fraction(-1, 2)])
def test_a_factor_of_zero_or_below_is_refused(factor: Decimal | Fraction) -> None:
    with pytest.raises(Invalid) as refused:
        scaled(Pricing(price=Flat(Decimal(1))), factor)
    assert refused.value.problems[0].code == "ScaleFactor"


def test_every_field_of_every_price_is_money_or_plainly_not() -> None:
    kinds = [*get_args(Price), Pricing, Tier, RateTier, PackageTier, Cell, Discount]
    names = {field.name for kind in kinds for field in fields(kind)}
    assert names == MONEY | PARTS | NO_MONEY


@given(pricings(), WHOLE)
def test_scaling_up_and_down_again_gives_the_same_price(pricing: Pricing, factor: int) -> None:
    assert scaled(scaled(pricing, Fraction(factor)), Fraction(1, factor)) == pricing


@given(IN_MONEY, QUANTITIES, WHOLE)
def test_a_price_in_money_alone_charges_as_many_times_as_much(
    price: Price, quantity: Decimal, factor: int
) -> None:
    dearer = scaled(Pricing(price=price), Fraction(factor)).price
    assert rate(dearer, quantity).amount == rate(price, quantity).amount * factor
