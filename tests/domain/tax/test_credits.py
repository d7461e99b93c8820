"""The tax of partial credits."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.tax.parties import EUR
from usance.domain.money import Money
from usance.domain.tax.credits import TaxedPart, credited_tax

SIGNS = st.sampled_from([1, -1])


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=6),
    st.integers(0, 10**6),
    st.none() | st.sampled_from(["0", "7", "19", "8.875"]).map(Decimal),
    SIGNS,
)
def test_the_credits_of_a_line_never_give_back_more_tax_than_it_bore(
    parts: list[int], tax: int, percent: Decimal | None, sign: int
) -> None:
    """The credits of a line never give back more tax than it bore, and all of it with its last
    part.
    """
    source = TaxedPart(Money(sign * sum(parts), EUR), Money(sign * tax, EUR))
    net, back = Money.zero(EUR), Money.zero(EUR)
    for part in parts:
        credited = Money(sign * part, EUR)
        given_back = credited_tax(source, credited, before=TaxedPart(net, back), percent=percent)
        net, back = net + credited, back + given_back
        assert sign * given_back.minor >= 0
        assert sign * back.minor <= tax
    assert back == source.tax


def test_the_first_half_goes_back_at_its_rate_and_the_last_takes_the_rest() -> None:
    source = TaxedPart(Money(10, EUR), Money(3, EUR))
    nothing = TaxedPart(Money.zero(EUR), Money.zero(EUR))
    first = credited_tax(source, Money(5, EUR), before=nothing, percent=Decimal(25))
    last = credited_tax(source, Money(5, EUR), before=TaxedPart(Money(5, EUR), first))
    assert (first.minor, last.minor) == (1, 2)


def test_without_a_rate_the_tax_goes_back_in_proportion() -> None:
    source = TaxedPart(Money.parse("100.00", EUR), Money.parse("20.01", EUR))
    nothing = TaxedPart(Money.zero(EUR), Money.zero(EUR))
    assert credited_tax(source, Money.parse("40.00", EUR), before=nothing).text == "8.00"
