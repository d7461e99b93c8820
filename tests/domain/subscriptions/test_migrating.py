"""Migrating to the versions published last, and which subscriptions a contract covers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.subscriptions.test_subscription import START, instants, one, subscriptions
from usance.domain.ids import ContractId, CustomerId, FeatureId, PackageId, ProductId
from usance.domain.plans.charges import BillingModel, BillingPeriod, Charge
from usance.domain.plans.package import Package, PackageKind, PackagePricing, PricingType
from usance.domain.plans.product import Product
from usance.domain.subscriptions.covering import covered_by, linking_problems
from usance.domain.subscriptions.migrating import (
    is_latest,
    is_replaced,
    migrated,
    migrated_terms,
    replacement_request,
)
from usance.domain.subscriptions.offer import Offer
from usance.domain.subscriptions.requests import Schedule
from usance.domain.subscriptions.subscription import (
    ChangeKind,
    Subscription,
    Version,
    in_force,
)
from usance.domain.subscriptions.terms import AddonQuantity, Terms, UnitQuantity

SEATS = FeatureId("seats")
DAY = timedelta(days=1)
NEW = 9  # the version published last


def fee(period: BillingPeriod = BillingPeriod.MONTHLY, currency: str = "EUR") -> Charge:
    return Charge(
        id=f"fee-{period}-{currency}",
        created_at=START,
        model=BillingModel.FLAT_FEE,
        period=period,
        currency=currency,
        amount=Decimal(10),
    )


def by_seat(least: int) -> Charge:
    return replace(
        fee(), id="seats", model=BillingModel.PER_UNIT, feature_id=SEATS, min_units=least
    )


def latest(*charges: Charge, kind: PricingType = PricingType.PAID, **addons: int) -> Offer:
    """The plan as it is sold now, with add-ons in those versions."""
    plan = Package(
        kind=PackageKind.PLAN,
        id=PackageId("team"),
        product_id=ProductId("platform"),
        version=NEW,
        display_name="Team",
        pricing=PackagePricing(type=kind, charges=charges),
    )
    found = {
        PackageId(name): replace(plan, kind=PackageKind.ADDON, id=PackageId(name), version=version)
        for name, version in addons.items()
    }
    product = Product(id=ProductId("platform"), display_name="Platform")
    return Offer(plan=plan, product=product, addons=found)


@given(subscriptions(), instants, st.sampled_from(Schedule))
def test_after_it_every_instant_from_then_on_is_of_the_latest_version_and_none_before_is_touched(
    held: Subscription, at: datetime, schedule: Schedule
) -> None:
    offer = latest(fee())
    after, added = migrated(held, offer, schedule, at=at)
    start = min(v.effective_at for v in added if v.terms.plan_version == NEW)
    kept = tuple(v for v in held.versions if v.effective_at <= at or v.number == 1)
    moved = replace(after, versions=(*kept, *added))
    assert start >= at
    for days in range(0, 900, 30):
        then = at + timedelta(days=days)
        terms = moved.version_at(then).terms
        if then >= max(start, held.starts_at):
            assert terms.plan_version == NEW
        else:
            assert terms == in_force(held.versions, then).terms
    numbers = [version.number for version in moved.versions]
    assert len(set(numbers)) == len(numbers)


@given(subscriptions())
def test_who_is_of_the_latest_version_stays_so(held: Subscription) -> None:
    offer = latest(fee())
    for version in held.versions:
        once = migrated_terms(version.terms, offer)
        assert is_latest(once, offer.plan, offer.addons)
        assert migrated_terms(once, offer) == once


def test_what_was_ordered_stays_and_what_is_new_is_had_at_the_least() -> None:
    terms = Terms(
        plan_version=1,
        billing_period=BillingPeriod.ANNUALLY,
        currency="USD",
        units=(UnitQuantity(FeatureId("gone"), Decimal(4)),),
        addons=(AddonQuantity(PackageId("old"), 3, 2), AddonQuantity(PackageId("more"), 1, 1)),
    )
    found = migrated_terms(terms, latest(fee(), by_seat(3), more=5))
    assert (found.billing_period, found.currency) == (BillingPeriod.MONTHLY, "EUR")
    assert found.units == (UnitQuantity(SEATS, Decimal(3)),)
    assert [(each.id, each.version, each.quantity) for each in found.addons] == [
        ("old", 3, 2),
        ("more", 5, 1),
    ]
    ordered = replace(terms, units=(UnitQuantity(SEATS, Decimal(8)),))
    assert migrated_terms(ordered, latest(fee(), by_seat(3))).units == ordered.units


def test_what_was_scheduled_stays_scheduled() -> None:
    held = one()
    more = replace(held.versions[0].terms, units=(UnitQuantity(SEATS, Decimal(5)),))
    later = Version(
        number=2,
        effective_at=START + 20 * DAY,
        terms=more,
        created_at=START,
        changes=(ChangeKind.UNIT_AMOUNT,),
    )
    held = replace(held, versions=(*held.versions, later))
    offer = latest(fee(), by_seat(1))
    _, added = migrated(held, offer, Schedule.IMMEDIATE, at=START + DAY)
    assert [(v.effective_at, v.terms.units_of(SEATS)) for v in added] == [
        (START + DAY, Decimal(2)),
        (START + 20 * DAY, Decimal(5)),
    ]
    assert {v.terms.plan_version for v in added} == {NEW}
    assert added[1].changes == (ChangeKind.UNIT_AMOUNT,)


@pytest.mark.parametrize("before", PricingType)
@pytest.mark.parametrize("after", PricingType)
def test_the_matrix_of_the_reference(before: PricingType, after: PricingType) -> None:
    held = one(pricing_type=before)
    offer = latest(*([fee()] if after is PricingType.PAID else []), kind=after)
    another = {
        (PricingType.FREE, PricingType.PAID),
        (PricingType.FREE, PricingType.CUSTOM),
        (PricingType.CUSTOM, PricingType.PAID),
    }
    is_another = (before, after) in another
    assert is_replaced(held, offer.plan, Schedule.IMMEDIATE) is is_another
    at_the_end = is_replaced(held, offer.plan, Schedule.END_OF_BILLING_PERIOD)
    assert at_the_end is (before is not after)


def test_a_replacement_asks_for_what_was_held() -> None:
    trial_ends_at = START + 9 * DAY
    held = one(
        pricing_type=PricingType.CUSTOM,
        trial_ends_at=trial_ends_at,
        resource_id="site",
        contract_id=ContractId("k"),
    )
    asked = replacement_request(held, latest(fee()), Schedule.IMMEDIATE, at=START)
    assert (asked.customer_id, asked.plan_id, asked.resource_id) == ("c1", "team", "site")
    assert asked.contract_id is None, "what is paid for is billed by itself"
    assert asked.trial is not None
    assert (asked.trial.is_trial, asked.trial.ends_at) == (True, trial_ends_at)
    free = replacement_request(held, latest(kind=PricingType.FREE), Schedule.IMMEDIATE, at=START)
    assert free.trial is not None
    assert not free.trial.is_trial
    ahead = one(starts_at=START + 9 * DAY)
    assert replacement_request(ahead, latest(fee()), Schedule.IMMEDIATE, at=START).starts_at == (
        START + 9 * DAY
    )


def test_a_contract_covers_a_product_once_for_its_own_customer() -> None:
    app = one(pricing_type=PricingType.CUSTOM, product_id=ProductId("app"))
    contract, owner = ContractId("k"), CustomerId("c1")
    covered = covered_by([app, one(id="over", product_id=ProductId("x"), ends_at=START)], START)
    assert covered == {"app": "s1"}
    assert list(linking_problems(app, contract, owner, covered, at=START)) == []
    wrong = replace(
        app,
        id="s2",
        pricing_type=PricingType.PAID,
        contract_id=ContractId("other"),
        ends_at=START,
    )
    found = linking_problems(wrong, contract, CustomerId("c2"), covered, at=START)
    assert [each.code for each in found] == [
        "SubscriptionOfAnotherCustomer",
        "SubscriptionNotCustom",
        "SubscriptionOver",
        "SubscriptionOnContract",
        "ProductCovered",
    ]
