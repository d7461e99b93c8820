"""Metered: what is charged for usage, as the price of what is reported.

Charges and what they include count the units a feature is sold in; usage is reported in others.
"""

from __future__ import annotations

from decimal import Decimal

from usance.domain.catalog import Feature, UnitRounding
from usance.domain.plans.charges import ChargePrice
from usance.domain.rating.prices import (
    Graduated,
    GraduatedPackage,
    Package,
    PackageRounding,
    PackageTier,
    PerUnit,
    Price,
    Pricing,
    Tier,
    Volume,
    VolumePackage,
)
from usance.domain.subscriptions.sold import Charged

SMALLEST = Decimal("0.000000000001")


def metered_pricing(each: Charged, feature: Feature) -> Pricing:
    """The price of what is reported of a feature, and how much of that is included."""
    price: Price = each.charge.price()
    sold_in, by = feature.unit_transformation, Decimal(1)
    if sold_in is not None and sold_in.divide > 1:
        by = Decimal(sold_in.divide)
        price = _of_reported(each.charge.price(), by, sold_in.rounding)
    included = (each.included or Decimal(0)) * by
    if not each.is_counted_yearly or not included:
        return Pricing(price=price, included=included)
    return _after(price, included)


def _of_reported(price: ChargePrice, by: Decimal, rounding: UnitRounding) -> Price:
    """A price of units sold, as one of units reported, `by` of which are one sold."""
    begun = PackageRounding(rounding.value)
    match price:
        case PerUnit():
            return Package(by, price.unit_amount, rounding=begun)
        case Package():
            return Package(price.package_size * by, price.package_amount)
        case Graduated() | Volume() if not any(tier.flat_amount for tier in price.tiers):
            tiers = tuple(
                PackageTier(_times(tier.up_to, by), by, tier.unit_amount) for tier in price.tiers
            )
            return GraduatedPackage(tiers) if isinstance(price, Graduated) else VolumePackage(tiers)
        case Graduated() | Volume():
            parts = tuple(
                Tier(
                    _times(tier.up_to, by),
                    (tier.unit_amount / by).quantize(SMALLEST),
                    tier.flat_amount,
                )
                for tier in price.tiers
            )
            return Graduated(parts) if isinstance(price, Graduated) else Volume(parts)
        case _:
            return price


def _times(up_to: Decimal | None, by: Decimal) -> Decimal | None:
    return None if up_to is None else up_to * by


def _after(price: Price, included: Decimal) -> Pricing:
    """The price with a first tier that costs nothing: of what is counted over many periods."""
    match price:
        case PerUnit():
            return Pricing(price=Graduated((Tier(included), Tier(None, price.unit_amount))))
        case Package():
            first = PackageTier(included, price.package_size, Decimal(0))
            rest = PackageTier(None, price.package_size, price.package_amount)
            return Pricing(price=GraduatedPackage((first, rest)))
        case Graduated():
            moved = (
                Tier(
                    None if tier.up_to is None else tier.up_to + included,
                    tier.unit_amount,
                    tier.flat_amount,
                )
                for tier in price.tiers
            )
            return Pricing(price=Graduated((Tier(included), *moved)))
        case _:
            return Pricing(price=price, included=included)
