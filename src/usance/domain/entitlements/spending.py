"""Spending: what the usage of a subscription comes to so far, to hold against its budget.

Counted in the billing period that has begun, or the trial: exactly what the bill will say of usage
there, overage and a percentage off included. Fees, seats and one-off charges are agreed beforehand
and no part of it; nor are minimums, amounts off, and tax. Periods are counted in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from usance.domain.calendar import day_of, month_after
from usance.domain.catalog import Feature
from usance.domain.entitlements.from_subscriptions import PackageKey
from usance.domain.entitlements.holdings import EVERYWHERE, Counted, Holdings
from usance.domain.entitlements.windows import Window
from usance.domain.ids import PackageId
from usance.domain.plans.charges import BillingPeriod
from usance.domain.plans.package import PackageKind
from usance.domain.rating.prices import Discount, PerUnit, Pricing
from usance.domain.rating.rate import rate_pricing
from usance.domain.subscriptions.metered import metered_pricing
from usance.domain.subscriptions.periods import UTC_ZONE, billing_period_at
from usance.domain.subscriptions.sold import Charged, Sold, charged_by_use
from usance.domain.subscriptions.subscription import Subscription
from usance.domain.subscriptions.terms import AppliedCoupon

NOTHING = Decimal(0)
Used = Mapping[Counted, Decimal]


class Slice(NamedTuple):
    """Usage that is priced together: all of it up to now, and what of that is of earlier periods.

    `before` None: none is.
    """

    through: Counted
    before: Counted | None = None


@dataclass(frozen=True, slots=True)
class OnDemand:
    """The price of what was used of a feature in `slices`."""

    pricing: Pricing
    feature: Feature
    slices: tuple[Slice, ...]

    @property
    def counted(self) -> Iterator[Counted]:
        """All usage that has to be known."""
        for each in self.slices:
            yield each.through
            if each.before is not None:
                yield each.before

    def amount(self, used: Used) -> Decimal:
        """What it comes to, in major units, not rounded."""
        total = NOTHING
        for each in self.slices:
            before = NOTHING if each.before is None else used.get(each.before, NOTHING)
            more = used.get(each.through, NOTHING) - before
            total += rate_pricing(self.pricing, more, already=before).amount
        return total


def on_demand(holdings: Holdings, subscription: Subscription, at: datetime) -> list[OnDemand]:
    """All that a subscription charges by use, as its terms at that instant have it."""
    terms = subscription.version_at(at).terms
    sold = _sold(holdings, subscription, at)
    if sold is None:
        return []
    percent = _percent_off(terms.coupon, at)
    off = () if percent is None else (Discount(percent=percent),)
    found = []
    for each in charged_by_use(sold, terms):
        assert each.charge.feature_id is not None, "what is used is of a feature"
        feature = sold.features.get(each.charge.feature_id)
        if feature is not None and feature.counted_by is not None:
            pricing = replace(metered_pricing(each, feature), discounts=off)
            slices = _slices(subscription, each, pricing, at)
            found.append(OnDemand(pricing, feature, tuple(slices)))
    return found


def spent(charged: Iterable[OnDemand], used: Used) -> Decimal:
    """What that comes to so far, in major units of the subscription's currency, not rounded."""
    return sum((each.amount(used) for each in charged), NOTHING)


def spending_window(subscription: Subscription, at: datetime) -> Window:
    """The trial, or the billing period an instant is in; without any, months of its anchor."""
    if subscription.trial_ends_at is not None and subscription.is_trial(at):
        return Window(subscription.starts_at, subscription.trial_ends_at)
    period = subscription.version_at(at).terms.billing_period or BillingPeriod.MONTHLY
    whole = billing_period_at(subscription.anchor, period, at, UTC_ZONE)
    return Window(max(whole.start, _begin(subscription)), whole.end)


def _begin(subscription: Subscription) -> datetime:
    """When it begins to be paid for."""
    return subscription.trial_ends_at or subscription.starts_at


def _slices(
    subscription: Subscription, each: Charged, pricing: Pricing, at: datetime
) -> Iterator[Slice]:
    """What of its usage is priced together. A charge of a month within a year is priced month by
    month; one of a year, or whose included units are, goes on from the months before.
    """
    scope = EVERYWHERE if subscription.resource_id is None else f"R{subscription.resource_id}"
    window = spending_window(subscription, at)
    assert window.end is not None, "a period ends"

    feature_id = each.charge.feature_id
    assert feature_id is not None, "what is used is of a feature"

    def counted(start: datetime, end: datetime) -> Counted:
        return Counted(subscription.customer_id, feature_id, scope, Window(start, end))

    is_linear = isinstance(pricing.price, PerUnit) and not pricing.included
    if is_linear or subscription.is_trial(at):
        yield Slice(counted(window.start, window.end))
        return
    first, start = _begin(subscription), window.start
    period = BillingPeriod.ANNUALLY if each.is_counted_yearly else each.charge.period
    while start < window.end and start <= at:
        whole = billing_period_at(subscription.anchor, period, start, UTC_ZONE)
        begin, end = max(whole.start, first), min(whole.end, window.end)
        before = counted(begin, start) if begin < start else None
        yield Slice(counted(begin, end), before)
        start = end


def _sold(holdings: Holdings, subscription: Subscription, at: datetime) -> Sold | None:
    """What its terms name, as far as it is there; None of a plan of no catalogue."""
    version, pinned = subscription.version_at(at), holdings.offered.pinned
    plan = next(iter(holdings.offered.line_of(subscription, version)), None)
    if plan is None:
        return None
    named = (
        (pinned.get(PackageKey(PackageKind.ADDON, PackageId(each.id), each.version)), each.quantity)
        for each in version.terms.addons
    )
    addons = tuple((addon, times) for addon, times in named if addon is not None)
    return Sold(plan=plan, addons=addons, features=holdings.known)


def _percent_off(coupon: AppliedCoupon | None, at: datetime) -> Decimal | None:
    """What a coupon takes off usage at that instant."""
    if coupon is None or coupon.percent_off is None or at < coupon.applied_at:
        return None
    start, months = day_of(coupon.applied_at, UTC_ZONE), coupon.duration_months
    is_over = months is not None and day_of(at, UTC_ZONE) >= month_after(start, months)
    return None if is_over else coupon.percent_off
