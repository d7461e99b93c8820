"""Money: exact amounts in whole minor units, exact unit prices, and the one rounding.

Owns: currencies with their ISO 4217 digits, `Money`, `Rate`, rounding, splitting.
Does not own: how a price turns a quantity into an amount (rating), tax (tax), exchange rates.

Always true:
- the parts of a split add up to the whole;
- an amount written as text and read again is the same amount;
- rounding is half away from zero, so a negative amount mirrors the positive one;
- amounts of two currencies never meet.

Everything unrounded is a `Decimal` of at most 50 digits, or a `Decimal` times a `Fraction` that
`round_minor` turns into minor units with integers only. No float enters: the decimal context of
every thread traps it.
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import NoReturn

import iso4217
from msgspec import Struct

from usance.domain.errors import Invalid, Problem

# Every thread copies DefaultContext, so exactness does not depend on who calls.
for _context in (decimal.DefaultContext, decimal.getcontext()):
    _context.prec = 50
    _context.traps[decimal.FloatOperation] = True

ONE = Fraction(1)
MAX_DECIMALS = 12  # of unit prices and quantities; with 12 digits before the point products fit
MAX_DIGITS = 17  # before the point
MAX_MINOR = 10**MAX_DIGITS  # of one amount; leaves room to sum within PostgreSQL's bigint
# What Python would read beyond it ("1_000", Arabic digits, "nan", an exponent of millions) is no
# number on an order form.
NUMERAL = re.compile(r"[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,4})?")


class CurrencyMismatch(TypeError):
    """Two currencies met in one sum: a bug of ours, never a user's mistake."""


@dataclass(frozen=True, slots=True)
class Currency:
    """An ISO 4217 currency: `Currency("JPY", 0)`, `Currency("KWD", 3)`."""

    code: str
    digits: int

    def __str__(self) -> str:
        return self.code


@cache
def _currencies() -> dict[str, Currency]:
    return {
        entry.code: Currency(entry.code, entry.exponent)
        for entry in iso4217.Currency
        if entry.exponent is not None
    }


def currency(code: str) -> Currency:
    """The currency of an ISO 4217 code, in any letter case.

    Raises Invalid (UnknownCurrency). Funds and metals without a minor unit (XAU) are not money.
    """
    found = _currencies().get(code.upper()) if isinstance(code, str) else None
    if found is None:
        expected = "an ISO 4217 currency code such as USD, EUR or JPY"
        raise Invalid(Problem("UnknownCurrency", "", str(code), expected))
    return found


class Money(Struct, frozen=True, gc=False):
    """An amount owed, in `currency`'s minor unit: Money(1050, USD) is USD 10.50.

    Never multiplied by a fraction: shares come from `split`, proration from `round_minor`.
    """

    minor: int
    currency: Currency

    @classmethod
    def zero(cls, of: Currency) -> Money:
        """Nothing, in that currency."""
        return cls(0, of)

    @classmethod
    def parse(cls, text: str, of: Currency) -> Money:
        """The amount written in major units: `parse("10.50", USD)`.

        Raises Invalid (InvalidAmount) when it is no number or has more digits than the currency.
        """
        exact = exact_decimal(text, code="InvalidAmount").scaleb(of.digits)
        if exact != exact.to_integral_value():
            expected = f"at most {of.digits} decimal places in {of.code}"
            raise Invalid(Problem("InvalidAmount", "", text, expected))
        return cls(int(exact), of)

    @property
    def is_zero(self) -> bool:
        """True for nothing owed."""
        return self.minor == 0

    @property
    def is_negative(self) -> bool:
        """True below zero: given back, not owed."""
        return self.minor < 0

    @property
    def amount(self) -> Decimal:
        """Major units with exactly the currency's digits: Decimal("10.50")."""
        return Decimal(self.minor).scaleb(-self.currency.digits)

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other).minor

    def __bool__(self) -> NoReturn:
        raise TypeError("write money.is_zero: the truth of an amount is ambiguous")

    def __str__(self) -> str:
        return f"{self.text} {self.currency.code}"

    @property
    def text(self) -> str:
        """Major units as plain text, never in exponent form: "10.50", "-1200", "0.000"."""
        return f"{self.amount:f}"

    def split(self, weights: Sequence[int | Decimal | Fraction]) -> list[Money]:
        """Shares in proportion to `weights`, by largest remainder; ties go to the first.

        The shares always add up to this amount. A weight of zero or below gets nothing. Raises
        ValueError when no weight is above zero.
        """
        shares = [max(Fraction(weight), Fraction(0)) for weight in weights]
        whole = sum(shares, Fraction(0))
        if not whole:
            raise ValueError("a split needs at least one weight above zero")
        sign, total = (-1, -self.minor) if self.minor < 0 else (1, self.minor)
        exact = [total * share / whole for share in shares]
        parts = [part.numerator // part.denominator for part in exact]
        left = total - sum(parts)
        by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
        for index in by_remainder[:left]:
            parts[index] += 1
        return [Money(sign * part, self.currency) for part in parts]

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self} and {other}")
        return other


def total(parts: Sequence[Money], of: Currency) -> Money:
    """The sum of `parts`, zero when there are none."""
    minor = 0
    for part in parts:
        if part.currency != of:
            raise CurrencyMismatch(f"{part} among amounts in {of}")
        minor += part.minor
    return Money(minor, of)


@dataclass(frozen=True, slots=True)
class Rate:
    """The price of one unit, in major units: Rate(Decimal("0.0000025"), USD) a token."""

    amount: Decimal
    currency: Currency

    def times(self, quantity: Decimal, share: Fraction = ONE) -> Money:
        """`amount x quantity x share`, rounded half away from zero, once, after the product."""
        return round_minor(self.amount * quantity, self.currency, share)


def round_minor(exact: Decimal, of: Currency, share: Fraction = ONE) -> Money:
    """The one rounding: `exact x share` major units to whole minor units, half away from zero.

    Integers only, so a proportion such as 10/31 loses nothing before it is rounded.
    Source: EN 16931 test -6491.34 x 25 % = -1622.84; `docs/concepts/money.md`.
    """
    if share is ONE:
        scaled = exact.scaleb(of.digits)
        return Money(int(scaled.to_integral_value(decimal.ROUND_HALF_UP)), of)
    numerator, denominator = exact.as_integer_ratio()
    numerator *= share.numerator * 10**of.digits
    denominator *= share.denominator
    minor = (2 * abs(numerator) + denominator) // (2 * denominator)
    return Money(-minor if numerator < 0 else minor, of)


def exact_decimal(text: str | int | Decimal, *, code: str = "InvalidNumber") -> Decimal:
    """The decimal written in `text`, exactly.

    Raises Invalid(code) for floats, words, NaN, infinities and numbers past the limits (12 digits
    after the point, 10^17 before rounding).
    """
    try:
        if isinstance(text, bool) or not isinstance(text, str | int | Decimal):
            raise decimal.InvalidOperation
        if isinstance(text, str) and not NUMERAL.fullmatch(text := text.strip()):
            raise decimal.InvalidOperation
        number = Decimal(text)
    except decimal.InvalidOperation:
        expected = 'a decimal number written as text, such as "1200.00"'
        raise Invalid(Problem(code, "", str(text), expected)) from None
    if not number.is_finite() or (number and number.adjusted() >= MAX_DIGITS):
        raise Invalid(Problem(code, "", str(text), f"a finite number below {MAX_MINOR}"))
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > MAX_DECIMALS:
        given, number = number, number.normalize()
        exponent = number.as_tuple().exponent
        if number != given or (isinstance(exponent, int) and -exponent > MAX_DECIMALS):
            expected = f"at most {MAX_DECIMALS} digits after the decimal point"
            raise Invalid(Problem(code, "", str(text), expected))
    return number
