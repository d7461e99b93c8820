"""Scaling: the same price, dearer or cheaper by a factor: an uplift, an index, a price hold."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

from usance.domain.errors import Invalid, Problem
from usance.domain.money import MAX_DECIMALS
from usance.domain.rating.prices import Pricing

# The fields of prices that hold money. All others are quantities, percentages or rules.
MONEY = {
    "amount",
    "unit_amount",
    "flat_amount",
    "package_amount",
    "fixed_amount",
    "default_unit_amount",
    "per_event_minimum",
    "per_event_maximum",
    "minimum",
    "maximum",
}
PARTS = {"price", "tiers", "cells", "discounts"}  # what holds such fields in turn


def scaled(pricing: Pricing, factor: Fraction | Decimal, *, decimals: int | None = None) -> Pricing:
    """The price with every money amount times `factor`: unit, flat, package, tier, bound.

    Amounts keep 12 decimals, or `decimals`, but never fewer than they had, rounded half away from
    zero. Percentages, a cost-plus
    multiplier and quantities stay as they are, for they follow the amounts they apply to. Raises
    Invalid (ScaleFactor) for a factor of zero or below.
    """
    if factor <= 0:
        raise Invalid(Problem("ScaleFactor", "factor", str(factor), "more than zero"))
    places = MAX_DECIMALS if decimals is None else decimals
    return cast(Pricing, _scaled(pricing, Fraction(factor), places))


def _scaled(value: Any, factor: Fraction, places: int) -> Any:
    """`value`, a price or one of its parts, with its own money and that of its parts scaled."""
    if isinstance(value, tuple):
        return tuple(_scaled(part, factor, places) for part in value)
    assert is_dataclass(value), "prices are made of dataclasses"
    changed: dict[str, object] = {}
    for field in fields(value):
        held = getattr(value, field.name)
        if field.name in PARTS:
            changed[field.name] = _scaled(held, factor, places)
        elif field.name in MONEY and held is not None:
            changed[field.name] = _rounded(held, factor, places)
    return replace(cast(Any, value), **changed)


def _rounded(amount: Decimal, factor: Fraction, places: int) -> Decimal:
    """`amount x factor` to `places` decimals, half away from zero, in integers only.

    Without zeros at the end that `amount` did not have: 30.00 times 1.05 is 31.50.
    """
    places = max(places, _decimals(amount))  # 0.0040 a call is not made 0.00
    numerator, denominator = amount.as_integer_ratio()
    numerator *= factor.numerator * 10**places
    denominator *= factor.denominator
    # Amounts of prices are zero or more, so up is away from zero.
    product = Decimal((2 * numerator + denominator) // (2 * denominator)).scaleb(-places)
    return _trimmed(product, least=_decimals(amount))


def _trimmed(amount: Decimal, *, least: int) -> Decimal:
    """Without zeros after the point, as far as `least` decimals remain."""
    short = amount.normalize()
    kept = max(least, _decimals(short))
    return amount if kept >= _decimals(amount) else amount.quantize(Decimal(1).scaleb(-kept))


def _decimals(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int), "an amount is finite"
    return max(-exponent, 0)
