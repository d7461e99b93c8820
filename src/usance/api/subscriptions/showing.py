"""From a subscription as it is kept to what travels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from usance.api.catalog.wire import MoneyWire
from usance.api.invoices.neighbours import LatestInvoiceWire
from usance.api.subscriptions.prices_wire import Packages, shown_prices
from usance.api.subscriptions.wire import (
    AddonWire,
    BudgetWire,
    CouponWire,
    FutureUpdateWire,
    ListedSubscriptionWire,
    OverrideWire,
    SubscriptionWire,
    TargetWire,
    TrialWire,
)
from usance.domain.calendar import Cadence, Instants, Unit, instants_at
from usance.domain.plans.package import PackageKind
from usance.domain.subscriptions.periods import UTC_ZONE, billing_period_at
from usance.domain.subscriptions.subscription import (
    OVER,
    ChangeKind,
    Subscription,
)
from usance.domain.subscriptions.terms import AppliedCoupon, Terms
from usance.store import published
from usance.store.database import Tx
from usance.store.published import VersionKey
from usance.store.subscription_lists import Follower
from usance.store.subscriptions import Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is to be told of one subscription, and of what instant."""

    kept: Kept
    at: datetime
    packages: Packages
    followers: Sequence[Follower] = ()
    latest_invoice: LatestInvoiceWire | None = None


def packages_of(tx: Tx, kept: Sequence[Kept], at: Mapping[str, datetime]) -> Packages:
    """The plans and add-ons of those subscriptions, in the versions each holds at its instant."""
    keys = [key for each in kept for key in _keys(each.subscription, at[each.subscription.id])]
    return published.some(tx, keys) if keys else {}


def subscription_wire(shown: Shown) -> SubscriptionWire:
    """All of it."""
    listed = listed_wire(shown)
    overrides = _terms(shown).overrides
    return SubscriptionWire(
        **{name: getattr(listed, name) for name in type(listed).model_fields},
        subscription_entitlements=[
            OverrideWire(id=each.feature_id, type="FEATURE") for each in overrides
        ],
    )


def listed_wire(shown: Shown) -> ListedSubscriptionWire:
    """As lists show it."""
    each, words, at = shown.kept.subscription, shown.kept.words, shown.at
    terms = _terms(shown)
    period = _period(each, terms, at)
    return ListedSubscriptionWire(
        id=each.id,
        customer_id=each.customer_id,
        paying_customer_id=each.paying_customer_id,
        resource_id=each.resource_id,
        plan_id=each.plan_id,
        pricing_type=each.pricing_type,
        status=each.status_at(at),
        payment_collection="PROCESSING" if each.is_payment_pending else "NOT_REQUIRED",
        payment_collection_method=each.collection,
        billing_id=words.billing_id,
        contract_id=each.contract_id,
        addons=[AddonWire(id=addon.id, quantity=addon.quantity) for addon in terms.addons],
        prices=list(shown_prices(each.plan_id, terms, shown.packages)),
        coupons=[] if terms.coupon is None else [_coupon(terms.coupon, at)],
        budget=None
        if terms.budget is None
        else BudgetWire(limit=terms.budget.limit, has_soft_limit=terms.budget.has_soft_limit),
        minimum_spend=None
        if terms.minimum_spend is None
        else MoneyWire(
            amount=terms.minimum_spend.amount, currency=terms.minimum_spend.currency.lower()
        ),
        trial=None if each.trial_end is None else TrialWire(trial_end_behavior=each.trial_end),
        trial_end_date=each.trial_ends_at,
        start_date=each.starts_at,
        end_date=each.ends_at,
        effective_end_date=each.ends_at,
        cancellation_date=each.ends_at if each.is_to_be_canceled else None,
        cancel_reason=each.end_reason if each.status_at(at) in OVER else None,
        billing_period=terms.billing_period,
        billing_cycle_anchor=each.anchor,
        current_billing_period_start=None if period is None else period.start,
        current_billing_period_end=None if period is None else period.end,
        future_updates=list(_updates(shown)),
        latest_invoice=shown.latest_invoice,
        metadata=dict(words.metadata),
        salesforce_id=words.salesforce_id,
        created_at=shown.kept.created_at,
        updated_at=shown.kept.updated_at,
    )


def _terms(shown: Shown) -> Terms:
    return shown.kept.subscription.version_at(shown.at).terms


def _period(each: Subscription, terms: Terms, at: datetime) -> Instants | None:
    """The period that is begun: of a trial the trial, of what is over or not begun none."""
    if at < each.starts_at or each.status_at(at) in OVER:
        return None
    if each.trial_ends_at is not None and each.is_trial(at):
        return Instants(each.starts_at, each.trial_ends_at)
    if terms.billing_period is None:
        return None
    return billing_period_at(each.anchor, terms.billing_period, at, UTC_ZONE)


def _updates(shown: Shown) -> Iterator[FutureUpdateWire]:
    """Versions still to take effect, and what starts when it ends; one entry for each change."""
    for version in shown.kept.subscription.scheduled(shown.at):
        for kind in version.changes or (ChangeKind.PLAN,):
            yield FutureUpdateWire(
                schedule_status="SCHEDULED",
                scheduled_execution_time=version.effective_at,
                subscription_schedule_type=kind,
                target_package=None,
            )
    for follower in shown.followers:
        if follower.starts_at > shown.at:
            is_pending = follower.is_payment_pending
            for kind in follower.changes or (ChangeKind.PLAN,):
                yield FutureUpdateWire(
                    schedule_status="PENDING_PAYMENT" if is_pending else "SCHEDULED",
                    scheduled_execution_time=follower.starts_at,
                    subscription_schedule_type=kind,
                    target_package=TargetWire(id=follower.plan_id),
                )


def _coupon(coupon: AppliedCoupon, at: datetime) -> CouponWire:
    amounts = [MoneyWire(amount=off, currency=code.lower()) for code, off in coupon.amounts_off]
    return CouponWire(
        id=coupon.id or "",
        name=coupon.name,
        status="EXPIRED" if _is_over(coupon, at) else "ACTIVE",
        percent_off=coupon.percent_off,
        amounts_off=amounts or None,
    )


def _is_over(coupon: AppliedCoupon, at: datetime) -> bool:
    if coupon.duration_months is None:
        return False
    whole = Cadence(coupon.duration_months, Unit.MONTH)
    return instants_at(coupon.applied_at, whole, coupon.applied_at, UTC_ZONE).end <= at


def _keys(subscription: Subscription, at: datetime) -> Iterator[VersionKey]:
    terms = subscription.version_at(at).terms
    if terms.plan_version is not None:
        yield VersionKey(PackageKind.PLAN, subscription.plan_id, terms.plan_version)
    for addon in terms.addons:
        yield VersionKey(PackageKind.ADDON, addon.id, addon.version)
