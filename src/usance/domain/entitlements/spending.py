"""Spending: what the usage of a subscription comes to so far, to hold against its budget.

Counted in the billing period that has begun, or the trial: what is charged by use, and what is used
beyond a limit that overage is charged for. Fees, seats and one-off charges are agreed beforehand
and no part of it; nor is tax.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from usance.domain.catalog import Feature, UnitTransformation
from usance.domain.entitlements.features import FeatureRules, kind_of
from usance.domain.entitlements.from_subscriptions import PackageKey
from usance.domain.entitlements.holdings import EVERYWHERE, Counted, Holdings
from usance.domain.entitlements.resolve import resolve
from usance.domain.entitlements.windows import Window
from usance.domain.ids import FeatureId, PackageId
from usance.domain.plans.charges import BillingModel, BillingPeriod, Charge
from usance.domain.plans.package import Package, PackageKind
from usance.domain.rating.rate import rate
from usance.domain.subscriptions.offer import chosen, override_of
from usance.domain.subscriptions.periods import UTC_ZONE, billing_period_at
from usance.domain.subscriptions.subscription import Subscription
from usance.domain.subscriptions.terms import Terms

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class OnDemand:
    """A charge for what was used in `counted`, beyond `included` units, both as it is sold."""

    charge: Charge
    counted: Counted
    included: Decimal = NOTHING
    unit: UnitTransformation | None = None

    def amount(self, used: Mapping[Counted, Decimal]) -> Decimal:
        """What it comes to, in major units, not rounded."""
        reported = used.get(self.counted, NOTHING)
        sold = reported if self.unit is None else self.unit.sold(reported)
        units = max(sold - self.included, NOTHING)
        return rate(self.charge.price(), units).amount if units else NOTHING


def on_demand(holdings: Holdings, subscription: Subscription, at: datetime) -> list[OnDemand]:
    """All that a subscription charges by use, as its terms at that instant have it."""
    version = subscription.version_at(at)
    window = spending_window(subscription, at)
    scope = EVERYWHERE if subscription.resource_id is None else f"R{subscription.resource_id}"
    found = []
    for package in _packages(holdings, subscription, at):
        for charge in _charges(package.pricing.charges, version.terms):
            if charge.model is BillingModel.USAGE_BASED and charge.feature_id is not None:
                counted = Counted(subscription.customer_id, charge.feature_id, scope, window)
                unit = _unit(holdings, charge.feature_id)
                found.append(OnDemand(charge, counted, unit=unit))
        for charge in _charges(package.pricing.overages, version.terms):
            limit = _included(holdings, subscription, charge.feature_id, at)
            if charge.feature_id is not None and limit is not None:
                counted = Counted(subscription.customer_id, charge.feature_id, scope, window)
                unit = _unit(holdings, charge.feature_id)
                found.append(OnDemand(charge, counted, limit, unit))
    return found


def spent(charged: list[OnDemand], used: Mapping[Counted, Decimal]) -> Decimal:
    """What that comes to so far, in major units of the subscription's currency, not rounded."""
    return sum((each.amount(used) for each in charged), NOTHING)


def spending_window(subscription: Subscription, at: datetime) -> Window:
    """The trial, or the billing period an instant is in; without any, months of its anchor."""
    start, end = subscription.starts_at, subscription.trial_ends_at
    if end is not None and subscription.is_trial(at):
        return Window(start, end)
    period = subscription.version_at(at).terms.billing_period or BillingPeriod.MONTHLY
    whole = billing_period_at(subscription.anchor, period, at, UTC_ZONE)
    first = start if end is None else end
    return Window(max(whole.start, first), whole.end)


def _unit(holdings: Holdings, feature_id: FeatureId) -> UnitTransformation | None:
    feature = holdings.features.get(feature_id)
    return None if feature is None else feature.unit_transformation


def _packages(holdings: Holdings, subscription: Subscription, at: datetime) -> Iterator[Package]:
    version = subscription.version_at(at)
    yield from holdings.offered.line_of(subscription, version)[:1]
    for addon in version.terms.addons:
        key = PackageKey(PackageKind.ADDON, PackageId(addon.id), addon.version)
        if (package := holdings.offered.pinned.get(key)) is not None:
            yield package


def _charges(charges: tuple[Charge, ...], terms: Terms) -> Iterator[Charge]:
    """Those of its period, currency and place, at the prices that were agreed."""
    for charge in chosen(charges, terms.billing_period, terms.currency, terms.country):
        agreed = override_of(terms.prices, charge)
        if agreed is None or (agreed.amount is None and not agreed.tiers):
            yield charge
        else:
            yield replace(
                charge,
                amount=agreed.amount,
                tiers=agreed.tiers,
                tiers_mode=agreed.tiers_mode,
                block_size=agreed.block_size,
            )


def _included(
    holdings: Holdings, subscription: Subscription, feature_id: FeatureId | None, at: datetime
) -> Decimal | None:
    """What the subscription itself gives of a feature; None without limit."""
    feature: Feature | None = None if feature_id is None else holdings.features.get(feature_id)
    if feature is None:
        return NOTHING
    own = [
        each.source
        for each in holdings.given[feature.id]
        if each.source.subscription_id == subscription.id
    ]
    rules = FeatureRules(kind=kind_of(feature))
    effective = resolve(rules, own, at=at, resource_id=subscription.resource_id)
    limits = [each.limit for each in effective.allowances]
    return None if None in limits else max((each for each in limits if each), default=NOTHING)
