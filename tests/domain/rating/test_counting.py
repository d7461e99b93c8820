"""Counting: which detail a price asks for, and that most ask for none."""

from decimal import Decimal
from fractions import Fraction

import pytest

from usance.domain.metering.totals import WHOLE, Apart, Detail
from usance.domain.rating.counting import detail_for
from usance.domain.rating.prices import Cell, Matrix, Percentage, PerUnit, Price, Pricing

ONE = Decimal(1)
MATRIX = Matrix(("region", "size"), (Cell(("eu", None), ONE),))


@pytest.mark.parametrize(
    ("price", "included", "detail"),
    [
        (PerUnit(ONE), 0, WHOLE),
        (Percentage(rate_percent=ONE), 0, WHOLE),
        (MATRIX, 0, Detail(("region", "size"))),
        (Percentage(rate_percent=ONE, fixed_amount=ONE), 0, Detail(apart=Apart(0))),
        (Percentage(rate_percent=ONE, free_events=3), 0, Detail(apart=Apart(3))),
        (Percentage(rate_percent=ONE, free_amount=ONE), 0, Detail(apart=Apart(None, ONE))),
        (
            Percentage(rate_percent=ONE, fixed_amount=ONE),
            10,
            Detail(apart=Apart(None, Decimal(20))),
        ),
        (
            Percentage(rate_percent=ONE, free_amount=ONE, free_events=3),
            10,
            Detail(apart=Apart(None, Decimal(21))),
        ),
        (Percentage(rate_percent=ONE, free_events=3), 10, Detail(apart=Apart(None))),
    ],
)
def test_a_price_asks_for_the_detail_it_needs(price: Price, included: int, detail: Detail) -> None:
    """Of included units the count must know the first ones, for as many periods as there are."""
    pricing = Pricing(price=price, included=Decimal(included))
    assert detail_for(pricing, Fraction(3, 2)) == detail
