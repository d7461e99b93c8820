"""Prices that include tax."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.tax.parties import EUR
from usance.domain.money import Money
from usance.domain.rounding import TAX_MODES, RoundingMode
from usance.domain.tax.inclusive import net_of_inclusive, split_inclusive

PERCENTS = st.decimals("0", "100", places=3)


@given(st.integers(-(10**9), 10**9), PERCENTS, st.sampled_from(TAX_MODES), st.booleans())
def test_net_and_tax_are_the_price_again(
    gross: int, percent: Decimal, mode: RoundingMode, is_tax_rounded: bool
) -> None:
    price = Money(gross, EUR)
    split = split_inclusive(price, percent, mode, is_tax_rounded=is_tax_rounded)
    assert split.net + split.tax == price
    assert split.net.minor * gross >= 0
    assert split.tax.minor * gross >= 0


@pytest.mark.parametrize(
    ("gross", "percent", "net"),
    [("119.00", "19", "100.00"), ("100.00", "20", "83.33"), ("69.93", "22", "57.32")],
)
def test_the_net_is_taken_from_the_line(gross: str, percent: str, net: str) -> None:
    assert net_of_inclusive(Money.parse(gross, EUR), Decimal(percent)).text == net


def test_an_exact_half_goes_to_the_net_or_to_the_tax() -> None:
    price, percent = Money.parse("2.99", EUR), Decimal(4)
    assert [part.text for part in split_inclusive(price, percent)] == ["2.88", "0.11"]
    split = split_inclusive(price, percent, is_tax_rounded=True)
    assert [part.text for part in split] == ["2.87", "0.12"]
