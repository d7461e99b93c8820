"""Changing: other terms for a subscription, now or from a boundary on; its end, and taking it back.

A change is a new version. One that is to come is replaced by the next: there is at most one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from usance.domain.errors import NotAllowedNow, Problem, refuse_if
from usance.domain.ids import PackageId
from usance.domain.plans.coupon import Coupon
from usance.domain.plans.package import PricingType, TrialEnd
from usance.domain.plans.product import CancellationTime, Product
from usance.domain.subscriptions.agreed_problems import agreed_problems
from usance.domain.subscriptions.offer import (
    Offer,
    addon_problems,
    currencies,
    monthly_amount,
    override_problems,
    unit_problems,
)
from usance.domain.subscriptions.periods import next_boundary
from usance.domain.subscriptions.provisioning import (
    applied_coupon,
    change_kinds,
    is_usage_reset,
)
from usance.domain.subscriptions.requests import KEEP, CancelRequest, Keep, Schedule, UpdateRequest
from usance.domain.subscriptions.subscription import OVER, EndReason, Subscription, Version
from usance.domain.subscriptions.terms import AddonQuantity, Terms


class SubscriptionOver(NotAllowedNow):
    """It ended; provision a new one."""

    code = "SubscriptionOver"

    def __init__(self, subscription_id: str) -> None:
        super().__init__(f"Subscription {subscription_id} is over; provision another one.")


class TrialMustBeCancelledImmediately(NotAllowedNow):
    """A trial has no period to run out."""

    code = "TrialMustBeCancelledImmediately"

    def __init__(self, subscription_id: str) -> None:
        super().__init__(f"Subscription {subscription_id} is a trial, which is canceled at once.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A subscription as it becomes, and the version that it gets; None: its terms stay."""

    subscription: Subscription
    version: Version | None = None


def refuse_over(subscription: Subscription, at: datetime) -> None:
    """Raises SubscriptionOver."""
    if subscription.status_at(at) in OVER:
        raise SubscriptionOver(subscription.id)


def updated(
    subscription: Subscription,
    request: UpdateRequest,
    *,
    held: Offer | None,
    offer: Offer | None,
    coupon: Coupon | None,
    at: datetime,
) -> Change:
    """What the request makes of it. `held`: what it is of, in the versions it has; `offer`: the
    same plan with the add-ons asked for. None: a plan of no catalogue, of which only overrides,
    dates and words change.

    Less to pay takes effect when the period that is paid for ends, all else at once, unless the
    request says when. Raises Invalid; SubscriptionOver.
    """
    refuse_over(subscription, at)
    refuse_if(list(_problems(subscription, request, offer, at)))
    before = subscription.version_at(at).terms
    terms = _terms(before, request, offer, coupon, at)
    agreed = request.prices, request.minimum_spend, request.coupon
    if any(each is not KEEP for each in agreed):
        refuse_if(list(agreed_problems(terms, offer)))
    changed = _with_dates(subscription, request, at)
    kinds = change_kinds(before, terms)
    if terms == before:
        refuse_if(list(_anchor_problems(request, "a change of its terms goes with it")))
        return Change(subscription=changed)
    is_less = False
    if held is not None and offer is not None:
        is_less = monthly_amount(offer, terms) < monthly_amount(held, before)
    effective_at = _effective_at(subscription, request, is_less=is_less, at=at)
    rule = None if offer is None else offer.product.reset_cutoff
    is_reset = rule is not None and is_usage_reset(
        rule, before.billing_period, terms.billing_period
    )
    if max(subscription.starts_at, at) < effective_at:
        refuse_if(list(_anchor_problems(request, "scheduleStrategy is IMMEDIATE")))
    if request.is_anchor_now and effective_at == at:
        changed = replace(changed, anchor=at)
    version = Version(
        number=subscription.versions[-1].number + 1,
        effective_at=effective_at,
        terms=terms,
        created_at=at,
        changes=kinds if effective_at > at else (),
        is_reset=is_reset,
        proration=request.proration,
    )
    return Change(subscription=changed, version=version)


def canceled(
    subscription: Subscription, request: CancelRequest, product: Product | None, at: datetime
) -> Subscription:
    """The subscription with its end. Without a say it ends as its product has it.

    Raises SubscriptionOver; TrialMustBeCancelledImmediately; Invalid (InvalidCancellation): a
    custom plan has no period of its own to run out, and a date goes with SPECIFIC_DATE only.
    """
    refuse_over(subscription, at)
    settings = None if product is None else product.settings
    is_custom = subscription.pricing_type is PricingType.CUSTOM
    time = request.time
    if time is None and not is_custom and not subscription.is_trial(at) and settings is not None:
        time = settings.cancellation_time
    if time is None or (request.time is None and time is CancellationTime.SPECIFIC_DATE):
        time = CancellationTime.IMMEDIATE if request.on is None else CancellationTime.SPECIFIC_DATE
    if subscription.is_trial(at) and time is not CancellationTime.IMMEDIATE:
        raise TrialMustBeCancelledImmediately(subscription.id)
    refuse_if(list(_cancel_problems(subscription, request, time, at)))
    ends_at = at
    if time is CancellationTime.SPECIFIC_DATE:
        assert request.on is not None, "without a date it was refused"
        ends_at = request.on
    elif time is CancellationTime.END_OF_BILLING_PERIOD:
        ends_at = next_boundary(subscription, Schedule.END_OF_BILLING_PERIOD, at)
    is_prorated = request.is_prorated
    if is_prorated is None and settings is not None and ends_at > at:
        is_prorated = settings.prorate_at_end_of_billing_period
    return replace(
        subscription,
        ends_at=ends_at,
        canceled_at=at,
        end_reason=EndReason.IMMEDIATE if ends_at <= at else EndReason.SCHEDULED,
        is_prorated=bool(is_prorated),
    )


def _problems(
    subscription: Subscription, request: UpdateRequest, offer: Offer | None, at: datetime
) -> Iterator[Problem]:
    if offer is not None:
        if not isinstance(request.addons, Keep):
            yield from addon_problems(offer, request.addons)
        if not isinstance(request.units, Keep):
            yield from unit_problems(offer, request.units)
        if not isinstance(request.overrides, Keep):
            yield from override_problems(offer, request.overrides)
        period, periods = request.billing_period, offer.periods()
        if not isinstance(period, Keep) and period not in periods:
            expected = " or ".join(periods) or "nothing: the plan has no charges"
            yield Problem("BillingPeriodNotOffered", "billingPeriod", period, expected)
    if not isinstance(request.trial_ends_at, Keep):
        if not subscription.is_trial(at):
            expected = "nothing: it is no trial, or the trial is over"
            shown = request.trial_ends_at.isoformat()
            yield Problem("NotATrial", "trialEndDate", shown, expected)
        elif request.trial_ends_at <= subscription.starts_at:
            expected = f"after its start, {subscription.starts_at.isoformat()}"
            shown = request.trial_ends_at.isoformat()
            yield Problem("EndsTooSoon", "trialEndDate", shown, expected)
    ends_at = request.ends_at
    if isinstance(ends_at, datetime) and ends_at <= max(subscription.starts_at, at):
        expected = f"after {max(subscription.starts_at, at).isoformat()}"
        yield Problem("EndsTooSoon", "cancellationDate", ends_at.isoformat(), expected)


def _anchor_problems(request: UpdateRequest, unless: str) -> Iterator[Problem]:
    """Periods are counted anew from where a change takes effect at once, and nowhere else."""
    if request.is_anchor_now:
        yield Problem("InvalidAnchor", "billingCycleAnchor", "NOW", f"UNCHANGED, unless {unless}")


def _terms(
    before: Terms,
    request: UpdateRequest,
    offer: Offer | None,
    coupon: Coupon | None,
    at: datetime,
) -> Terms:
    fields = {
        "units": request.units,
        "overrides": request.overrides,
        "prices": request.prices,
        "minimum_spend": request.minimum_spend,
        "budget": request.budget,
        "billing_period": request.billing_period,
        "country": request.country,
    }
    changes: dict[str, object] = {name: new for name, new in fields.items() if new is not KEEP}
    if not isinstance(request.addons, Keep) and offer is not None:
        changes["addons"] = tuple(
            AddonQuantity(addon_id, _version(before, offer, addon_id), quantity)
            for addon_id, quantity in request.addons
        )
    if not isinstance(request.units, Keep):
        named = {each.feature_id for each in request.units}
        kept = (each for each in before.units if each.feature_id not in named)
        changes["units"] = (*request.units, *kept)
    if not isinstance(request.coupon, Keep):
        changes["coupon"] = applied_coupon(request.coupon, coupon, at)
    after = replace(before, **changes)  # type: ignore[arg-type]
    if offer is not None and after.billing_period is not before.billing_period:
        payable = currencies(offer.plan, after.billing_period, after.country)
        if after.currency not in payable:
            after = replace(after, currency=next(iter(payable), None))
    return after


def _version(before: Terms, offer: Offer, addon_id: PackageId) -> int:
    """The version it has already; of an add-on that is new, the published one."""
    held = {each.id: each.version for each in before.addons}
    found = held.get(addon_id)
    return offer.addons[addon_id].version if found is None else found


def _with_dates(subscription: Subscription, request: UpdateRequest, at: datetime) -> Subscription:
    changed = subscription
    if not isinstance(request.days_until_due, Keep):
        changed = replace(changed, days_until_due=request.days_until_due)
    if not isinstance(request.trial_ends_at, Keep):
        moved = request.trial_ends_at
        ends = subscription.trial_end is TrialEnd.CANCEL_SUBSCRIPTION
        changed = replace(
            changed,
            trial_ends_at=moved,
            anchor=moved,
            ends_at=moved if ends else changed.ends_at,
        )
    if request.ends_at is None:
        is_trial_end = changed.end_reason is EndReason.TRIAL_ENDED
        if not is_trial_end:
            changed = replace(changed, ends_at=None, canceled_at=None, end_reason=None)
    elif not isinstance(request.ends_at, Keep):
        reason = EndReason.SCHEDULED
        changed = replace(changed, ends_at=request.ends_at, canceled_at=at, end_reason=reason)
    return changed


def _effective_at(
    subscription: Subscription, request: UpdateRequest, *, is_less: bool, at: datetime
) -> datetime:
    if subscription.starts_at > at:
        return subscription.starts_at
    if request.schedule is not None:
        return next_boundary(subscription, request.schedule, at)
    if not is_less or subscription.is_trial(at):
        return at
    return next_boundary(subscription, Schedule.END_OF_BILLING_PERIOD, at)


def _cancel_problems(
    subscription: Subscription, request: CancelRequest, time: CancellationTime, at: datetime
) -> Iterator[Problem]:
    is_period_end = time is CancellationTime.END_OF_BILLING_PERIOD
    if is_period_end and subscription.pricing_type is PricingType.CUSTOM:
        expected = "IMMEDIATE or SPECIFIC_DATE: a custom plan is billed by its contract"
        yield Problem("InvalidCancellation", "cancellationTime", time, expected)
    is_dated = time is CancellationTime.SPECIFIC_DATE
    if is_dated and (request.on is None or request.on <= at):
        shown = "" if request.on is None else request.on.isoformat()
        expected = "an instant that is still to come"
        yield Problem("InvalidCancellation", "endDate", shown, expected)
    if not is_dated and request.on is not None:
        expected = "nothing, unless cancellationTime is SPECIFIC_DATE"
        yield Problem("InvalidCancellation", "endDate", request.on.isoformat(), expected)
