"""The tax of a partial credit: as the source bore it, and to the last minor unit."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from usance.domain.money import Money
from usance.domain.rounding import divide


class TaxedPart(NamedTuple):
    """So much of a line, and its tax: the whole of it, or what was credited of it so far."""

    net: Money
    tax: Money


def credited_tax(
    source: TaxedPart, credited: Money, *, before: TaxedPart, percent: Decimal | None = None
) -> Money:
    """The tax that goes back with `credited` of the source line's net, after `before`.

    At the line's `percent` where it bore one rate, else in proportion to the source's tax; rounded
    half away from zero. The last part takes what is left, and none takes more: so all credits of a
    line together give back exactly its tax. All amounts have the sign of the source.
    """
    left = source.tax - before.tax
    if credited == source.net - before.net:
        return left
    if percent is None:
        minor = divide(source.tax.minor * credited.minor, source.net.minor)
    else:
        numerator, denominator = percent.as_integer_ratio()
        minor = divide(credited.minor * numerator, 100 * denominator)
    most, least = max(left.minor, 0), min(left.minor, 0)
    return Money(min(max(minor, least), most), source.tax.currency)
