"""Usage that something bills is billed by nothing else at the same time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.subscriptions.selling import addon, by_use, sold
from tests.domain.subscriptions.test_billing import BERLIN, at, subscription, version
from usance.domain.ids import CustomerId, FeatureId
from usance.domain.plans.package import PricingType
from usance.domain.subscriptions.billed_once import BilledUsage, billed_twice, billed_usage
from usance.domain.subscriptions.subscription import CollectionMethod
from usance.domain.subscriptions.terms import AddonQuantity, Terms

DAY = datetime(2025, 1, 1, tzinfo=UTC)
RESOURCES = ("berlin", "kyoto")
usages = st.builds(
    lambda by, feature, resource, start, days: BilledUsage(
        by=by,
        customer_id=CustomerId("c"),
        resource_id=resource,
        feature_id=FeatureId(feature),
        start=DAY + timedelta(days=start),
        end=DAY + timedelta(days=start + days),
    ),
    st.sampled_from("ab"),
    st.sampled_from(["calls", "storage"]),
    st.sampled_from([None, *RESOURCES]),
    st.integers(0, 9),
    st.integers(0, 9),
)


def counts(usage: BilledUsage) -> set[tuple[str, str, int]]:
    """Feature, resource and day of each use that it bills."""
    days = range((usage.start - DAY).days, (usage.end - DAY).days)
    resources = RESOURCES if usage.resource_id is None else (usage.resource_id,)
    return {(usage.feature_id, each, day) for each in resources for day in days}


@given(usages, usages)
def test_two_meet_exactly_where_some_use_is_billed_by_both(
    one: BilledUsage, other: BilledUsage
) -> None:
    is_both = one.by != other.by and bool(counts(one) & counts(other))
    assert one.meets(other) is other.meets(one) is is_both
    assert bool(list(billed_twice([one], [other]))) is is_both


@given(usages, st.integers(0, 20))
def test_what_is_left_from_a_day_on_are_the_uses_of_then(usage: BilledUsage, day: int) -> None:
    left = usage.since(DAY + timedelta(days=day))
    after = {each for each in counts(usage) if each[2] >= day}
    assert (set() if left is None else counts(left)) == after


def test_usage_is_billed_by_the_terms_of_its_days() -> None:
    priced = Terms(
        plan_version=1,
        addons=(AddonQuantity(addon().id, 1, 2),),
        billing_period=by_use().period,
        currency="EUR",
    )
    made = subscription(
        at("2025-01-10T12:00"),
        version(2, at("2025-01-20T12:00"), terms=priced),
        ends_at=at("2025-02-05T12:00"),
    )
    of = {1: sold(), 2: sold(addons=((addon(by_use()), 2),))}
    [usage] = billed_usage(made, of, BERLIN)
    assert (usage.start, usage.end) == (at("2025-01-19T23:00"), at("2025-02-04T23:00"))
    assert (usage.by, usage.path, usage.value) == ("subscription s", "addons[0].id", "extra")
    elsewhere = subscription(at("2025-01-10T12:00"), collection=CollectionMethod.NONE)
    assert list(billed_usage(elsewhere, of, BERLIN)) == []
    custom = {1: sold(by_use(), type=PricingType.CUSTOM)}
    assert list(billed_usage(subscription(at("2025-01-10T12:00")), custom, BERLIN)) == []
    assert list(billed_usage(subscription(at("2025-01-10T12:00")), {}, BERLIN)) == []


def test_what_is_in_the_way_is_told_once_with_its_days_and_whose_it_is() -> None:
    own = BilledUsage(
        by="subscription new",
        customer_id=CustomerId("c"),
        resource_id=None,
        feature_id=FeatureId("calls"),
        start=DAY,
        path="planId",
        value="p",
    )
    there = BilledUsage(
        by="subscription old",
        customer_id=CustomerId("c"),
        resource_id="berlin",
        feature_id=FeatureId("calls"),
        start=DAY,
        end=DAY + timedelta(days=3),
    )
    [problem] = billed_twice([own, own], [there])
    assert (problem.code, problem.path, problem.value) == ("UsageBilledTwice", "planId", "p")
    assert problem.expected == (
        "nothing that charges for the usage of calls: subscription old bills the usage of resource "
        "berlin from 2025-01-01T00:00:00+00:00 until 2025-01-04T00:00:00+00:00, and it would be "
        "billed twice"
    )
