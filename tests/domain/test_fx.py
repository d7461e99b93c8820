"""Exchange rates: of the right day, either way round, across a third currency; rounded once."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from usance.domain.errors import Invalid
from usance.domain.fx import MAX_AGE_DAYS, FxQuote, FxRateMissing, Rates, new_quotes
from usance.domain.money import Currency, Money, currency

EUR, USD, GBP, JPY = (currency(code) for code in ("EUR", "USD", "GBP", "JPY"))
FRIDAY, SATURDAY = date(2025, 1, 31), date(2025, 2, 1)
CURRENCIES = st.sampled_from([EUR, USD, GBP, JPY])
FIGURES = st.decimals(Decimal("0.0001"), Decimal(1000), places=4)
DAYS = st.dates(date(2025, 1, 1), date(2025, 2, 28))

# As the European Central Bank published them for 31 January 2025.
ECB = Rates(
    "ECB",
    [
        FxQuote(EUR, USD, FRIDAY, Decimal("1.0393")),
        FxQuote(EUR, GBP, FRIDAY, Decimal("0.83608")),
        FxQuote(EUR, JPY, FRIDAY, Decimal("160.99")),
    ],
)


@st.composite
def quotes(draw: st.DrawFn) -> list[FxQuote]:
    """What one source said over two months."""
    pairs = st.tuples(CURRENCIES, CURRENCIES).filter(lambda pair: pair[0] != pair[1])
    rows = draw(st.lists(st.tuples(pairs, DAYS, FIGURES), max_size=12))
    return [FxQuote(*pair, day, figure) for pair, day, figure in rows]


@given(quotes(), CURRENCIES, CURRENCIES, DAYS)
def test_a_rate_and_its_inverse_multiply_to_one(
    said: list[FxQuote], base: Currency, quote: Currency, on: date
) -> None:
    directions = {(each.base, each.quote, each.day) for each in said}
    assume(not any((other, one, day) in directions for one, other, day in directions))
    rates = Rates("x", said)
    try:
        there = rates.rate(base, quote, on)
    except FxRateMissing:
        with pytest.raises(FxRateMissing):
            rates.rate(quote, base, on)
        return
    back = rates.rate(quote, base, on)
    assert (there.rate * back.rate, there.day) == (Fraction(1), back.day)


@given(quotes(), CURRENCIES, CURRENCIES, DAYS)
def test_no_rate_is_of_a_later_day_than_it_is_asked_for_or_older_than_the_bound(
    said: list[FxQuote], base: Currency, quote: Currency, on: date
) -> None:
    pair = {base, quote}
    usable = [
        each.day
        for each in said
        if {each.base, each.quote} == pair and 0 <= (on - each.day).days <= MAX_AGE_DAYS
    ]
    try:
        found = Rates("x", said).rate(base, quote, on)
    except FxRateMissing:
        assert not usable
        return
    assert on - timedelta(days=MAX_AGE_DAYS) <= found.day <= on
    assert found.day >= max(usable, default=found.day), "the last day that has it"


@given(quotes(), st.integers(-(10**12), 10**12), CURRENCIES, DAYS)
def test_an_amount_converted_into_its_own_currency_is_the_same_amount(
    said: list[FxQuote], minor: int, of: Currency, on: date
) -> None:
    assert Rates("x", said).convert(Money(minor, of), of, on) == Money(minor, of)


@pytest.mark.parametrize(
    ("base", "quote", "rate", "written"),
    [
        (EUR, USD, Fraction("1.0393"), "1.0393"),
        (USD, EUR, 1 / Fraction("1.0393"), "0.96218609"),
        (USD, GBP, Fraction("0.83608") / Fraction("1.0393"), "0.80446454"),
        (GBP, JPY, Fraction("160.99") / Fraction("0.83608"), "192.55334"),
    ],
    ids=["as quoted", "the other way round", "across the euro", "across the euro to yen"],
)
def test_a_rate_is_quoted_inverted_or_crossed(
    base: Currency, quote: Currency, rate: Fraction, written: str
) -> None:
    found = ECB.rate(base, quote, FRIDAY)
    assert (found.rate, found.text) == (rate, written)
    assert (found.day, found.source) == (FRIDAY, "ECB")


def test_on_a_weekend_the_rate_of_friday_holds_and_does_not_count_as_stale() -> None:
    found = ECB.rate(EUR, USD, SATURDAY)
    assert found.day == FRIDAY
    assert not found.is_stale(SATURDAY)
    assert found.is_stale(FRIDAY + timedelta(days=6))


@pytest.mark.parametrize("on", [FRIDAY - timedelta(days=1), FRIDAY + timedelta(days=11)])
def test_before_the_first_rate_and_long_after_the_last_there_is_none(on: date) -> None:
    with pytest.raises(FxRateMissing, match="EUR in USD"):
        ECB.rate(EUR, USD, on)


def test_an_amount_is_rounded_once_and_to_the_digits_of_its_new_currency() -> None:
    assert ECB.convert(Money(10_000, USD), JPY, FRIDAY) == Money(15_490, JPY)
    assert ECB.convert(Money(-5, EUR), GBP, FRIDAY) == Money(-4, GBP)


@pytest.mark.parametrize(
    ("quote", "rate", "path"), [(USD, "0", "rate"), (USD, "-1", "rate"), (EUR, "1", "quote")]
)
def test_what_is_no_rate_is_refused(quote: Currency, rate: str, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        FxQuote(EUR, quote, FRIDAY, Decimal(rate))
    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == ("InvalidFxRate", path)


def test_only_what_is_not_known_yet_is_new() -> None:
    dollar, pound = (
        FxQuote(EUR, USD, FRIDAY, Decimal("1.0393")),
        FxQuote(EUR, GBP, FRIDAY, Decimal("0.83608")),
    )
    known = {dollar.key: Decimal("1.03930")}
    assert new_quotes(known, [dollar, pound], may_restate=False) == [pound]
    other = FxQuote(EUR, USD, FRIDAY, Decimal("1.04"))
    assert new_quotes(known, [other], may_restate=True) == [other]
    with pytest.raises(Invalid) as refused:
        new_quotes(known, [other, pound, pound], may_restate=False)
    assert [(each.code, each.path) for each in refused.value.problems] == [
        ("FxRateAlreadyKnown", "EUR/USD 2025-01-31"),
        ("DuplicateFxRate", "EUR/GBP 2025-01-31"),
    ]


def test_large_and_tiny_rates_keep_their_digits() -> None:
    rupiah, dong = currency("IDR"), currency("VND")
    said = [
        FxQuote(EUR, rupiah, FRIDAY, Decimal("16923.45")),
        FxQuote(dong, EUR, FRIDAY, Decimal("0.000038412345")),
    ]
    rates = Rates("x", said)
    assert rates.rate(EUR, rupiah, FRIDAY).text == "16923.45"
    assert rates.rate(dong, EUR, FRIDAY).text == "0.000038412345"
    assert rates.rate(rupiah, EUR, FRIDAY).text == "0.000059089606"
