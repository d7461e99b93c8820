"""Rating: a price and a quantity make an amount; with its bounds, a line, rounded once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import assert_never

from msgspec import Struct, structs

from usance.domain.metering.totals import EventAmount, UsageCell
from usance.domain.money import MAX_DECIMALS, ONE, Currency, Money, round_minor
from usance.domain.rating import limits, tiers
from usance.domain.rating.matrix import CellUsage, IncludedRule, by_cell
from usance.domain.rating.percentage import Events, less_included, percentage
from usance.domain.rating.prices import (
    ZERO,
    Flat,
    Graduated,
    GraduatedPackage,
    GraduatedPercentage,
    Matrix,
    Multiplier,
    Package,
    Percentage,
    PerUnit,
    Price,
    Pricing,
    Volume,
    VolumePackage,
)
from usance.domain.rating.working import Fact, Working

SMALLEST = Decimal(1).scaleb(-MAX_DECIMALS)


class Rated(Struct, frozen=True, gc=False):
    """What a quantity costs: unrounded major units, and how it came about.

    `unpriced` units are beyond the last tier, or in no cell of a matrix: they cost nothing and
    must be shown, never dropped.
    """

    amount: Decimal
    working: Working
    unpriced: Decimal = ZERO


class RatedLine(Struct, frozen=True, gc=False):
    """One line of a document: the net amount, rounded once, and how it came about.

    `unit_amount` is there for print when one price holds for every unit that was charged.
    """

    net: Money
    working: Working
    unit_amount: Decimal | None
    unpriced: Decimal = ZERO


def rate(price: Price, quantity: Decimal, *, already: Decimal = ZERO) -> Rated:
    """What `quantity` more costs after `already` was rated in the same tier scope.

    Unrounded. A negative quantity gives back exactly what the same units cost. A percentage
    takes the quantity for the amount of one event; use `rate_events` for several.
    """
    if quantity < 0 or already < 0:
        return _signed(price, quantity, already)
    match price:
        case PerUnit():
            amount = price.unit_amount * quantity
            facts: dict[str, Fact] = {
                "quantity": quantity,
                "unitAmount": price.unit_amount,
                "amount": amount,
            }
            return Rated(amount, Working("per_unit", facts))
        case Flat():
            return Rated(price.amount, Working("flat", {"amount": price.amount}))
        case Graduated():
            return Rated(*tiers.graduated(price, quantity, already))
        case Volume():
            return Rated(*tiers.volume(price, quantity, already))
        case Package():
            return Rated(*tiers.package(price, quantity, already))
        case _:
            return _rate_rarer(price, quantity, already)


def _rate_rarer(
    price: GraduatedPercentage
    | GraduatedPackage
    | VolumePackage
    | Percentage
    | Multiplier
    | Matrix,
    quantity: Decimal,
    already: Decimal,
) -> Rated:
    match price:
        case GraduatedPercentage():
            return Rated(*tiers.graduated_percentage(price, quantity, already))
        case GraduatedPackage():
            return Rated(*tiers.graduated_package(price, quantity, already))
        case VolumePackage():
            return Rated(*tiers.volume_package(price, quantity, already))
        case Percentage():
            events = (Events(quantity),) if quantity else ()
            return Rated(*percentage(price, events, already=already))
        case Multiplier():
            amount = price.multiplier * quantity
            facts: dict[str, Fact] = {
                "cost": quantity,
                "multiplier": price.multiplier,
                "amount": amount,
            }
            return Rated(amount, Working("multiplier", facts))
        case Matrix():
            return _by_default_cell(price, quantity)
        case _:
            assert_never(price)


def _by_default_cell(price: Matrix, quantity: Decimal) -> Rated:
    """Usage that names no dimension: the default prices it, or nothing does."""
    unit_amount = price.default_unit_amount
    if unit_amount is None:
        return Rated(ZERO, Working("unpriced", {"quantity": quantity, "amount": ZERO}), quantity)
    amount = unit_amount * quantity
    facts: dict[str, Fact] = {"quantity": quantity, "unitAmount": unit_amount, "amount": amount}
    return Rated(amount, Working("default_cell", facts))


def _signed(price: Price, quantity: Decimal, already: Decimal) -> Rated:
    """Below zero a price is its own mirror image; a step across zero is priced on both sides."""
    if isinstance(price, Flat):
        sign = -1 if quantity < 0 else 1
        return Rated(sign * price.amount, Working("flat", {"amount": sign * price.amount}))
    start, end = already, already + quantity
    amount = unpriced = ZERO
    steps: list[Working] = []
    for sign in (1, -1):
        low, high = max(sign * start, ZERO), max(sign * end, ZERO)
        if low == high:
            continue
        part = rate(price, abs(high - low), already=min(low, high))
        direction = sign if high > low else -sign
        amount += direction * part.amount
        unpriced += direction * part.unpriced
        steps.append(part.working)
    facts: dict[str, Fact] = {"quantity": quantity, "already": already, "amount": amount}
    return Rated(amount, Working("mirrored", facts, tuple(steps)), unpriced)


def effective_unit_amount(amount: Decimal, units: Decimal) -> Decimal:
    """What one unit came to on average; zero when there was none."""
    return amount / units if units else ZERO


def rate_events(price: Percentage, events: Iterable[Events], *, already: Decimal = ZERO) -> Rated:
    """What the events come to under a percentage price, in their order."""
    return Rated(*percentage(price, events, already=already))


def rate_cells(
    price: Matrix,
    usage: Sequence[CellUsage],
    *,
    included: Decimal = ZERO,
    rule: IncludedRule = IncludedRule.PRO_RATA,
) -> Rated:
    """Each usage priced by its cell, after the included units common to all are taken off.

    Usage without a price is unpriced: shown in the working and in the result.
    """
    return Rated(*by_cell(price, usage, included=included, rule=rule))


def rate_each(price: Price, quantities: Sequence[Decimal]) -> Rated:
    """Each quantity priced on its own, then added: groups, or the maxima of time buckets."""
    return add_up([rate(price, quantity) for quantity in quantities])


def add_up(parts: Sequence[Rated]) -> Rated:
    """The sum of several rated quantities, each still shown."""
    amount = sum((part.amount for part in parts), ZERO)
    unpriced = sum((part.unpriced for part in parts), ZERO)
    steps = tuple(part.working for part in parts)
    return Rated(amount, Working("sum", {"amount": amount}, steps), unpriced)


def rate_pricing(pricing: Pricing, quantity: Decimal, *, already: Decimal = ZERO) -> Rated:
    """What `quantity` more of a whole period costs beyond what is included, less its discounts,
    after `already` was rated in the same tier scope. Unrounded; without its bounds.
    """
    steps: list[Working] = []
    rated = _beyond_included(pricing, quantity, already, ((), ()), steps)
    sign = -1 if quantity < 0 else 1
    amount = sign * _discounted(pricing, sign * rated.amount, (ONE, ONE), steps)
    working = Working("pricing", {"amount": amount}, tuple(steps))
    return Rated(amount, working, rated.unpriced)


def rate_line(
    pricing: Pricing,
    quantity: Decimal,
    *,
    currency: Currency,
    share: Fraction = ONE,
    already: Decimal = ZERO,
    is_measured: bool = False,
    cells: Sequence[UsageCell] = (),
    amounts: Sequence[EventAmount] = (),
) -> RatedLine:
    """Included units, then the price, its discounts, minimum and maximum, then one rounding.

    `share` is how many whole price periods the line covers: 10/31, 1, 12. Price, minimum and
    maximum are for a whole period, the quantity holds throughout, so the share applies last.

    Where the quantity `is_measured`, over just the time of the line, it is priced as it is; the
    share applies to what is given per whole period: included units (to 12 decimals), minimum
    and maximum, and a flat price.

    What was counted by dimension (`cells`) or event by event (`amounts`) adds up to the quantity. A
    matrix prices it cell by cell, a percentage event by event; any other price takes the quantity.
    """
    assert not cells or quantity == sum(cell.quantity for cell in cells), "cells are the quantity"
    if share is not ONE and share == ONE:
        share = ONE  # so that a whole period shows no proration
    price_share = share
    if is_measured and share is not ONE:
        price_share = share if isinstance(pricing.price, Flat) else ONE
        included = pricing.included * share.numerator / share.denominator
        pricing = replace(pricing, included=included.quantize(SMALLEST))
    steps: list[Working] = []
    rated = _beyond_included(pricing, quantity, already, (cells, amounts), steps)
    return _line(pricing, quantity, currency, (price_share, share), (rated, steps))


def _line(
    pricing: Pricing,
    quantity: Decimal,
    currency: Currency,
    shares: tuple[Fraction, Fraction],
    priced: tuple[Rated, list[Working]],
) -> RatedLine:
    """`shares` are those of the price and of its bounds."""
    share, bound_share = shares
    rated, steps = priced
    line: dict[str, Fact] = {"quantity": quantity}
    sign, amount, is_bounded = (-1 if quantity < 0 else 1), rated.amount, False
    if pricing.discounts:
        amount = sign * _discounted(pricing, sign * amount, shares, steps)
    has_bounds = pricing.minimum is not None or pricing.maximum is not None
    if has_bounds and not pricing.is_free:
        bound = _bound_broken(pricing, sign * amount, shares, steps)
        if bound is not None:
            amount, share, is_bounded = sign * bound, bound_share, True
    net = round_minor(amount, currency, share)
    if share is not ONE:
        steps.append(_proration_step(amount, share))
    shown = net.amount
    facts: dict[str, Fact] = {"exact": amount, "net": shown, "currency": currency.code}
    steps.append(Working("rounding", facts))
    line["net"] = shown
    has_unit_amount = not (is_bounded or pricing.discounts)
    unit_amount = _unit_amount(pricing.price, rated) if has_unit_amount else None
    return RatedLine(net, Working("line", line, tuple(steps)), unit_amount, rated.unpriced)


def _discounted(
    pricing: Pricing, amount: Decimal, shares: tuple[Fraction, Fraction], steps: list[Working]
) -> Decimal:
    """What the discounts leave of `amount`, never less than nothing; each is one step."""
    share, bound_share = shares
    for discount in pricing.discounts:
        if discount.percent is not None:
            left = limits.less_percent(amount, discount.percent)
            facts: dict[str, Fact] = {"amount": amount, "percent": discount.percent}
        else:
            assert discount.amount is not None, "a discount is a percent or an amount"
            off = discount.amount
            if share is not bound_share:
                off = (off * bound_share.numerator / bound_share.denominator).quantize(SMALLEST)
            left = limits.less_fixed(amount, off)
            facts = {"amount": amount, "off": off}
        if discount.reason:
            facts["reason"] = discount.reason
        amount = left.amount
        steps.append(Working("discount", facts | {"left": amount}))
    return amount


def _beyond_included(
    pricing: Pricing,
    quantity: Decimal,
    already: Decimal,
    detail: tuple[Sequence[UsageCell], Sequence[EventAmount]],
    steps: list[Working],
) -> Rated:
    """What the units beyond the included ones cost; `steps` gets the working."""
    price, included = pricing.price, pricing.included
    cells, amounts = detail
    charged, before = quantity, already
    if included:
        before = _past(included, already)
        charged = _past(included, already + quantity) - before
        facts: dict[str, Fact] = {"quantity": quantity, "included": included, "charged": charged}
        steps.append(Working("included", facts))
    if isinstance(price, Matrix) and cells:
        usage = [
            CellUsage(dict(zip(price.dimensions, cell.values, strict=True)), cell.quantity)
            for cell in cells
        ]
        rated = rate_cells(price, usage, included=abs(quantity - charged))
    elif isinstance(price, Percentage) and price.is_per_event and amounts:
        events = [Events(each.amount * each.count, each.count) for each in amounts]
        if included:
            events = less_included(events, max(included - already, ZERO))
        rated = rate_events(price, events, already=before)
    else:
        rated = rate(price, charged, already=before)
        if not charged and quantity < 0:
            rated = structs.replace(rated, amount=-rated.amount)
        if already and not before:
            rated = _begun_before(price, rated)
    steps.append(rated.working)
    return rated


def _begun_before(price: Price, rated: Rated) -> Rated:
    """Less what was due without usage: an earlier step, all of its units included, charged it."""
    if not isinstance(price, Graduated | Volume | GraduatedPercentage | Package):
        return rated
    begun = rate(price, ZERO).amount
    if not begun:
        return rated
    amount = rated.amount - (begun if rated.amount > 0 else -begun)
    facts: dict[str, Fact] = {"begun": begun, "amount": amount}
    working = Working("begun_before", facts, (rated.working,))
    return structs.replace(rated, amount=amount, working=working)


def _past(included: Decimal, quantity: Decimal) -> Decimal:
    if abs(quantity) <= included:
        return ZERO
    return quantity - included if quantity > 0 else quantity + included


def _bound_broken(
    pricing: Pricing, amount: Decimal, shares: tuple[Fraction, Fraction], steps: list[Working]
) -> Decimal | None:
    """The minimum or maximum of a whole period that takes the price's place, or None."""
    share, bound_share = shares
    for rule, bound in (("minimum", pricing.minimum), ("maximum", pricing.maximum)):
        if bound is None:
            continue
        if share is bound_share:
            below, above = amount < bound, amount > bound
        else:
            exact, limit = Fraction(amount) * share, Fraction(bound) * bound_share
            below, above = exact < limit, exact > limit
        if below if rule == "minimum" else above:
            steps.append(Working(rule, {"amount": amount, rule: bound, "share": str(bound_share)}))
            return bound
    return None


def _proration_step(amount: Decimal, share: Fraction) -> Working:
    exact = (amount * share.numerator / share.denominator).quantize(SMALLEST)
    facts: dict[str, Fact] = {"amount": amount, "share": str(share), "prorated": exact}
    return Working("proration", facts)


def _unit_amount(price: Price, rated: Rated) -> Decimal | None:
    match price:
        case PerUnit():
            return price.unit_amount
        case Volume() if rated.working.rule == "volume" and len(rated.working.parts) == 1:
            facts = rated.working.parts[0].facts
            unit_amount = facts.get("unitAmount")  # None: what came before it is taken off
            if unit_amount is not None and facts["flatAmount"] == 0 and "maximum" not in facts:
                assert isinstance(unit_amount, Decimal), "a unit amount is a decimal"
                return unit_amount
    return None
