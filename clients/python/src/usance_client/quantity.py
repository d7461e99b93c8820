"""Quantities: exact decimal numbers, compared as whole numbers of a common unit."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, Inexact, InvalidOperation
from fractions import Fraction

Quantity = int | Decimal | str

EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, DivisionByZero])
ROUNDING = Context(prec=200, rounding=ROUND_HALF_UP, traps=[InvalidOperation])
NOTHING = Decimal(0)
SMALLEST_REPORTED = Decimal("0.00001")
LARGEST_WHOLE = 2**53 - 1
LARGEST_FRACTIONAL = 2**35
MOST_DIGITS = 40  # before the point and after it: whoever writes 1e999999999 wants our memory


def quantity(value: Quantity, name: str = "quantity") -> Decimal:
    """The number, exactly. A binary float is refused: it cannot hold 0.1.

    Raises TypeError for floats and booleans, ValueError for what is no finite number, or has more
    than 40 digits before or after the point.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise TypeError(
            f"{name} is {value!r}; use an int, a Decimal or text such as '0.5', for a binary "
            "float cannot hold most decimal fractions"
        )
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{name} is {value!r}, which is no number") from None
    if not number.is_finite():
        raise ValueError(f"{name} is {value!r}; a finite number is expected")
    if number.is_zero():
        return NOTHING
    if number.adjusted() >= MOST_DIGITS or _places(number) > MOST_DIGITS:
        expected = f"at most {MOST_DIGITS} digits before and after the point"
        raise ValueError(f"{name} is {str(value)[:80]!r}; {expected} are expected")
    return number


def reported(value: Quantity) -> Decimal:
    """The number as it is counted: five decimals, half away from zero.

    Raises ValueError when it is larger than what can be reported, TypeError for floats.
    """
    number = quantity(value, "value")
    largest = LARGEST_WHOLE if number == int(number) else LARGEST_FRACTIONAL
    if abs(number) > largest:
        raise ValueError(f"value is {value!r}; at most {largest} either way can be reported")
    return number.quantize(SMALLEST_REPORTED, context=ROUNDING).normalize(ROUNDING)


def plus(one: Decimal, other: Decimal) -> Decimal:
    """The sum, exactly."""
    return EXACT.add(one, other)


def minus(one: Decimal, other: Decimal) -> Decimal:
    """The difference, exactly."""
    return EXACT.subtract(one, other)


def unit_of(numbers: Iterable[Decimal]) -> int:
    """How many units one is, so that each of these is a whole number of them."""
    places = max((_places(number) for number in numbers), default=0)
    return int(10**places)


def in_units(number: Decimal, unit: int) -> int:
    """The number in units of `unit_of`."""
    exact = Fraction(number) * unit
    assert exact.denominator == 1, "the unit divides it"
    return exact.numerator


def plain(number: Decimal) -> str:
    """As text without an exponent, as it travels."""
    return format(number, "f")


def _places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), "finite"
    return max(0, -exponent)
