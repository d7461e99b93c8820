"""Document totals by EN 16931."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.invoicing.totals import (
    Stated,
    accepts_bases,
    accepts_category_tax,
    totals,
)
from usance.domain.money import Money, currency
from usance.domain.tax.rates import TaxCategory

EUR = currency("EUR")


def stated(amount: str, percent: str = "25", category: str = "S") -> Stated:
    """An amount of a document, in euros."""
    return Stated(Money.parse(amount, EUR), TaxCategory(category), Decimal(percent))


STATED = st.builds(
    lambda minor, percent: Stated(Money(minor, EUR), TaxCategory.STANDARD, Decimal(percent)),
    st.integers(0, 10**8),
    st.sampled_from(["7", "19", "19.00"]),
)
SEVERAL = st.lists(STATED, max_size=5)


@given(SEVERAL, SEVERAL, SEVERAL)
def test_every_figure_follows_from_those_before_it(
    lines: list[Stated], allowances: list[Stated], charges: list[Stated]
) -> None:
    made = totals(lines, EUR, allowances=allowances, charges=charges)
    assert made.net == made.line_sum - made.allowances + made.charges
    assert made.gross == made.net + made.tax == made.payable
    assert sum(row.taxable.minor for row in made.taxes) == made.net.minor
    assert sum(row.tax.minor for row in made.taxes) == made.tax.minor


def test_allowances_and_charges_belong_to_their_own_rate() -> None:
    made = totals(
        [stated("100.00", "25"), stated("50.00", "12")],
        EUR,
        allowances=[stated("10.00", "25")],
        charges=[stated("5.00", "0", "E")],
        prepaid=Money.parse("40.00", EUR),
        rounding=Money.parse("0.50", EUR),
    )
    assert [(row.category.value, row.taxable.text, row.tax.text) for row in made.taxes] == [
        ("S", "90.00", "22.50"),
        ("S", "50.00", "6.00"),
        ("E", "5.00", "0.00"),
    ]
    assert (made.gross.text, made.payable.text) == ("173.50", "134.00")


@pytest.mark.parametrize(
    ("taxable", "percent", "tax", "accepted"),
    [
        ("1000", "25", "250", True),
        ("1000", "25", "250.99", True),
        ("1000", "25", "251", False),
        ("1000", "25", "249", False),
        ("-1000", "25", "-250", True),
        ("1000", "0", "0.4", True),
        ("1000", "0", "0.5", False),
    ],
)
def test_validators_let_the_tax_of_a_category_be_off_by_less_than_a_unit(
    taxable: str, percent: str, tax: str, *, accepted: bool
) -> None:
    assert accepts_category_tax(Decimal(taxable), Decimal(percent), Decimal(tax)) is accepted


@pytest.mark.parametrize(
    ("said", "accepted"),
    [
        (stated("200.00"), True),
        (stated("200.99"), True),
        (stated("201.00"), False),
        (stated("200.00", "12"), False),
        (stated("50.00", "0", "K"), True),
        (stated("50.01", "0", "K"), False),
    ],
)
def test_validators_look_at_the_bases_that_are_stated(said: Stated, *, accepted: bool) -> None:
    lines = [stated("100.00"), stated("100.00", "25.00"), stated("50.00", "0", "K")]
    assert accepts_bases(lines, [said], EUR) is accepted
