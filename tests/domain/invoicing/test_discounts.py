"""Discounts on a document."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from usance.domain.invoicing.discounts import (
    AmountOff,
    Discount,
    PercentOff,
    in_order,
    share_discount,
    take_discounts,
)
from usance.domain.money import Money, currency, total

EUR = currency("EUR")
PERCENTS = st.decimals(0, 100, places=2).map(PercentOff)
FIXED = st.integers(0, 10**6).map(lambda minor: AmountOff(Money(minor, EUR)))


def eur(text: str) -> Money:
    """An amount in euros."""
    return Money.parse(text, EUR)


@given(st.integers(0, 10**6), st.lists(PERCENTS | FIXED, max_size=6))
def test_discounts_never_take_more_than_there_is(minor: int, discounts: list[Discount]) -> None:
    taken = take_discounts(Money(minor, EUR), discounts)
    assert taken.net.minor >= 0
    assert taken.net + taken.discount == Money(minor, EUR)
    assert total(taken.used, EUR) == taken.discount


@given(st.integers(0, 10**6), st.lists(st.integers(-(10**5), 10**6), min_size=1, max_size=8))
def test_the_shares_of_a_discount_add_up_and_no_line_bears_more_than_it_is_worth(
    minor: int, lines: list[int]
) -> None:
    shares = share_discount(Money(minor, EUR), [Money(line, EUR) for line in lines])
    assert total(shares, EUR).minor == min(minor, sum(max(line, 0) for line in lines))
    for line, share in zip(lines, shares, strict=True):
        assert 0 <= share.minor <= max(line, 0)


def test_percentages_compound_and_come_before_fixed_amounts() -> None:
    ten, fifty = PercentOff(Decimal(10)), AmountOff(eur("50"))
    assert take_discounts(eur("100"), [ten, PercentOff(Decimal(25))]).discount == eur("32.50")
    assert take_discounts(eur("100"), [fifty, ten]).discount == eur("55")
    assert take_discounts(eur("100"), in_order([fifty, ten])).discount == eur("60")
    assert [each.text for each in take_discounts(eur("60"), [fifty, fifty]).used] == [
        "50.00",
        "10.00",
    ]
