"""Rounding as a choice."""

from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.errors import Invalid
from usance.domain.money import Money, currency
from usance.domain.rounding import (
    BY_RATE,
    RoundingMode,
    Spare,
    TaxLevel,
    TaxRounding,
    cash_rounding,
    deal,
    divide,
    round_money,
    round_to,
    rounded_sum,
    sum_of_rounded,
    tax_rounding_of,
)

EUR, CHF = currency("EUR"), currency("CHF")
PYTHONS = {mode: getattr(decimal, f"ROUND_{mode}") for mode in RoundingMode}
MODES = st.sampled_from(RoundingMode)
WEIGHTS = st.lists(st.integers(-3, 10**6), min_size=1, max_size=8).filter(
    lambda weights: any(weight > 0 for weight in weights)
)


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6), MODES)
def test_rounding_moves_a_number_by_less_than_one_unit_and_by_at_most_half_in_the_half_modes(
    numerator: int, denominator: int, mode: RoundingMode
) -> None:
    moved = abs(divide(numerator, denominator, mode) - Fraction(numerator, denominator))
    assert moved < 1
    assert mode.is_directed or moved <= Fraction(1, 2)


@given(st.decimals(-(10**6), 10**6, places=4), MODES)
def test_the_modes_are_those_of_pythons_decimals(exact: Decimal, mode: RoundingMode) -> None:
    assert round_to(exact, 2, mode) == exact.quantize(Decimal("0.01"), PYTHONS[mode])


@given(st.integers(-(10**9), 10**9), WEIGHTS, st.sampled_from(Spare))
def test_what_is_dealt_out_adds_up_whoever_gets_the_spare_units(
    minor: int, weights: list[int], spare: Spare
) -> None:
    parts = deal(Money(minor, EUR), weights, spare)
    assert sum(part.minor for part in parts) == minor
    whole = sum(max(weight, 0) for weight in weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor - Fraction(minor * max(weight, 0), whole)) < 2
        assert weight > 0 or part.is_zero


def minors(amount: int, weights: list[int], spare: Spare) -> list[int]:
    """The shares in minor units."""
    return [part.minor for part in deal(Money(amount, EUR), weights, spare)]


def test_spare_units_go_to_the_largest_remainder_the_first_or_the_last() -> None:
    assert minors(101, [3, 7], Spare.LARGEST_REMAINDER) == [30, 71]
    assert minors(101, [3, 7], Spare.FIRST) == [31, 70]
    assert minors(-101, [3, 7], Spare.FIRST) == [-31, -70]
    assert minors(830, [1, 1, 1, 1], Spare.LAST) == [207, 207, 208, 208]
    assert minors(4, [1, 0, 1, 1, 0], Spare.LAST) == [1, 0, 1, 2, 0]
    with pytest.raises(ValueError, match="above zero"):
        deal(Money(1, EUR), [0], Spare.FIRST)


def test_coins_are_rounded_to_on_a_line_of_their_own() -> None:
    coin = Money.parse("0.05", CHF)
    assert cash_rounding(Money.parse("15.98", CHF), coin).text == "0.02"
    assert cash_rounding(Money.parse("15.97", CHF), coin).text == "-0.02"
    assert cash_rounding(Money.parse("-15.98", CHF), coin).text == "-0.02"


def test_rounded_lines_add_up_to_what_is_printed() -> None:
    thirds = [Decimal("10.333333")] * 3
    assert sum_of_rounded(thirds, EUR).text == "30.99"
    assert rounded_sum(thirds, EUR).text == "31.00"
    assert round_money(Fraction(1, 3), EUR, RoundingMode.UP).text == "0.34"


def test_japan_rounds_tax_down_and_others_half_up_once_a_rate() -> None:
    assert tax_rounding_of("JP") == TaxRounding(TaxLevel.RATE, RoundingMode.DOWN)
    assert tax_rounding_of("DE") == tax_rounding_of("US") == BY_RATE


@pytest.mark.parametrize("mode", [RoundingMode.FLOOR, RoundingMode.CEILING])
def test_tax_is_not_rounded_so_that_a_credit_differs_from_its_invoice(mode: RoundingMode) -> None:
    with pytest.raises(Invalid) as refused:
        TaxRounding(TaxLevel.LINE, mode)
    assert refused.value.problems[0].code == "InvalidTaxRounding"
