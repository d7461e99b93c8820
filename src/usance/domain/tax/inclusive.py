"""Prices that include tax: what of them is net, what is tax."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from usance.domain.money import Money
from usance.domain.rounding import RoundingMode, divide


class Inclusive(NamedTuple):
    """A price that includes tax, taken apart: `net` and `tax` are that price again."""

    net: Money
    tax: Money


def net_of_inclusive(
    gross: Money, percent: Decimal, mode: RoundingMode = RoundingMode.HALF_UP
) -> Money:
    """`gross x 100 / (100 + percent)`, rounded once, by `mode`: of the line, never of a unit."""
    numerator, denominator = percent.as_integer_ratio()
    whole = 100 * denominator
    return Money(divide(gross.minor * whole, whole + numerator, mode), gross.currency)


def split_inclusive(
    gross: Money,
    percent: Decimal,
    mode: RoundingMode = RoundingMode.HALF_UP,
    *,
    is_tax_rounded: bool = False,
) -> Inclusive:
    """Net and tax of a price that includes it. The net is rounded and the tax is the rest.

    `is_tax_rounded`: the other way round. The two differ on an exact half of a minor unit only:
    2.99 at 4 % is 2.88 and 0.11, or 2.87 and 0.12.
    """
    if not is_tax_rounded:
        net = net_of_inclusive(gross, percent, mode)
        return Inclusive(net, gross - net)
    numerator, denominator = percent.as_integer_ratio()
    minor = divide(gross.minor * numerator, 100 * denominator + numerator, mode)
    tax = Money(minor, gross.currency)
    return Inclusive(gross - tax, tax)
