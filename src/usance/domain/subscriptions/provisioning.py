"""Provisioning: what somebody asks for and what is there become a subscription, or are refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from usance.domain.errors import Conflict, Problem, refuse_if
from usance.domain.plans.charges import BillingPeriod
from usance.domain.plans.coupon import Coupon
from usance.domain.plans.package import Package, PricingType, TrialEnd
from usance.domain.plans.product import EndSetup, Product, ResetCutoff
from usance.domain.subscriptions.agreed_problems import agreed_problems
from usance.domain.subscriptions.offer import (
    Offer,
    addon_problems,
    currencies,
    is_lower,
    monthly_amount,
    override_problems,
    unit_problems,
)
from usance.domain.subscriptions.periods import UTC_ZONE, next_boundary, trial_end
from usance.domain.subscriptions.requests import CouponRequest, ProvisionRequest, Schedule
from usance.domain.subscriptions.subscription import (
    ChangeKind,
    EndReason,
    Subscription,
    Version,
)
from usance.domain.subscriptions.terms import AddonQuantity, AppliedCoupon, Terms, UnitQuantity
from usance.domain.subscriptions.trials import may_start_trial


class SubscriptionExists(Conflict):
    """There is one of that id, of another customer or plan."""

    code = "SubscriptionExists"

    def __init__(self, subscription_id: str) -> None:
        super().__init__(f"There is a subscription {subscription_id} already; choose another id.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is there when somebody asks for a subscription.

    `held`: all that the customer has or had of the product and the resource. `held_offer`: that of
    the one that runs, to compare. `end_plan`: the plan that the product falls back to at an end.
    `coupon`: the one that was asked for, or the customer's.
    """

    offer: Offer
    held: Sequence[Subscription] = ()
    held_offer: Offer | None = None
    end_plan: Package | None = None
    coupon: Coupon | None = None
    billing_currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioning:
    """A new subscription; the one it takes the place of; and the one that follows on its end."""

    new: Subscription
    replaced: Subscription | None = None
    follower: Subscription | None = None


def provisioned(
    request: ProvisionRequest, there: Circumstances, *, ids: tuple[str, str], at: datetime
) -> Provisioning:
    """The subscription that is asked for. `ids`: its own, unless it was named, and a follower's.

    Raises Invalid with every problem, each by its path in the request.
    """
    refuse_if(list(_problems(request, there)))
    running = running_of(there.held, at)
    terms = _terms(request, there, at)
    refuse_if(list(agreed_problems(terms, there.offer)))
    starts_at = _start(request, there, terms, running, at)
    trial_ends_at, at_end = _trial(request, there, starts_at)
    ends_at = request.ends_at
    if at_end is TrialEnd.CANCEL_SUBSCRIPTION:
        assert trial_ends_at is not None, "a trial ends"
        ends_at = trial_ends_at if ends_at is None else min(ends_at, trial_ends_at)
    is_to_end = request.ends_at is not None and ends_at == request.ends_at
    plan = there.offer.plan
    assert plan.pricing.type is not None, "a published plan says how it is paid"
    if trial_ends_at is not None and terms.budget is None and plan.trial is not None:
        terms = replace(terms, budget=plan.trial.budget)
    is_trial_over_paid = trial_ends_at is not None and running is not None
    replaced = None if is_trial_over_paid and not _runs_as_trial(running, at) else running
    new = Subscription(
        id=request.id or ids[0],
        customer_id=request.customer_id,
        plan_id=plan.id,
        product_id=plan.product_id,
        pricing_type=plan.pricing.type,
        starts_at=starts_at,
        anchor=_anchor(request, replaced, terms, trial_ends_at or starts_at),
        usage_anchor=_usage_anchor(replaced, there, terms, starts_at),
        versions=(
            Version(
                number=1,
                effective_at=starts_at,
                terms=terms,
                created_at=at,
                proration=request.proration,
                changes=_scheduled_as(there, terms, replaced, starts_at, at=at),
            ),
        ),
        ends_at=ends_at,
        trial_ends_at=trial_ends_at,
        trial_end=at_end,
        canceled_at=at if is_to_end else None,
        end_reason=_end_reason(ends_at, is_to_end=is_to_end),
        days_until_due=request.days_until_due,
        paying_customer_id=request.paying_customer_id,
        resource_id=request.resource_id,
        contract_id=request.contract_id,
        collection=request.collection,
        follows=None if replaced is None else replaced.id,
    )
    fallback = there.end_plan if running is None or replaced is running else None
    return Provisioning(
        new=new,
        replaced=replaced,
        follower=follower_of(new, there.offer.product, fallback, id=ids[1], at=at),
    )


def follower_of(
    ending: Subscription, product: Product, end_plan: Package | None, *, id: str, at: datetime
) -> Subscription | None:
    """The free subscription that starts when this one ends, where the product says so.

    None when it does not end, or its product falls back to nothing, or to the plan it is of.
    """
    settings, plan = product.settings, end_plan
    if ending.ends_at is None or settings is None or plan is None:
        return None
    if settings.end_setup is not EndSetup.DOWNGRADE_TO_FREE or plan.id == ending.plan_id:
        return None
    assert plan.pricing.type is not None, "a published plan says how it is paid"
    starts_at = ending.ends_at
    version = Version(
        number=1,
        effective_at=starts_at,
        terms=Terms(plan_version=plan.version),
        created_at=at,
        changes=(ChangeKind.DOWNGRADE,),
    )
    return Subscription(
        id=id,
        customer_id=ending.customer_id,
        plan_id=plan.id,
        product_id=plan.product_id,
        pricing_type=plan.pricing.type,
        starts_at=starts_at,
        anchor=starts_at,
        versions=(version,),
        resource_id=ending.resource_id,
        follows=ending.id,
    )


def running_of(held: Sequence[Subscription], at: datetime) -> Subscription | None:
    """Of what the customer has of a product what runs: what is paid for before a trial."""
    running = [each for each in held if each.is_running(at)]
    return next(iter(sorted(running, key=lambda each: each.is_trial(at))), None)


def applied_coupon(
    request: CouponRequest | None, coupon: Coupon | None, at: datetime
) -> AppliedCoupon | None:
    """What comes off, from now or the instant asked for; None when nothing does."""
    start = at if request is None or request.starts_at is None else request.starts_at
    if coupon is not None:
        percent = None if coupon.percent_off is None else Decimal(coupon.percent_off)
        return AppliedCoupon(
            id=coupon.id,
            name=coupon.name,
            applied_at=start,
            percent_off=percent,
            amounts_off=tuple((m.currency.code, m.amount) for m in coupon.amounts_off),
            duration_months=coupon.duration_months,
        )
    if request is None or (request.percent_off is None and not request.amounts_off):
        return None
    return AppliedCoupon(
        id=None,
        name=request.name or "Discount",
        applied_at=start,
        percent_off=request.percent_off,
        amounts_off=request.amounts_off,
        duration_months=request.duration_months,
    )


def _problems(request: ProvisionRequest, there: Circumstances) -> Iterator[Problem]:
    offer = there.offer
    yield from addon_problems(offer, request.addons)
    yield from unit_problems(offer, request.units)
    yield from override_problems(offer, request.overrides)
    if request.unit_quantity is not None and len(offer.by_unit()) != 1:
        expected = "nothing, unless exactly one charge is by unit; `charges` names them"
        yield Problem("InvalidQuantity", "unitQuantity", str(request.unit_quantity), expected)
    periods = offer.periods()
    if request.billing_period is not None and periods and request.billing_period not in periods:
        expected = " or ".join(periods)
        yield Problem("BillingPeriodNotOffered", "billingPeriod", request.billing_period, expected)
    start, end = request.starts_at, request.ends_at
    if end is not None and start is not None and end <= start:
        yield Problem("EndsTooSoon", "cancellationDate", end.isoformat(), f"after {start}")
    trial = request.trial
    if trial is not None and trial.is_trial:
        path = "trialOverrideConfiguration"
        if offer.plan.pricing.type is PricingType.FREE:
            expected = "false: what costs nothing needs no trial"
            yield Problem("TrialOfFreePlan", f"{path}.isTrial", "true", expected)
        if trial.ends_at is None and offer.plan.trial is None:
            expected = "an instant, for the plan does not say how long a trial is"
            yield Problem("InvalidTrial", f"{path}.trialEndDate", "", expected)
    if request.contract_id is not None and offer.plan.pricing.type is not PricingType.CUSTOM:
        expected = "a plan whose pricingType is CUSTOM: the contract says what it costs"
        yield Problem("PlanNotCustom", "planId", offer.plan.id, expected)


def _terms(request: ProvisionRequest, there: Circumstances, at: datetime) -> Terms:
    offer = there.offer
    addons = tuple(
        AddonQuantity(addon_id, offer.addons[addon_id].version, quantity)
        for addon_id, quantity in request.addons
    )
    period = request.billing_period or next(iter(offer.periods()), None)
    if offer.plan.pricing.type is not PricingType.PAID:
        period = None if not offer.periods() else period
    payable = currencies(offer.plan, period, request.country)
    wanted = there.billing_currency
    currency = wanted if wanted in payable else next(iter(payable), None)
    return Terms(
        plan_version=offer.plan.version,
        addons=addons,
        units=_units(request, offer),
        overrides=request.overrides,
        prices=request.prices,
        billing_period=period,
        currency=currency,
        country=request.country,
        coupon=applied_coupon(request.coupon, there.coupon, at),
        minimum_spend=request.minimum_spend,
        budget=request.budget,
    )


def _units(request: ProvisionRequest, offer: Offer) -> tuple[UnitQuantity, ...]:
    """As ordered; of what was not named the least that may be."""
    named = {each.feature_id: each for each in request.units}
    least = {
        charge.feature_id: Decimal(max(charge.min_units or 0, 1))
        for charge in reversed(list(offer.charges()))
        if charge.feature_id is not None
    }
    units = list(request.units)
    for feature_id in offer.by_unit():
        if feature_id not in named:
            quantity = least[feature_id] if request.unit_quantity is None else request.unit_quantity
            units.append(UnitQuantity(feature_id, quantity))
    return tuple(units)


def _start(
    request: ProvisionRequest,
    there: Circumstances,
    terms: Terms,
    running: Subscription | None,
    at: datetime,
) -> datetime:
    """Now, unless asked otherwise: a trial is let run out, and what was paid for used up."""
    if request.starts_at is not None:
        return request.starts_at
    if running is None or request.schedule is Schedule.IMMEDIATE:
        return at
    is_new_trial = request.trial is not None and request.trial.is_trial
    if running.is_trial(at):
        assert running.trial_ends_at is not None, "it is a trial"
        is_same_plan = running.plan_id == there.offer.plan.id
        return at if is_new_trial or not is_same_plan else running.trial_ends_at
    if request.schedule is None and (is_new_trial or not _is_downgrade(there, terms, running, at)):
        return at
    if running.ends_at is not None and running.canceled_at is not None:
        return running.ends_at
    return next_boundary(running, request.schedule or Schedule.END_OF_BILLING_PERIOD, at)


def _scheduled_as(
    there: Circumstances,
    terms: Terms,
    replaced: Subscription | None,
    starts_at: datetime,
    *,
    at: datetime,
) -> tuple[ChangeKind, ...]:
    """What a plan that is to take another's place is to the customer; nothing of one at once."""
    if replaced is None or starts_at <= at:
        return ()
    is_lower_plan = _is_downgrade(there, terms, replaced, at)
    return (ChangeKind.DOWNGRADE,) if is_lower_plan else (ChangeKind.PLAN,)


def _is_downgrade(there: Circumstances, terms: Terms, running: Subscription, at: datetime) -> bool:
    """True when it costs less than what runs, or what runs inherits from it.

    What a custom plan costs is agreed elsewhere: who signs for one does not wait for it.
    """
    if running.pricing_type is not PricingType.PAID or there.held_offer is None:
        return False
    if is_lower(there.held_offer.plan, there.offer.plan):
        return True
    if there.offer.plan.pricing.type is PricingType.CUSTOM:
        return False
    before = monthly_amount(there.held_offer, running.version_at(at).terms)
    return monthly_amount(there.offer, terms) < before


def _trial(
    request: ProvisionRequest, there: Circumstances, starts_at: datetime
) -> tuple[datetime | None, TrialEnd | None]:
    """Until when it is a trial, and what follows; by the plan unless the request says otherwise."""
    asked, plan = request.trial, there.offer.plan
    if asked is not None and not asked.is_trial:
        return None, None
    if asked is None and (plan.trial is None or not _may_try(there)):
        return None, None
    ends_at = None if asked is None else asked.ends_at
    if ends_at is None:
        assert plan.trial is not None, "without a length it was refused"
        ends_at = trial_end(starts_at, plan.trial, UTC_ZONE)
    at_end = None if asked is None else asked.at_end
    at_end = at_end or (plan.trial and plan.trial.at_end) or TrialEnd.CONVERT_TO_PAID
    return ends_at, at_end


def _may_try(there: Circumstances) -> bool:
    """One trial of a product that was never paid for, unless somebody who sells it says more."""
    return may_start_trial(
        trials_before=sum(each.trial_ends_at is not None for each in there.held),
        has_paid_before=any(each.pricing_type is not PricingType.FREE for each in there.held),
        is_self_serve=True,
    )


def _runs_as_trial(running: Subscription | None, at: datetime) -> bool:
    return running is not None and running.is_trial(at)


def _anchor(
    request: ProvisionRequest, replaced: Subscription | None, terms: Terms, start: datetime
) -> datetime:
    """Periods go on as they were when they are as long as before, and nobody wants others."""
    if replaced is None or request.is_anchor_now:
        return start
    before = replaced.version_at(start).terms.billing_period
    is_same = before is not None and before is terms.billing_period
    is_paid = replaced.pricing_type is PricingType.PAID and not replaced.is_trial(start)
    return replaced.anchor if is_same and is_paid else start


def _usage_anchor(
    replaced: Subscription | None, there: Circumstances, terms: Terms, start: datetime
) -> datetime:
    """Windows of usage go on as they were, unless the product says that usage starts anew."""
    if replaced is None:
        return start
    before = replaced.version_at(start).terms.billing_period
    if is_usage_reset(there.offer.product.reset_cutoff, before, terms.billing_period):
        return start
    return replaced.usage_anchor or replaced.starts_at


def is_usage_reset(
    rule: ResetCutoff, before: BillingPeriod | None, after: BillingPeriod | None
) -> bool:
    """True when usage counts from zero after a change."""
    if rule is ResetCutoff.BILLING_PERIOD_CHANGE:
        return before is not after
    return rule is ResetCutoff.ALWAYS_RESET


def _end_reason(ends_at: datetime | None, *, is_to_end: bool) -> EndReason | None:
    if ends_at is None:
        return None
    return EndReason.SCHEDULED if is_to_end else EndReason.TRIAL_ENDED


def change_kinds(before: Terms, after: Terms) -> tuple[ChangeKind, ...]:
    """What differs between two versions, by the reference's names."""
    pairs = (
        (ChangeKind.BILLING_PERIOD, before.billing_period, after.billing_period),
        (ChangeKind.UNIT_AMOUNT, before.units, after.units),
        (ChangeKind.PRICE_OVERRIDE, before.prices, after.prices),
        (ChangeKind.ADDON, before.addons, after.addons),
        (ChangeKind.COUPON, before.coupon, after.coupon),
        (ChangeKind.MIGRATE_TO_LATEST, before.plan_version, after.plan_version),
    )
    return tuple(kind for kind, old, new in pairs if old != new)
