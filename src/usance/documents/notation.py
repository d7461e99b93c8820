"""How a locale writes numbers, money and days: Babel's (CLDR's) rules, without Babel's rounding.

Babel rounds half-even when it formats; here every digit of a value is printed and none invented,
so what was decided is what is read. The minus is a real one (−), and a currency code never
touches the figure (KWD 1.500).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval, format_skeleton
from babel.numbers import NumberPattern, get_currency_symbol
from babel.units import format_unit

from usance.documents.paper.wording import languages
from usance.domain.calendar import Period
from usance.domain.money import Currency, Money, Rate

MINUS = "\u2212"
NO_BREAK = "\u00a0"
NUMERALS = "latn"
LETTER_MEETS_FIGURE = re.compile(f"([A-Za-z])({MINUS}?)$")
WORLD = "001"  # English as the world writes it: 31 Dec 2026


@cache
def locale_of(tag: str) -> Locale:
    """The locale to print in: the one asked for, or an English one where its language has no words.

    "sv-SE" becomes English with Swedish figures (en-SE): one document, one language.
    """
    asked = _known(tag)
    if asked is None:
        return Locale("en", WORLD)
    if asked.language in languages() and asked.script != "Hant":  # ours are simplified
        return asked
    return _known(f"en-{asked.territory}") or Locale("en", WORLD)


def _known(tag: str) -> Locale | None:
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class _Figures:
    """A number pattern taken apart, with the currency's symbol already in its affixes."""

    before: tuple[str, str]  # for zero and above, for negatives
    after: tuple[str, str]
    decimal: str
    group: str
    sizes: tuple[int, int]  # digits in the group next to the point, and in the others

    def write(self, number: Decimal, digits: int) -> str:
        """All of `number`, padded to at least `digits` decimal places."""
        sign, figures, exponent = number.as_tuple()
        assert isinstance(exponent, int), "amounts are finite"
        plain = "".join(map(str, figures)) + "0" * max(exponent, 0)
        places = max(-exponent, 0)
        plain = plain.zfill(places + 1)
        whole, part = plain[: len(plain) - places], plain[len(plain) - places :]
        part = part.rstrip("0").ljust(digits, "0")
        negative = sign == 1 and number != 0
        point = self.decimal if part else ""
        return f"{self.before[negative]}{self._grouped(whole)}{point}{part}{self.after[negative]}"

    def _grouped(self, whole: str) -> str:
        first, others = self.sizes
        whole = whole.lstrip("0") or "0"
        if len(whole) <= first:
            return whole
        groups = [whole[-first:]]
        rest = whole[:-first]
        while rest:
            groups.append(rest[-others:])
            rest = rest[:-others]
        return self.group.join(reversed(groups))


@dataclass(frozen=True, slots=True)
class Notation:
    """The hand one locale writes in. Made by `notation`, once a locale."""

    locale: Locale

    def money(self, money: Money) -> str:
        """With its currency and all its digits: "−1.234,50 €", "¥120,000", "KWD 1.500"."""
        return _figures(self.locale, money.currency).write(money.amount, money.currency.digits)

    def rate(self, rate: Rate) -> str:
        """A unit price, to its last decimal: "$0.0000025"."""
        return _figures(self.locale, rate.currency).write(rate.amount, rate.currency.digits)

    def number(self, number: Decimal) -> str:
        """A quantity, without trailing zeros: "1,250.5"."""
        return _figures(self.locale, None).write(number, 0)

    def percent(self, percent: Decimal) -> str:
        """Of a hundred: 19 is "19 %" in German and "19%" in English."""
        return _percent(self.locale).write(percent, 0)

    def days(self, count: int) -> str:
        """A length: "30 days", "1 Tag", "30 日"."""
        return _length(self.locale, count, "duration-day")

    def months(self, count: int) -> str:
        """A length: "2 months", "1 Monat"."""
        return _length(self.locale, count, "duration-month")

    def day(self, day: date) -> str:
        """In full: "31 January 2026", "2026年1月31日"."""
        return _day(self.locale, day, "long")

    def short_day(self, day: date) -> str:
        """For tight places: "31.01.2026"."""
        return _day(self.locale, day, "medium")

    def period(self, period: Period) -> str:
        """From its first to its last day, which is the one before `end`."""
        return _interval(self.locale, period.start, period.last_day)


@cache
def notation(tag: str) -> Notation:
    """How the locale of this tag writes; see `locale_of` for tags without words of ours."""
    return Notation(locale_of(tag))


@cache
def _figures(locale: Locale, of: Currency | None) -> _Figures:
    formats = locale.decimal_formats if of is None else locale.currency_formats
    pattern = formats[None if of is None else "standard"]
    return _taken_apart(locale, pattern, "" if of is None else _symbol(locale, of))


@cache
def _percent(locale: Locale) -> _Figures:
    return _taken_apart(locale, locale.percent_formats[None], "")


def _taken_apart(locale: Locale, pattern: NumberPattern, symbol: str) -> _Figures:
    symbols = locale.number_symbols[NUMERALS]
    before = [prefix.replace("¤", symbol) for prefix in pattern.prefix]
    after = [suffix.replace("¤", symbol) for suffix in pattern.suffix]
    first, others = pattern.grouping
    return _Figures(
        before=(_spaced(before[0]), _spaced(before[1].replace("-", MINUS))),
        after=(after[0], after[1].replace("-", MINUS)),
        decimal=symbols["decimal"],
        group=symbols["group"],
        sizes=(first, others),
    )


def _spaced(prefix: str) -> str:
    """Letters need air before figures: "KWD 1.500", not "KWD1.500" (CLDR currency spacing)."""
    return LETTER_MEETS_FIGURE.sub(rf"\1{NO_BREAK}\2", prefix)


def _symbol(locale: Locale, of: Currency) -> str:
    symbol: str = get_currency_symbol(of.code, locale)
    return symbol.replace("￥", "¥")  # the wide sign leaves a hole among Latin figures


def _length(locale: Locale, count: int, unit: str) -> str:
    written: str = format_unit(count, unit, length="long", locale=locale)
    return written


@lru_cache(maxsize=4096)
def _day(locale: Locale, day: date, width: str) -> str:
    written: str = format_date(day, width, locale=locale)
    return written


@lru_cache(maxsize=4096)
def _interval(locale: Locale, first: date, last: date) -> str:
    if first == last:
        alone: str = format_skeleton("yMMMd", first, locale=locale)
        return alone
    written: str = format_interval(first, last, "yMMMd", locale=locale)
    return written.replace("\u2009", " ")
