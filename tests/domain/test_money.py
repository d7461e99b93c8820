"""Money: the lines that are always true, and the examples behind them."""

import decimal
import threading
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.errors import Invalid
from usance.domain.money import (
    Currency,
    CurrencyMismatch,
    Money,
    Rate,
    currency,
    exact_decimal,
    round_minor,
    total,
)

USD, JPY, KWD, CLF = (currency(code) for code in ("USD", "JPY", "KWD", "CLF"))
CURRENCIES = st.sampled_from([USD, JPY, KWD, CLF])
MINORS = st.integers(-(10**14), 10**14)
MONEY = st.builds(Money, MINORS, CURRENCIES)
WEIGHTS = st.lists(
    st.one_of(
        st.integers(-5, 10_000),
        st.decimals(0, 10, places=3, allow_nan=False),
        st.fractions(0, 5, max_denominator=400),
    ),
    min_size=1,
    max_size=8,
).filter(lambda weights: any(weight > 0 for weight in weights))
SHARES = st.fractions(0, 2, max_denominator=366)
ONE_TENTH = 0.1  # a float, on purpose
AMOUNTS = st.decimals(-(10**10), 10**10, places=6, allow_nan=False)


@given(MONEY, WEIGHTS)
def test_the_parts_of_a_split_add_up_to_the_whole(
    money: Money, weights: list[int | Decimal | Fraction]
) -> None:
    parts = money.split(weights)
    assert total(parts, money.currency) == money
    assert len(parts) == len(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert weight > 0 or part.is_zero
        assert part.minor * money.minor >= 0


@given(MONEY, WEIGHTS)
def test_a_split_is_never_more_than_a_minor_unit_from_the_exact_share(
    money: Money, weights: list[int | Decimal | Fraction]
) -> None:
    shares = [max(Fraction(weight), Fraction(0)) for weight in weights]
    for part, share in zip(money.split(weights), shares, strict=True):
        assert abs(part.minor - money.minor * share / sum(shares)) < 1


@given(MONEY)
def test_an_amount_written_as_text_and_read_again_is_the_same_amount(money: Money) -> None:
    assert Money.parse(money.text, money.currency) == money
    assert str(money) == f"{money.text} {money.currency}"
    assert "E" not in money.text


@given(AMOUNTS, SHARES, CURRENCIES)
def test_rounding_is_half_away_from_zero_so_a_negative_amount_mirrors_the_positive_one(
    amount: Decimal, share: Fraction, of: Currency
) -> None:
    rounded = round_minor(amount, of, share)
    assert round_minor(-amount, of, share) == -rounded
    exact = Fraction(amount) * share * 10**of.digits
    assert abs(rounded.minor - exact) <= Fraction(1, 2)
    if abs(rounded.minor - exact) == Fraction(1, 2):
        assert abs(rounded.minor) > abs(exact)


@given(AMOUNTS, CURRENCIES)
def test_a_whole_share_rounds_like_no_share(amount: Decimal, of: Currency) -> None:
    assert round_minor(amount, of, Fraction(1, 1)) == round_minor(amount, of)


@given(MONEY, MONEY)
def test_amounts_of_two_currencies_never_meet(one: Money, other: Money) -> None:
    if one.currency == other.currency:
        assert (one + other) - other == one
        assert (one < other) == (one.minor < other.minor)
        assert (one <= other) == (one.minor <= other.minor)
        return
    for meet in (
        lambda: one + other,
        lambda: one - other,
        lambda: one < other,
        lambda: one <= other,
        lambda: total([one, other], one.currency),
    ):
        with pytest.raises(CurrencyMismatch):
            meet()


def test_the_example_of_en_16931_rounds_a_negative_tax_away_from_zero() -> None:
    exact = Decimal("-6491.34") * Decimal("0.25")
    assert round_minor(exact, USD).text == "-1622.84"


@pytest.mark.parametrize(
    ("text", "of", "minor"),
    [("10.50", USD, 1050), ("1200", JPY, 1200), ("-0.001", KWD, -1), ("1e3", USD, 100000)],
)
def test_an_amount_is_read_in_the_minor_unit_of_its_currency(
    text: str, of: Currency, minor: int
) -> None:
    assert Money.parse(text, of).minor == minor


@pytest.mark.parametrize("text", ["10.505", "ten", "", "NaN", "Infinity", "1e17", "1,000"])
def test_what_is_no_amount_is_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        Money.parse(text, USD)
    (problem,) = refused.value.problems
    assert problem.code == "InvalidAmount"
    assert problem.value == text
    assert problem.expected


@pytest.mark.parametrize("plain", [1.5, True, None, ["1"], "0.0000000000001", Decimal("sNaN")])
def test_what_is_no_exact_number_is_refused(plain: object) -> None:
    with pytest.raises(Invalid):
        exact_decimal(plain)  # type: ignore[arg-type]


def test_zeros_after_the_twelfth_decimal_lose_nothing() -> None:
    assert exact_decimal("1.50000000000000") == Decimal("1.5")
    assert exact_decimal(7) == 7


@pytest.mark.parametrize("code", ["XXZ", "", "XAU"])
def test_a_currency_that_is_none_is_refused(code: str) -> None:
    with pytest.raises(Invalid) as refused:
        currency(code)
    assert refused.value.problems[0].code == "UnknownCurrency"


def test_a_currency_is_found_in_any_letter_case_and_is_one() -> None:
    assert currency("eur") is currency("EUR")
    assert [currency(code).digits for code in ("JPY", "USD", "KWD", "CLF")] == [0, 2, 3, 4]


def test_the_truth_of_an_amount_is_never_asked() -> None:
    with pytest.raises(TypeError, match="is_zero"):
        bool(Money.zero(USD))
    assert Money.zero(USD).is_zero
    assert Money(-1, USD).is_negative


def test_a_split_without_a_weight_above_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        Money(100, USD).split([0, -1])


def test_ties_of_a_split_go_to_the_first() -> None:
    assert [part.minor for part in Money(100, USD).split([1, 1, 1])] == [34, 33, 33]
    assert [part.minor for part in Money(-100, USD).split([1, 1, 1])] == [-34, -33, -33]


def test_a_rate_is_rounded_after_the_whole_product() -> None:
    token = Rate(Decimal("0.0000025"), USD)
    assert token.times(Decimal(1_000_000)).text == "2.50"
    assert token.times(Decimal(1_000_000), Fraction(1, 2)).text == "1.25"


def test_every_thread_traps_floats() -> None:
    trapped: list[bool] = []

    def compare() -> None:
        trapped.append(decimal.getcontext().traps[decimal.FloatOperation])

    thread = threading.Thread(target=compare)
    thread.start()
    thread.join()
    assert trapped == [True]
    with pytest.raises(decimal.FloatOperation):
        Decimal(1) + Decimal(ONE_TENTH)
