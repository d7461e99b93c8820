"""Numbers, money and days as locales write them, with no digit lost and none invented."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from babel.numbers import format_currency, parse_decimal
from hypothesis import given
from hypothesis import strategies as st

from tests.documents.reading import flat
from usance.documents.notation import MINUS, notation
from usance.domain.calendar import Period
from usance.domain.money import Money, Rate, currency

LOCALES = ["en-US", "en-GB", "en-IN", "de-DE", "de-CH", "fr-FR", "es-ES", "ja-JP", "zh-CN", "sv-SE"]
CODES = ["USD", "EUR", "JPY", "KWD", "GBP", "INR", "KRW", "CHF"]


@pytest.mark.parametrize(
    ("locale", "minor", "code", "written"),
    [
        ("en-US", 123456750, "USD", "$1,234,567.50"),
        ("en-US", -50000, "USD", "−$500.00"),
        ("en-US", 1500, "KWD", "KWD 1.500"),
        ("en-US", 120000, "JPY", "¥120,000"),
        ("de-DE", 123456750, "EUR", "1.234.567,50 €"),
        ("de-DE", -5, "EUR", "−0,05 €"),
        ("de-DE", 120000, "JPY", "120.000 ¥"),
        ("de-DE", 1500, "KWD", "1,500 KWD"),
        ("de-CH", -1500, "KWD", "KWD −1.500"),
        ("fr-FR", 123456750, "EUR", "1 234 567,50 €"),
        ("es-ES", 123456750, "EUR", "1.234.567,50 €"),
        ("ja-JP", 120000, "JPY", "¥120,000"),
        ("zh-CN", 120000, "CNY", "¥1,200.00"),
        ("en-IN", 123456750, "INR", "₹12,34,567.50"),
        ("ja-JP", 120000, "KRW", "₩120,000"),
    ],
)
def test_money_is_written_with_its_currency_as_the_locale_does(
    locale: str, minor: int, code: str, written: str
) -> None:
    assert flat(notation(locale).money(Money(minor, currency(code)))) == written


@given(st.sampled_from(LOCALES), st.sampled_from(CODES), st.integers(-(10**15), 10**15))
def test_money_agrees_with_babel_but_for_minus_and_air(tag: str, code: str, minor: int) -> None:
    money, hand = Money(minor, currency(code)), notation(tag)
    babel = format_currency(money.amount, code, locale=hand.locale)
    ours = hand.money(money).replace(MINUS, "-")
    assert flat(ours).replace(" ", "") == flat(babel).replace("￥", "¥").replace(" ", "")


@given(
    st.sampled_from(LOCALES),
    st.decimals(-(10**9), 10**9, places=12, allow_nan=False, allow_infinity=False),
)
def test_a_number_read_back_is_the_same_number(tag: str, number: Decimal) -> None:
    hand = notation(tag)
    written = hand.number(number).replace(MINUS, "-")
    assert parse_decimal(written, locale=hand.locale) == number


@pytest.mark.parametrize(
    ("text", "written"),
    [("0.0000025", "$0.0000025"), ("30", "$30.00"), ("1E+3", "$1,000.00"), ("0.10", "$0.10")],
)
def test_a_unit_price_shows_all_its_decimals_and_at_least_those_of_the_currency(
    text: str, written: str
) -> None:
    assert notation("en-US").rate(Rate(Decimal(text), currency("USD"))) == written


@pytest.mark.parametrize(
    ("locale", "written"),
    [("en-US", "8.875%"), ("de-DE", "8,875 %"), ("fr-FR", "8,875 %"), ("ja-JP", "8.875%")],
)
def test_a_percentage_keeps_its_decimals(locale: str, written: str) -> None:
    assert flat(notation(locale).percent(Decimal("8.875"))) == written


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        ("en-US", "Jan 1 – Dec 31, 2026"),
        ("en-GB", "1 Jan – 31 Dec 2026"),
        ("de-DE", "1. Jan. – 31. Dez. 2026"),
        ("fr-FR", "1 janv. – 31 déc. 2026"),
        ("ja-JP", "2026年1月1日～12月31日"),
        ("zh-CN", "2026年1月1日至12月31日"),
    ],
)
def test_a_period_is_written_up_to_its_last_day(locale: str, written: str) -> None:
    assert flat(notation(locale).period(Period(date(2026, 1, 1), date(2027, 1, 1)))) == written


def test_a_period_of_one_day_is_that_day() -> None:
    assert notation("en-GB").period(Period(date(2026, 2, 28), date(2026, 3, 1))) == "28 Feb 2026"


@pytest.mark.parametrize(
    ("asked", "language", "territory"),
    [
        ("sv-SE", "en", "SE"),
        ("zh-Hant-TW", "en", "001"),
        ("de-CH", "de", "CH"),
        ("tlh", "en", "001"),
        ("", "en", "001"),
        ("../../etc", "en", "001"),
    ],
)
def test_a_locale_without_words_is_set_in_english_not_in_two_languages(
    asked: str, language: str, territory: str
) -> None:
    locale = notation(asked).locale
    assert (locale.language, locale.territory) == (language, territory)
