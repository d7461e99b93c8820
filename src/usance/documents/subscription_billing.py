"""What a paid subscription is billed for, as lines of the order form.

A line's `lineId` here is its key: what it charges for, the same in every version. The orders that
are made of these lines (`subscription_orders`) name a line that takes another's place anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import blake2b

from usance.documents.billing_notation import plain_cadence
from usance.documents.order_lines import plain_used_by
from usance.documents.plain import given
from usance.domain.calendar import LAST_DAY, Cadence, month_after
from usance.domain.catalog import Feature
from usance.domain.contracts.order import Timing
from usance.domain.contracts.terms import Scope
from usance.domain.due_items import LineKind, UsedBy
from usance.domain.money import currency, round_minor
from usance.domain.plans.charges import BillingModel, ChargeCadence
from usance.domain.plans.package import PackageKind
from usance.domain.rating.notation import plain_pricing
from usance.domain.rating.prices import Flat, PerUnit, Price, Pricing
from usance.domain.rating.rate import rate
from usance.domain.subscriptions.metered import metered_pricing
from usance.domain.subscriptions.periods import CADENCES
from usance.domain.subscriptions.sold import Charged, Sold, charged
from usance.domain.subscriptions.terms import AppliedCoupon, Terms

LONGEST = 200  # characters of a key


@dataclass(frozen=True, slots=True)
class Frame:
    """From which day on the lines are wanted, the day periods are counted from, and the end of the
    term, beyond which nothing is said.

    `coupon_on`: the first day on which the coupon of the terms takes something off. `used_by`:
    whose usage is counted.
    """

    day: date
    anchor: date
    end: date
    coupon_on: date | None = None
    used_by: UsedBy | None = None


def wanted_lines(sold: Sold, terms: Terms, frame: Frame) -> list[dict[str, object]]:
    """The lines of a version from a day on, each a mapping in the order form's notation.

    A charge for usage of a feature whose usage is not measured is left out.
    """
    lines = []
    left = _amount_off(terms)
    for each in charged(sold, terms):
        line = _line(each, sold, frame)
        if line is None:
            continue
        if line["kind"] != LineKind.COMMITMENT.value:
            amount = _taken(each, terms, left)
            left -= amount
            off = list(_discounts(terms, frame, amount=amount, kind=str(line["kind"])))
            line |= given(discounts=off)
        lines.append(line)
    return lines


def _line(each: Charged, sold: Sold, frame: Frame) -> dict[str, object] | None:
    charge = each.charge
    feature = None if charge.feature_id is None else sold.features.get(charge.feature_id)
    every = CADENCES[charge.period]
    key, name = _key(each), _name(each, feature)
    if charge.model is BillingModel.MINIMUM_SPEND:
        return _commitment(each, frame, every)
    if charge.model is BillingModel.USAGE_BASED:
        if feature is None or feature.counted_by is None:
            return None
        return {
            "lineId": key,
            "name": name,
            "kind": LineKind.USAGE.value,
            "price": plain_pricing(metered_pricing(each, feature)),
            "featureId": feature.id,
            "billing": _billing(every, frame),
        } | given(
            unit=_unit(feature),
            usedBy=plain_used_by(frame.used_by),
            tierScope=Scope.TERM.value if each.is_counted_yearly else None,
        )
    price: Price = charge.price()
    quantity = Decimal(each.times)
    if isinstance(price, Flat) and each.times > 1:
        price = PerUnit(price.amount)
    if each.units is not None:
        quantity = each.units * each.times
    line: dict[str, object] = {
        "lineId": key,
        "name": name,
        "price": plain_pricing(Pricing(price=price)),
        "quantity": f"{quantity:f}",
    } | given(unit=_unit(feature))
    if charge.cadence is ChargeCadence.ONE_OFF:
        return line | {"kind": LineKind.ONE_OFF.value, "on": frame.day.isoformat()}
    timing = {"timing": Timing.IN_ADVANCE.value}
    billing = _billing(every, frame) | timing
    return line | {"kind": LineKind.RECURRING.value, "billing": billing}


def _commitment(each: Charged, frame: Frame, every: Cadence) -> dict[str, object]:
    assert each.charge.amount is not None, "a minimum is an amount"
    return {
        "lineId": "minimum",
        "name": "Minimum spend",
        "kind": LineKind.COMMITMENT.value,
        "amount": f"{each.charge.amount:f}",
        "billing": _billing(every, frame),
    }


def _billing(every: Cadence, frame: Frame) -> dict[str, object]:
    return {"every": plain_cadence(every), "anchorOn": frame.anchor.isoformat()}


def _key(each: Charged) -> str:
    """`base`, `units:seats`, `usage:calls`, `overage:calls`; of an add-on, its id before it."""
    charge = each.charge
    what = {
        BillingModel.FLAT_FEE: "base",
        BillingModel.PER_UNIT: "units",
        BillingModel.USAGE_BASED: "usage" if each.included is None else "overage",
    }.get(charge.model, "minimum")
    parts = [what] if charge.feature_id is None else [what, charge.feature_id]
    if charge.cadence is ChargeCadence.ONE_OFF:
        parts.insert(0, "once")
    if each.package.kind is PackageKind.ADDON:
        parts.insert(0, each.package.id)
    key = ":".join(parts).replace("|", "_")
    if len(key) <= LONGEST:
        return key
    return f"{key[: LONGEST - 17]}:{blake2b(key.encode(), digest_size=8).hexdigest()}"


def _name(each: Charged, feature: Feature | None) -> str:
    """What is printed: the package, and what of it is counted."""
    of = each.package.display_name
    if feature is None:
        is_once = each.charge.cadence is ChargeCadence.ONE_OFF
        return f"{of}: one-time fee"[:255] if is_once else of
    what = "extra " if each.included is not None else ""
    return f"{of}: {what}{feature.display_name}"[:255]


def _unit(feature: Feature | None) -> str | None:
    if feature is None:
        return None
    sold_in = feature.unit_transformation
    return feature.units if sold_in is None else sold_in.units or feature.units


def _amount_off(terms: Terms) -> Decimal:
    """What the coupon takes off the bill of a whole period, in major units."""
    amounts = {} if terms.coupon is None else dict(terms.coupon.amounts_off)
    return amounts.get(terms.currency or "", Decimal(0))


def _taken(each: Charged, terms: Terms, left: Decimal) -> Decimal:
    """What of the amount left to be taken off comes off a line: line after line all that it comes
    to in a whole period. Of usage nobody knows that before, so the first such line bears the rest.
    """
    charge = each.charge
    is_other_period = charge.period is not (terms.billing_period or charge.period)
    if not left or is_other_period or charge.cadence is ChargeCadence.ONE_OFF:
        return Decimal(0)
    if charge.model is BillingModel.USAGE_BASED:
        return left
    price, quantity = (
        charge.price(),
        Decimal(each.times) * (1 if each.units is None else each.units),
    )
    whole = price.amount * quantity if isinstance(price, Flat) else rate(price, quantity).amount
    return min(left, round_minor(whole, currency(charge.currency)).amount)


def _discounts(
    terms: Terms, frame: Frame, *, amount: Decimal, kind: str
) -> Iterator[dict[str, object]]:
    """What the coupon takes off a line: its percentage, or that much of its amount."""
    coupon = terms.coupon
    if coupon is None or frame.coupon_on is None:
        return
    off = _off(coupon, amount)
    if off is None:
        return
    start, until = max(frame.coupon_on, frame.day), _until(coupon, frame.coupon_on)
    if until <= start or start >= frame.end:
        return
    if kind == LineKind.ONE_OFF.value:
        if start == frame.day:
            yield off
        return
    yield off | given(
        **{"from": start.isoformat()},
        until=until.isoformat() if until < frame.end else None,
    )


def _off(coupon: AppliedCoupon, amount: Decimal) -> dict[str, object] | None:
    reason: dict[str, object] = {"reason": coupon.name}
    if coupon.percent_off is not None:
        return {"percent": f"{coupon.percent_off:f}"} | reason
    return {"amount": f"{amount:f}"} | reason if amount else None


def _until(coupon: AppliedCoupon, start: date) -> date:
    months = coupon.duration_months
    return LAST_DAY if months is None else min(month_after(start, months), LAST_DAY)
