"""Rounding as a choice: the modes of the field, tax rounding by country, cash, and spare units.

Owns: rounding modes, at which level the tax of a document is rounded, rounding what is paid in
coins, dealing an amount out when units are left over.
Does not own: the one rounding of amounts that nobody chose otherwise (money.round_minor).

Always true:
- rounding moves a number by less than one unit, and by at most half in the half modes;
- what is dealt out adds up, whoever gets the spare units.

Sources: finance.md section 1; Japan's qualified invoice system rounds once a rate and document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from usance.domain.errors import Invalid, Problem
from usance.domain.money import Currency, Money, total


class RoundingMode(StrEnum):
    """Where a number between two units goes; `HALF_UP` is away from zero, as everywhere here."""

    HALF_UP = "HALF_UP"
    HALF_DOWN = "HALF_DOWN"
    HALF_EVEN = "HALF_EVEN"
    UP = "UP"  # away from zero
    DOWN = "DOWN"  # towards zero
    CEILING = "CEILING"
    FLOOR = "FLOOR"

    @property
    def is_directed(self) -> bool:
        """True when it goes one way, however near the other unit is."""
        return not self.startswith("HALF")


TAX_MODES = (
    RoundingMode.HALF_UP,
    RoundingMode.HALF_DOWN,
    RoundingMode.HALF_EVEN,
    RoundingMode.UP,
    RoundingMode.DOWN,
)


class TaxLevel(StrEnum):
    """What is rounded: the tax of each line, of each rate on the document, or of the document."""

    LINE = "LINE"
    RATE = "RATE"
    DOCUMENT = "DOCUMENT"


@dataclass(frozen=True, slots=True)
class TaxRounding:
    """How a legal entity rounds tax: by default once a rate on the document, half up."""

    level: TaxLevel = TaxLevel.RATE
    mode: RoundingMode = RoundingMode.HALF_UP

    def __post_init__(self) -> None:
        if self.mode not in TAX_MODES:
            expected = " or ".join(TAX_MODES)
            raise Invalid(Problem("InvalidTaxRounding", "mode", self.mode, expected))


BY_RATE = TaxRounding()
# Japan leaves the mode open and nearly everybody rounds down; elsewhere half up is the rule.
PROFILES = {"JP": TaxRounding(TaxLevel.RATE, RoundingMode.DOWN)}


def tax_rounding_of(country: str) -> TaxRounding:
    """How tax is rounded in that country unless an entity says otherwise."""
    return PROFILES.get(country, BY_RATE)


def divide(numerator: int, denominator: int, mode: RoundingMode = RoundingMode.HALF_UP) -> int:
    """The quotient as a whole number, by `mode`; `denominator` is above zero."""
    floor, rest = divmod(numerator, denominator)
    if not rest:
        return floor
    if mode is RoundingMode.FLOOR:
        return floor
    if mode is RoundingMode.CEILING:
        return floor + 1
    if mode is RoundingMode.DOWN:
        return floor if numerator > 0 else floor + 1
    if mode is RoundingMode.UP:
        return floor + 1 if numerator > 0 else floor
    if rest * 2 != denominator:
        return floor + (rest * 2 > denominator)
    if mode is RoundingMode.HALF_EVEN:
        return floor + floor % 2
    is_away_up = numerator > 0
    return floor + (is_away_up == (mode is RoundingMode.HALF_UP))


def round_to(exact: Decimal | Fraction, decimals: int, mode: RoundingMode) -> Decimal:
    """The number with so many decimals, by `mode`: a quantity, or an amount of no currency."""
    numerator, denominator = exact.as_integer_ratio()
    return Decimal(divide(numerator * 10**decimals, denominator, mode)).scaleb(-decimals)


def round_money(
    exact: Decimal | Fraction, of: Currency, mode: RoundingMode = RoundingMode.HALF_UP
) -> Money:
    """Major units as whole minor units of that currency, by `mode`."""
    numerator, denominator = exact.as_integer_ratio()
    return Money(divide(numerator * 10**of.digits, denominator, mode), of)


def sum_of_rounded(exact: Sequence[Decimal], of: Currency) -> Money:
    """Each rounded, then added: what a document prints (finance.md section 1)."""
    return total([round_money(each, of) for each in exact], of)


def rounded_sum(exact: Sequence[Decimal], of: Currency) -> Money:
    """Added, then rounded once: what it would be if nothing were printed on the way."""
    return round_money(sum(exact, Decimal(0)), of)


def cash_rounding(payable: Money, increment: Money) -> Money:
    """What to add to `payable` so that it can be paid in coins of `increment`, half up.

    An amount of its own on the document (EN 16931 BT-114), never spread over lines.
    """
    assert increment.minor > 0, "coins are worth something"
    coins = divide(payable.minor, increment.minor)
    return Money(coins * increment.minor, payable.currency) - payable


class Spare(StrEnum):
    """Who gets the units left over when an amount is dealt out in whole units."""

    LARGEST_REMAINDER = "LARGEST_REMAINDER"  # ours: nearest to the exact share, ties to the first
    FIRST = "FIRST"
    LAST = "LAST"


def deal(amount: Money, weights: Sequence[int | Decimal], spare: Spare) -> list[Money]:
    """Shares of `amount` in proportion to `weights`, spare units one each to whom `spare` says.

    Weights of zero or below get nothing. Raises ValueError when none is above zero.
    """
    if spare is Spare.LARGEST_REMAINDER:
        return amount.split(weights)
    fair = [max(Fraction(weight), Fraction(0)) for weight in weights]
    whole = sum(fair)
    if not whole:
        raise ValueError("a split needs at least one weight above zero")
    parts = [
        divide(*(amount.minor * each / whole).as_integer_ratio(), RoundingMode.DOWN)
        for each in fair
    ]
    getting = [index for index, each in enumerate(fair) if each]
    left = amount.minor - sum(parts)
    for index in (getting if spare is Spare.FIRST else getting[::-1])[: abs(left)]:
        parts[index] += 1 if left > 0 else -1
    return [Money(part, amount.currency) for part in parts]
