"""Prices by quantity reached: graduated, volume and packages, each with the tiers it used.

Every function prices the units from `already` (exclusive) up to `already + quantity`, both zero
or more, and returns the amount, its working, and the units beyond the last bound, which no tier
prices.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from usance.domain.rating.prices import (
    ZERO,
    Graduated,
    GraduatedPackage,
    GraduatedPercentage,
    Package,
    PackageRounding,
    PackageTier,
    RateTier,
    Tier,
    TierBound,
    Volume,
    VolumePackage,
)
from usance.domain.rating.working import Fact, Working

Priced = tuple[Decimal, Working, Decimal]

ONE_PACKAGE = Decimal(1)
OPEN = "open"  # how an open bound is shown


def graduated(price: Graduated, quantity: Decimal, already: Decimal) -> Priced:
    """Each tier prices the units that fall into it."""
    after = already + quantity
    from_bound = price.bound is TierBound.FROM
    parts: list[Working] = []
    total = low = ZERO
    for number, tier in enumerate(price.tiers, 1):
        is_reached = _reached(after, low, from_bound=from_bound)
        if not is_reached and not (number == 1 and price.billed_at_zero):
            break
        was_reached = already > 0 and _reached(already, low, from_bound=from_bound)
        high = tier.up_to
        units = _within(after, low, high) - _within(already, low, high)
        flat = ZERO if was_reached else tier.flat_amount
        amount = units * tier.unit_amount + flat
        if tier.maximum is not None:
            before = _within(already, low, high) * tier.unit_amount + tier.flat_amount
            before = min(before, tier.maximum) if was_reached else ZERO
            amount = min(before + amount, tier.maximum) - before
        if units or flat:
            parts.append(_tier_step(number, tier, units, flat, amount))
        total += amount
        low = high if high is not None else after
    facts: dict[str, Fact] = {"quantity": quantity, "already": already, "amount": total}
    beyond = _beyond(price.tiers, after) - _beyond(price.tiers, already)
    return total, Working("graduated", facts, tuple(parts)), beyond


def graduated_percentage(price: GraduatedPercentage, base: Decimal, already: Decimal) -> Priced:
    """Each tier takes its percentage of the part of the base amount that falls into it."""
    tiers = tuple(
        Tier(tier.up_to, tier.rate_percent.scaleb(-2), tier.flat_amount) for tier in price.tiers
    )
    same = Graduated(tiers, price.billed_at_zero)
    amount, working, beyond = graduated(same, base, already)
    return amount, Working("graduated_percentage", working.facts, working.parts), beyond


def volume(price: Volume, quantity: Decimal, already: Decimal) -> Priced:
    """The tier of the whole quantity prices all units; what was rated before is taken off."""
    after = already + quantity
    amount, tier, beyond = _volume_total(price, after)
    parts: tuple[Working, ...] = (tier,) if tier else ()
    if already:
        before, old_tier, old_beyond = _volume_total(price, already)
        amount -= before
        beyond -= old_beyond
        taken_off: dict[str, Fact] = {"quantity": already, "amount": -before}
        parts += (Working("already_rated", taken_off, (old_tier,) if old_tier else ()),)
    facts: dict[str, Fact] = {"quantity": quantity, "already": already, "amount": amount}
    return amount, Working("volume", facts, parts), beyond


def package(price: Package, quantity: Decimal, already: Decimal) -> Priced:
    """The packages begun by the whole quantity, less those begun before."""
    after = already + quantity
    count = _packages_of(price, after)
    if already:
        count -= _packages_of(price, already)
    charged = _within(after, price.free_units, None) - _within(already, price.free_units, None)
    amount = count * price.package_amount
    facts: dict[str, Fact] = {
        "quantity": quantity,
        "already": already,
        "freeUnits": price.free_units,
        "chargedUnits": charged,
        "packageSize": price.package_size,
        "packages": count,
        "billedUnits": count * price.package_size,
        "packageAmount": price.package_amount,
        "amount": amount,
    }
    return amount, Working("package", facts), ZERO


def graduated_package(price: GraduatedPackage, quantity: Decimal, already: Decimal) -> Priced:
    """Each tier sells the units that fall into it in packages of its own."""
    after = already + quantity
    parts: list[Working] = []
    total = low = ZERO
    for number, tier in enumerate(price.tiers, 1):
        if after <= low:
            break
        units = _within(after, low, tier.up_to)
        before = _within(already, low, tier.up_to)
        count = packages(units, tier.package_size) - packages(before, tier.package_size)
        if units > before:
            parts.append(_package_step(number, tier, units - before, count))
        total += count * tier.package_amount
        low = tier.up_to if tier.up_to is not None else after
    facts: dict[str, Fact] = {"quantity": quantity, "already": already, "amount": total}
    beyond = _beyond(price.tiers, after) - _beyond(price.tiers, already)
    return total, Working("graduated_package", facts, tuple(parts)), beyond


def volume_package(price: VolumePackage, quantity: Decimal, already: Decimal) -> Priced:
    """The tier of the whole quantity sells all of it in packages."""
    after = already + quantity
    amount, parts = _volume_packages(price, after)
    beyond = ZERO if parts else after
    if already:
        before, old_parts = _volume_packages(price, already)
        amount -= before
        beyond -= ZERO if old_parts else already
        parts += (Working("already_rated", {"quantity": already, "amount": -before}, old_parts),)
    facts: dict[str, Fact] = {"quantity": quantity, "already": already, "amount": amount}
    return amount, Working("volume_package", facts, parts), beyond


def packages(
    quantity: Decimal, size: Decimal, rounding: PackageRounding = PackageRounding.UP
) -> Decimal:
    """How many packages of `size` hold `quantity` (zero or more), by that rounding."""
    if rounding is PackageRounding.PROPORTIONAL:
        return quantity / size
    whole, rest = divmod(quantity, size)
    return whole + 1 if rest and rounding is PackageRounding.UP else whole


def tier_of(
    tiers: Sequence[Tier | PackageTier | RateTier],
    quantity: Decimal,
    bound: TierBound = TierBound.UP_TO,
) -> int | None:
    """The index of the tier the quantity falls into, None beyond the last bound."""
    for index, tier in enumerate(tiers):
        if tier.up_to is None or quantity < tier.up_to:
            return index
        if quantity == tier.up_to and bound is TierBound.UP_TO:
            return index
    return None


def _reached(quantity: Decimal, low: Decimal, *, from_bound: bool) -> bool:
    return quantity >= low and quantity > 0 if from_bound else quantity > low


def _within(quantity: Decimal, low: Decimal, high: Decimal | None) -> Decimal:
    if quantity <= low:
        return ZERO
    return (quantity if high is None or quantity < high else high) - low


def _beyond(tiers: Sequence[Tier | PackageTier], quantity: Decimal) -> Decimal:
    last = tiers[-1].up_to
    return quantity - last if last is not None and quantity > last else ZERO


def _tier_step(number: int, tier: Tier, units: Decimal, flat: Decimal, amount: Decimal) -> Working:
    facts: dict[str, Fact] = {
        "tier": number,
        "upTo": OPEN if tier.up_to is None else tier.up_to,
        "quantity": units,
        "unitAmount": tier.unit_amount,
        "flatAmount": flat,
        "amount": amount,
    }
    if tier.maximum is not None:
        facts["maximum"] = tier.maximum
    return Working("tier", facts)


def _volume_total(price: Volume, quantity: Decimal) -> tuple[Decimal, Working | None, Decimal]:
    if not quantity and not price.billed_at_zero:
        return ZERO, None, ZERO
    index = tier_of(price.tiers, quantity, price.bound)
    if index is None:
        return ZERO, None, quantity
    tier = price.tiers[index]
    amount = quantity * tier.unit_amount + tier.flat_amount
    if tier.maximum is not None:
        amount = min(amount, tier.maximum)
    return amount, _tier_step(index + 1, tier, quantity, tier.flat_amount, amount), ZERO


def _packages_of(price: Package, quantity: Decimal) -> Decimal:
    paid = quantity - price.free_units
    count = packages(paid, price.package_size, price.rounding) if paid > 0 else ZERO
    return max(count, ONE_PACKAGE) if price.billed_at_zero else count


def _package_step(number: int, tier: PackageTier, units: Decimal, count: Decimal) -> Working:
    facts: dict[str, Fact] = {
        "tier": number,
        "upTo": OPEN if tier.up_to is None else tier.up_to,
        "quantity": units,
        "packageSize": tier.package_size,
        "packages": count,
        "packageAmount": tier.package_amount,
        "amount": count * tier.package_amount,
    }
    return Working("tier", facts)


def _volume_packages(
    price: VolumePackage, quantity: Decimal
) -> tuple[Decimal, tuple[Working, ...]]:
    index = tier_of(price.tiers, quantity)
    if index is None:
        return ZERO, ()
    tier = price.tiers[index]
    count = packages(quantity, tier.package_size)
    step = _package_step(index + 1, tier, quantity, count)
    return count * tier.package_amount, (step,)
