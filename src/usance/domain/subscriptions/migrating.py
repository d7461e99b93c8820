"""Migrating: a subscription goes over to the version of its plan and add-ons published last.

Where the plan is paid for in another way by now, the reference's matrix says what becomes of it:
from FREE to PAID or CUSTOM, and from CUSTOM to PAID, another subscription takes its place; from
PAID to FREE or CUSTOM, and from CUSTOM to FREE, it is changed in place. What is in place changes at
once only: at the end of a period another subscription takes its place in any case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from usance.domain.ids import PackageId
from usance.domain.plans.charges import BillingModel
from usance.domain.plans.package import Package, PricingType
from usance.domain.subscriptions.offer import Offer, currencies
from usance.domain.subscriptions.periods import next_boundary
from usance.domain.subscriptions.requests import ProvisionRequest, Schedule, TrialRequest
from usance.domain.subscriptions.subscription import ChangeKind, Subscription, Version, in_force
from usance.domain.subscriptions.terms import AddonQuantity, Terms, UnitQuantity

IN_PLACE = frozenset(
    [
        (PricingType.PAID, PricingType.FREE),
        (PricingType.PAID, PricingType.CUSTOM),
        (PricingType.CUSTOM, PricingType.FREE),
    ]
)


def is_latest(terms: Terms, plan: Package, addons: Mapping[PackageId, Package]) -> bool:
    """True when those terms are of the versions published last already."""
    newer = (each for each in terms.addons if _latest(each, addons) != each)
    return terms.plan_version == plan.version and next(newer, None) is None


def is_replaced(subscription: Subscription, plan: Package, schedule: Schedule) -> bool:
    """True when another subscription takes its place."""
    after = plan.pricing.type
    if after is None or after is subscription.pricing_type:
        return False
    is_now = schedule is Schedule.IMMEDIATE
    return not is_now or (subscription.pricing_type, after) not in IN_PLACE


def migrated(
    subscription: Subscription, latest: Offer, schedule: Schedule, *, at: datetime
) -> tuple[Subscription, list[Version]]:
    """The subscription, and the versions to add after all that were scheduled is called off.

    What was scheduled for later stays so, of the new version of the plan.
    """
    start = max(next_boundary(subscription, schedule, at), subscription.starts_at)
    terms = migrated_terms(in_force(subscription.versions, start).terms, latest)
    changes = (ChangeKind.MIGRATE_TO_LATEST,) if start > at else ()
    number = subscription.versions[-1].number
    versions = []
    for each in subscription.scheduled(at):
        later = each if each.effective_at < start else _of_latest(each, latest)
        if each.effective_at != start:
            number += 1
            versions.append(replace(later, number=number, created_at=at))
    number += 1
    versions.append(
        Version(number=number, effective_at=start, terms=terms, created_at=at, changes=changes)
    )
    versions.sort(key=lambda each: (each.effective_at, each.number))
    kind = latest.plan.pricing.type or subscription.pricing_type
    return replace(subscription, pricing_type=kind), versions


def migrated_terms(terms: Terms, latest: Offer) -> Terms:
    """The same terms of the versions published last; what is not sold any more is left out."""
    plan = latest.plan
    if plan.pricing.type is PricingType.FREE:
        return Terms(plan_version=plan.version, overrides=terms.overrides, budget=terms.budget)
    periods = latest.periods()
    period = terms.billing_period
    if period not in periods:
        period = next(iter(periods), None)
    payable = currencies(plan, period, terms.country)
    currency = terms.currency
    if currency not in payable:
        currency = next(iter(payable), None)
    return replace(
        terms,
        plan_version=plan.version,
        addons=tuple(_latest(each, latest.addons) for each in terms.addons),
        units=tuple(_units(terms, latest)),
        billing_period=period,
        currency=currency,
    )


def replacement_request(
    subscription: Subscription, latest: Offer, schedule: Schedule, *, at: datetime
) -> ProvisionRequest:
    """What to provision in the place of one that changes how it is paid for."""
    terms = migrated_terms(subscription.version_at(at).terms, latest)
    is_paid = latest.plan.pricing.type is PricingType.PAID
    is_trial = subscription.is_trial(at) and latest.plan.pricing.type is not PricingType.FREE
    return ProvisionRequest(
        customer_id=subscription.customer_id,
        plan_id=subscription.plan_id,
        resource_id=subscription.resource_id,
        paying_customer_id=subscription.paying_customer_id,
        addons=tuple((each.id, each.quantity) for each in terms.addons),
        units=terms.units,
        overrides=terms.overrides,
        prices=terms.prices,
        minimum_spend=terms.minimum_spend,
        budget=terms.budget,
        billing_period=terms.billing_period,
        country=terms.country,
        trial=TrialRequest(
            is_trial=is_trial,
            ends_at=subscription.trial_ends_at if is_trial else None,
            at_end=subscription.trial_end if is_trial else None,
        ),
        starts_at=subscription.starts_at if subscription.starts_at > at else None,
        schedule=schedule,
        collection=subscription.collection,
        days_until_due=subscription.days_until_due,
        contract_id=None if is_paid else subscription.contract_id,
    )


def _of_latest(version: Version, latest: Offer) -> Version:
    return replace(version, terms=migrated_terms(version.terms, latest))


def _latest(held: AddonQuantity, addons: Mapping[PackageId, Package]) -> AddonQuantity:
    """In the version published last; of one that is not sold any more in the one it has."""
    found = addons.get(held.id)
    return held if found is None else replace(held, version=max(found.version, held.version))


def _units(terms: Terms, latest: Offer) -> Iterator[UnitQuantity]:
    """As ordered, of what is still sold by unit; of what is new the least that may be."""
    least = {
        charge.feature_id: Decimal(max(charge.min_units or 0, 1))
        for charge in reversed(list(latest.charges()))
        if charge.model is BillingModel.PER_UNIT
    }
    for feature_id in latest.by_unit():
        ordered = terms.units_of(feature_id)
        yield UnitQuantity(feature_id, least[feature_id] if ordered is None else ordered)
