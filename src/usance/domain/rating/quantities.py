"""Quantities: from what was measured to what is priced.

Conversion (bytes to gigabytes), amounts named by the usage, units weighted by time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from usance.domain.money import Currency, Money, round_minor
from usance.domain.rating.prices import ZERO, Graduated, PackageRounding, Volume
from usance.domain.rating.rate import Rated
from usance.domain.rating.tiers import packages, tier_of
from usance.domain.rating.working import Working


def convert(
    quantity: Decimal, divide_by: Decimal, rounding: PackageRounding = PackageRounding.PROPORTIONAL
) -> Decimal:
    """A measured quantity in the unit it is sold in; rounded only when the price says so."""
    return packages(quantity, divide_by, rounding)


def rate_given(minor: Decimal, currency: Currency) -> Rated:
    """A dynamic price: the usage itself names its amount, in minor units and parts of them."""
    amount = minor.scaleb(-currency.digits)
    return Rated(amount, Working("dynamic", {"minor": minor, "amount": amount}))


class WeightedChange(NamedTuple):
    """Units added or removed within a period, and the same units weighted by the time left."""

    units: Decimal
    weighted: Decimal


@dataclass(frozen=True, slots=True)
class Weighted:
    """What units weighted by time cost: exact, by part, and rounded once."""

    exact: Fraction
    usage_part: Fraction
    flat_part: Decimal

    def rounded(self, currency: Currency) -> Money:
        """To the minor unit."""
        return round_minor(Decimal(1), currency, self.exact)


def rate_weighted(price: Graduated | Volume, changes: Sequence[WeightedChange]) -> Weighted:
    """Whole units choose the tier, weighted units are priced.

    Removed units go back through the tiers they came from. The flat amount of a tier is due, not
    weighted, once the tier was reached at any time; that of the first without any units only where
    the price is billed at zero. Never below zero.
    """
    if isinstance(price, Volume):
        return _weighted_volume(price, changes)
    weighted = [Fraction(0)] * len(price.tiers)
    reached = 1 if price.billed_at_zero else 0
    units = ZERO
    for change in changes:
        after = units + change.units
        for index, part in _across(price, units, after):
            weighted[index] += Fraction(part) / Fraction(change.units) * Fraction(change.weighted)
        highest = tier_of(price.tiers, max(after, units), price.bound)
        reached = max(reached, len(price.tiers) if highest is None else highest + 1)
        units = after
    usage = sum(
        (
            part * Fraction(tier.unit_amount)
            for part, tier in zip(weighted, price.tiers, strict=True)
        ),
        Fraction(0),
    )
    flat = sum((tier.flat_amount for tier in price.tiers[:reached]), ZERO)
    return Weighted(max(usage + Fraction(flat), Fraction(0)), usage, flat)


def _weighted_volume(price: Volume, changes: Sequence[WeightedChange]) -> Weighted:
    units = sum((change.units for change in changes), ZERO)
    weighted = sum((change.weighted for change in changes), ZERO)
    index = tier_of(price.tiers, units, price.bound)
    is_unused = not any(change.units for change in changes) and not price.billed_at_zero
    if index is None or is_unused:
        return Weighted(Fraction(0), Fraction(0), ZERO)
    tier = price.tiers[index]
    usage = Fraction(weighted * tier.unit_amount)
    return Weighted(max(usage + Fraction(tier.flat_amount), Fraction(0)), usage, tier.flat_amount)


def _across(price: Graduated, start: Decimal, end: Decimal) -> list[tuple[int, Decimal]]:
    """The units of each tier between two totals; below zero they belong to the first tier."""
    found: list[tuple[int, Decimal]] = []
    low: Decimal | None = None
    for index, tier in enumerate(price.tiers):
        part = _clip(end, low, tier.up_to) - _clip(start, low, tier.up_to)
        if part:
            found.append((index, part))
        low = tier.up_to
    return found


def _clip(value: Decimal, low: Decimal | None, high: Decimal | None) -> Decimal:
    if low is not None and value < low:
        return low
    return high if high is not None and value > high else value
