"""What is wrong with what was agreed with one customer: prices, a least spend, what comes off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from usance.domain.errors import Invalid, Problem
from usance.domain.money import currency
from usance.domain.plans.charges import (
    BillingModel,
    BillingPeriod,
    Charge,
    ChargeCadence,
    TiersMode,
)
from usance.domain.plans.package import PricingType
from usance.domain.subscriptions.offer import Offer
from usance.domain.subscriptions.terms import PriceOverride, Terms

NEVER = datetime.min.replace(tzinfo=UTC)  # of a charge that stands in no package


def agreed_problems(terms: Terms, offer: Offer | None) -> Iterator[Problem]:
    """Of terms somebody asks for, by their paths in the request. `offer` None: of no catalogue."""
    seen = set()
    for index, price in enumerate(terms.prices):
        path = f"priceOverrides[{index}]"
        thing = price.feature_id, price.addon_id
        if thing in seen:
            expected = "one price for the base charge, a feature or an add-on"
            yield Problem("PriceOverrideTwice", path, "", expected)
        seen.add(thing)
        yield from _of_no_price(price, terms, path)
        if offer is not None:
            yield from _of_nothing_sold(price, terms, offer, path)
    minimum, coupon = terms.minimum_spend, terms.coupon
    if minimum is not None:
        yield from _unknown_currency(minimum.currency, "minimumSpend.currency")
    for index, (code, off) in enumerate(() if coupon is None else coupon.amounts_off):
        path = f"appliedCoupon.discount.amountsOff[{index}]"
        yield from _unknown_currency(code, f"{path}.currency")
        if not 0 < off < Decimal(10) ** 12:
            yield Problem("InvalidAmount", f"{path}.amount", str(off)[:80], "above zero")


def _of_no_price(price: PriceOverride, terms: Terms, path: str) -> Iterator[Problem]:
    """What no charge could be."""
    code = price.currency or terms.currency or "EUR"
    unknown = list(_unknown_currency(code, f"{path}.currency"))
    yield from unknown
    if unknown:
        return
    if terms.currency not in (None, code):
        expected = f"{terms.currency}, which the subscription is paid in"
        yield Problem("CurrencyMismatch", f"{path}.currency", code, expected)
    is_base = price.feature_id is None
    try:
        Charge(
            id="",
            created_at=NEVER,
            model=BillingModel.FLAT_FEE if is_base else BillingModel.USAGE_BASED,
            period=BillingPeriod.MONTHLY,
            currency=code,
            amount=price.amount,
            tiers=price.tiers,
            tiers_mode=(price.tiers_mode or TiersMode.GRADUATED) if price.tiers else None,
            block_size=price.block_size,
            feature_id=price.feature_id,
        )
    except Invalid as refused:
        for each in refused.problems:
            named = each.path.removeprefix("price.")
            yield Problem(each.code, f"{path}.{named}", each.value, each.expected)


def _of_nothing_sold(
    price: PriceOverride, terms: Terms, offer: Offer, path: str
) -> Iterator[Problem]:
    """What is for a feature or an add-on that the subscription does not pay for."""
    held = {each.id for each in terms.addons}
    if price.addon_id is not None and price.addon_id not in held:
        expected = f"one of its add-ons: {', '.join(sorted(held)) or 'none'}"
        yield Problem("AddonNotFound", f"{path}.addonId", price.addon_id, expected)
        return
    if price.feature_id is None or offer.plan.pricing.type is PricingType.CUSTOM:
        return
    sold = {
        charge.feature_id
        for package in offer.packages
        for charge in (*package.pricing.charges, *package.pricing.overages)
        if charge.feature_id is not None and charge.cadence is ChargeCadence.RECURRING
    }
    if price.feature_id not in sold:
        expected = f"a feature that is charged for: {', '.join(sorted(sold)) or 'none'}"
        yield Problem("ChargeNotFound", f"{path}.featureId", price.feature_id, expected)


def _unknown_currency(code: str, path: str) -> Iterator[Problem]:
    try:
        currency(code)
    except Invalid as refused:
        yield from (problem.under(path) for problem in refused.problems)
