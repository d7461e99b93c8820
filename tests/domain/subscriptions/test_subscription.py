"""What a subscription is at any instant, and what its changes leave alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.errors import Invalid
from usance.domain.ids import CustomerId, FeatureId, PackageId, ProductId
from usance.domain.plans.charges import BillingPeriod
from usance.domain.plans.package import PricingType, Trial, TrialEnd, TrialUnit
from usance.domain.subscriptions.changing import canceled, updated
from usance.domain.subscriptions.periods import (
    CADENCES,
    UTC_ZONE,
    billing_period_at,
    next_boundary,
    trial_end,
)
from usance.domain.subscriptions.requests import CancelRequest, Schedule, UpdateRequest
from usance.domain.subscriptions.subscription import (
    OVER,
    RUNNING,
    Status,
    Subscription,
    Version,
)
from usance.domain.subscriptions.terms import EntitlementOverride, Terms, UnitQuantity
from usance.domain.subscriptions.trials import may_start_trial

START = datetime(2025, 1, 31, 9, 30, tzinfo=UTC)
SEATS = FeatureId("seats")

days = st.integers(0, 800)
instants = days.map(lambda day: START + timedelta(days=day, hours=day % 24))
maybe = st.none() | instants


@st.composite
def subscriptions(draw: st.DrawFn) -> Subscription:
    trial_ends_at = draw(maybe)
    changes = draw(st.lists(instants, max_size=3))
    versions = tuple(
        Version(
            number=number,
            effective_at=effective_at,
            terms=Terms(billing_period=BillingPeriod.MONTHLY, plan_version=number),
            created_at=START,
        )
        for number, effective_at in enumerate([START, *changes], 1)
    )
    return Subscription(
        id="s1",
        customer_id=CustomerId("c1"),
        plan_id=PackageId("team"),
        product_id=ProductId("platform"),
        pricing_type=PricingType.PAID,
        starts_at=draw(instants),
        anchor=START,
        versions=versions,
        ends_at=draw(maybe),
        trial_ends_at=trial_ends_at,
        trial_end=None if trial_ends_at is None else TrialEnd.CONVERT_TO_PAID,
        is_payment_pending=draw(st.booleans()),
        canceled_at=draw(maybe),
    )


def one(**changes: object) -> Subscription:
    version = Version(
        number=1,
        effective_at=START,
        terms=Terms(billing_period=BillingPeriod.MONTHLY, units=(UnitQuantity(SEATS, Decimal(2)),)),
        created_at=START,
    )
    made = Subscription(
        id="s1",
        customer_id=CustomerId("c1"),
        plan_id=PackageId("team"),
        product_id=None,
        pricing_type=PricingType.PAID,
        starts_at=START,
        anchor=START,
        versions=(version,),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@given(subscriptions(), instants, st.integers(0, 10_000))
def test_a_state_holds_until_the_next_instant(held: Subscription, at: datetime, ahead: int) -> None:
    """a state is the same at every instant until the next instant that the subscription names"""
    change = held.next_change(at)
    later = at + timedelta(hours=ahead)
    if change is None or later < change:
        assert held.status_at(later) is held.status_at(at)
        assert held.version_at(later) is held.version_at(at)


@given(instants, instants, st.sampled_from(BillingPeriod))
def test_periods_count_from_the_anchor(
    anchor: datetime, at: datetime, period: BillingPeriod
) -> None:
    """a billing period begins whole periods after the anchor, and the next begins where it ends"""
    found = billing_period_at(anchor, period, at, UTC_ZONE)
    after = billing_period_at(anchor, period, found.end, UTC_ZONE)
    cadence = CADENCES[period]
    index = cadence.index_at(anchor.date(), found.start.date())
    assert found.start <= at < found.end == after.start
    assert found.start.date() == cadence.boundary(anchor.date(), index)
    assert found.start.timetz() == anchor.timetz()


@given(subscriptions(), instants, st.integers(0, 9))
def test_changes_leave_the_past(held: Subscription, at: datetime, seats: int) -> None:
    """terms of the past are never changed: a change is a new version"""
    if held.status_at(at) in OVER:
        return
    units = (UnitQuantity(SEATS, Decimal(seats)),)
    change = updated(held, UpdateRequest(units=units), held=None, offer=None, coupon=None, at=at)
    assert change.subscription.versions == held.versions
    assert change.version is not None
    assert change.version.effective_at >= min(at, held.starts_at)
    assert change.version.number > max(each.number for each in held.versions)


@given(subscriptions())
def test_versions_follow_each_other_without_gap_while_it_runs(held: Subscription) -> None:
    spans = list(held.spans())
    for (_, _, end), (_, start, _) in pairwise(spans):
        assert end == start
    for version, start, _ in spans:
        assert held.version_at(start) is version
    if spans:
        assert spans[0][1] == held.starts_at
        assert spans[-1][2] == held.ends_at


@pytest.mark.parametrize(
    ("changes", "at", "status"),
    [
        ({}, START - timedelta(seconds=1), Status.NOT_STARTED),
        ({}, START, Status.ACTIVE),
        ({"is_payment_pending": True}, START, Status.PAYMENT_PENDING),
        ({"ends_at": START + timedelta(days=1)}, START + timedelta(days=1), Status.EXPIRED),
        (
            {"ends_at": START + timedelta(days=1), "canceled_at": START},
            START + timedelta(days=1),
            Status.CANCELED,
        ),
        ({"ends_at": START - timedelta(days=9), "canceled_at": START}, START, Status.CANCELED),
    ],
)
def test_states(changes: dict[str, object], at: datetime, status: Status) -> None:
    assert one(**changes).status_at(at) is status
    assert one(**changes).is_running(at) is (status in RUNNING)


def test_a_trial_of_a_month_from_the_31st_ends_on_the_last_of_the_next() -> None:
    month = Trial(duration=1, units=TrialUnit.MONTH)
    assert trial_end(START, month, UTC_ZONE) == datetime(2025, 2, 28, 9, 30, tzinfo=UTC)
    days = Trial(duration=14, units=TrialUnit.DAY)
    assert trial_end(START, days, UTC_ZONE) == datetime(2025, 2, 14, 9, 30, tzinfo=UTC)


def test_a_period_that_began_on_the_31st_ends_on_the_last_and_then_on_the_31st_again() -> None:
    end = next_boundary(one(), Schedule.END_OF_BILLING_PERIOD, START + timedelta(days=1))
    assert end == datetime(2025, 2, 28, 9, 30, tzinfo=UTC)
    assert next_boundary(one(), Schedule.END_OF_BILLING_PERIOD, end).day == 31
    assert next_boundary(one(), Schedule.IMMEDIATE, end) == end


def test_who_tried_or_paid_before_does_not_try_again() -> None:
    assert may_start_trial(trials_before=0, has_paid_before=False, is_self_serve=True)
    assert not may_start_trial(trials_before=1, has_paid_before=False, is_self_serve=True)
    assert not may_start_trial(trials_before=0, has_paid_before=True, is_self_serve=True)
    assert may_start_trial(trials_before=1, has_paid_before=True, is_self_serve=False)


def test_an_end_in_the_past_and_an_end_without_a_date_are_refused() -> None:
    at = START + timedelta(days=3)
    with pytest.raises(Invalid):
        updated(one(), UpdateRequest(ends_at=START), held=None, offer=None, coupon=None, at=at)
    with pytest.raises(Invalid):
        canceled(one(), CancelRequest(on=START), None, at)
    with pytest.raises(Invalid) as caught:
        updated(one(), UpdateRequest(trial_ends_at=at), held=None, offer=None, coupon=None, at=at)
    assert caught.value.problems[0].code == "NotATrial"


def test_terms_name_each_thing_once() -> None:
    override = EntitlementOverride(feature_id=SEATS, usage_limit=Decimal(1))
    with pytest.raises(Invalid) as caught:
        Terms(overrides=(override, override))
    assert (caught.value.problems[0].code, caught.value.problems[0].path) == (
        "NamedTwice",
        "entitlements",
    )
