"""Prices of the reference engine: what a quantity costs in one whole period, in Fractions.

A price is its form with numbers in place of text, so that two prices are equal exactly when they
say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

Price = dict[str, Any]
MOST = 12
ZERO, ONE = Fraction(0), Fraction(1)
WORDS = ("model", "rounding", "billedAtZero")
AMOUNTS = ("amount", "unitAmount", "flatAmount", "packageAmount", "minimum", "maximum")


class Written(NamedTuple):
    """An amount, and how many decimals it is written with."""

    value: Fraction
    decimals: int

    def raised(self, percent: Fraction, decimals: int | None) -> Written:
        """So many percent higher, rounded to `decimals` if given, but not to fewer than it has."""
        higher = self.value * (1 + percent / 100)
        places = MOST if decimals is None else max(decimals, self.decimals)
        value, needed = round_half_away(higher, places), self.decimals
        while round_half_away(value, needed) != value:
            needed += 1
        return Written(value, needed)


class Off(NamedTuple):
    """A discount: percent of what is left, or an amount of each whole period."""

    percent: Fraction | None
    amount: Written | None


class Limits(NamedTuple):
    """How much of a whole period there is, and what was counted before in the same tiers."""

    share: Fraction
    before: Fraction = ZERO


def number(written: object) -> Fraction:
    """The exact number in text or of a whole number."""
    return Fraction(str(written))


def written(plain: object) -> Written:
    """The amount in text or of a whole number, with its decimals."""
    return Written(number(plain), len(str(plain).partition(".")[2]))


def price_from(plain: Mapping[str, Any]) -> Price:
    """The price of a form."""
    read: Price = {}
    for key, value in plain.items():
        if key == "tiers":
            read[key] = [price_from(tier) for tier in value]
        elif value is not None:
            read[key] = value if key in WORDS else number(value)
            if key in AMOUNTS:
                read["decimals of " + key] = written(value).decimals
    return read


def off_from(plain: Mapping[str, Any]) -> Off:
    """The discount of a form."""
    percent, amount = plain.get("percent"), plain.get("amount")
    return Off(
        None if percent is None else number(percent), None if amount is None else written(amount)
    )


def raised(price: Price, percent: Fraction, decimals: int | None) -> Price:
    """The price so many percent higher, each of its amounts."""
    out: Price = {}
    for key, value in price.items():
        if key == "tiers":
            out[key] = [raised(tier, percent, decimals) for tier in value]
        elif key in AMOUNTS:
            higher = Written(value, price["decimals of " + key]).raised(percent, decimals)
            out[key], out["decimals of " + key] = higher
        elif not key.startswith("decimals of "):
            out[key] = value
    return out


def round_half_away(value: Fraction, decimals: int) -> Fraction:
    """To so many decimals, halves away from zero."""
    scaled = abs(value) * 10**decimals
    whole = floor(scaled + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole, 10**decimals)


def minor_units(value: Fraction, digits: int) -> int:
    """As whole minor units of a currency, halves away from zero."""
    return int(round_half_away(value, digits) * 10**digits)


def licence_amount(
    price: Price, quantity: Fraction, offs: Sequence[Off], share: Fraction
) -> Fraction:
    """What an agreed quantity costs: the amount of a whole period, so many times."""
    units = max(ZERO, quantity - price.get("included", ZERO))
    gross = model_amount(price, units)
    if _is_free(offs):
        return ZERO
    return limited(price, taken_off(gross, offs, ONE), ONE) * share


def usage_units(price: Price, counted: Fraction, share: Fraction) -> Fraction:
    """The units of usage that are not free."""
    return max(ZERO, counted - Fraction(price.get("included", ZERO)) * share)


def usage_amount(price: Price, units: Fraction, offs: Sequence[Off], limits: Limits) -> Fraction:
    """What counted units cost after those counted before in the same tiers.

    What is agreed for a whole period counts by `share`: a flat amount, what comes off, minimum
    and maximum.
    """
    if price["model"] == "FLAT":
        gross = price["amount"] * limits.share
    elif limits.before:
        above = model_amount(price, limits.before + units)
        gross = above - model_amount(price, limits.before)
    else:
        gross = model_amount(price, units)
    if _is_free(offs):
        return ZERO
    return limited(price, taken_off(gross, offs, limits.share), limits.share)


def _is_free(offs: Sequence[Off]) -> bool:
    """What is given free costs nothing, whatever its minimum."""
    return any(off.percent == 100 for off in offs)


def taken_off(gross: Fraction, offs: Sequence[Off], share: Fraction) -> Fraction:
    """What discounts leave, one after the other; an amount takes at most what is there."""
    for off in offs:
        if off.percent is not None:
            gross -= gross * off.percent / 100
        elif off.amount is not None:
            gross -= min(gross, off.amount.value * share)
    return gross


def limited(price: Price, net: Fraction, share: Fraction) -> Fraction:
    """At least the minimum, at most the maximum."""
    if "minimum" in price:
        net = max(net, Fraction(price["minimum"]) * share)
    if "maximum" in price:
        net = min(net, Fraction(price["maximum"]) * share)
    return net


def model_amount(price: Price, units: Fraction) -> Fraction:
    """What the price model makes of a quantity."""
    model = price["model"]
    if model == "FLAT":
        return Fraction(price["amount"])
    if model == "PER_UNIT":
        return Fraction(units * price["unitAmount"])
    if model == "PACKAGE":
        return packages(price, units) * Fraction(price["packageAmount"])
    if units == 0 and not price.get("billedAtZero"):
        return ZERO
    if model == "GRADUATED":
        return graduated(price["tiers"], units)
    if model == "VOLUME":
        return volume(price["tiers"], units)
    raise AssertionError(f"no such model: {model}")


def graduated(tiers: Sequence[Price], units: Fraction) -> Fraction:
    """Each tier's own units at its price; its flat amount once it is reached."""
    total, bottom = ZERO, ZERO
    for index, tier in enumerate(tiers):
        if units > bottom or index == 0:
            top = min(units, tier["upTo"]) if "upTo" in tier else units
            of_tier = (top - bottom) * tier.get("unitAmount", ZERO) + tier.get("flatAmount", ZERO)
            total += min(of_tier, tier.get("maximum", of_tier))
        bottom = tier.get("upTo", units)
    return total


def volume(tiers: Sequence[Price], units: Fraction) -> Fraction:
    """All units at the price of the tier that the last of them reaches."""
    for tier in tiers:
        if "upTo" not in tier or units <= tier["upTo"]:
            of_tier = units * tier.get("unitAmount", ZERO) + tier.get("flatAmount", ZERO)
            return Fraction(min(of_tier, tier.get("maximum", of_tier)))
    raise AssertionError("the last tier has no bound")


def packages(price: Price, units: Fraction) -> Fraction:
    """How many packages are charged: one begun is whole, unless the price says otherwise."""
    exact = max(ZERO, units - price.get("freeUnits", ZERO)) / price["packageSize"]
    rounding = price.get("rounding", "UP")
    if rounding == "PROPORTIONAL":
        return Fraction(exact)
    return Fraction(ceil(exact) if rounding == "UP" else floor(exact))
