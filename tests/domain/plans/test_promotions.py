"""Promotions: from when until when they count, and what cannot be given."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.catalog import Feature, FeatureStatus, FeatureType, MeterType
from usance.domain.ids import CustomerId, FeatureId, PromotionId
from usance.domain.plans.entitlements import PackageEntitlement
from usance.domain.plans.promotion import (
    Grant,
    GrantPeriod,
    Promotion,
    PromotionStatus,
    granted,
    granted_again,
    granting_problems,
)

THEN = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
INSTANTS = st.integers(0, 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
CALLS = Feature(
    id=FeatureId("calls"),
    display_name="Calls",
    feature_type=FeatureType.NUMBER,
    meter_type=MeterType.INCREMENTAL,
)
VALUE = PackageEntitlement(
    feature_id=CALLS.id, created_at=THEN, updated_at=THEN, usage_limit=Decimal(10)
)


def made(grant: Grant, at: datetime = THEN) -> Promotion:
    return granted(grant, id=PromotionId("p"), customer_id=CustomerId("acme"), at=at)


@given(INSTANTS, st.sampled_from(GrantPeriod), st.integers(1, 10**9), INSTANTS)
def test_a_promotion_counts_from_its_first_instant_until_before_its_last_and_is_over_ever_after(
    start: datetime, period: GrantPeriod, seconds: int, at: datetime
) -> None:
    end = start + timedelta(seconds=seconds) if period is GrantPeriod.CUSTOM else None
    promotion = made(Grant(value=VALUE, period=period, starts_at=start, custom_end_at=end))
    if at < start:
        expected = PromotionStatus.PAUSED
    elif promotion.ends_at is None or at < promotion.ends_at:
        expected = PromotionStatus.ACTIVE
    else:
        expected = PromotionStatus.EXPIRED
    assert promotion.status(at) is expected


@pytest.mark.parametrize(
    ("period", "end"),
    [
        (GrantPeriod.WEEK, datetime(2026, 2, 7, 9, 30, tzinfo=UTC)),
        (GrantPeriod.MONTH, datetime(2026, 2, 28, 9, 30, tzinfo=UTC)),
        (GrantPeriod.HALF_YEAR, datetime(2026, 7, 31, 9, 30, tzinfo=UTC)),
        (GrantPeriod.YEAR, datetime(2027, 1, 31, 9, 30, tzinfo=UTC)),
        (GrantPeriod.LIFETIME, None),
    ],
)
def test_months_are_of_the_calendar(period: GrantPeriod, end: datetime | None) -> None:
    assert made(Grant(value=VALUE, period=period)).ends_at == end


def test_given_again_it_keeps_its_id_and_its_age_and_nothing_else() -> None:
    held = replace(made(Grant(value=VALUE, period=GrantPeriod.WEEK)), id=PromotionId("first"))
    later = THEN + timedelta(days=3)
    more = Grant(value=replace(VALUE, usage_limit=Decimal(99)), period=GrantPeriod.LIFETIME)
    again = granted_again(held, more, at=later)
    assert (again.id, again.value.created_at, again.value.updated_at) == ("first", THEN, later)
    assert (again.starts_at, again.ends_at, again.value.usage_limit) == (later, None, Decimal(99))


def test_what_was_revoked_is_over() -> None:
    held = replace(made(Grant(value=VALUE, period=GrantPeriod.LIFETIME)), revoked_at=THEN)
    assert held.status(THEN) is PromotionStatus.EXPIRED


def wrong(*grants: Grant, feature: Feature = CALLS) -> list[tuple[str, str]]:
    found = granting_problems(grants, {feature.id: feature}, at=THEN)
    return [(problem.code, problem.path) for problem in found]


def test_what_cannot_be_given_is_refused_with_its_place() -> None:
    good = Grant(value=VALUE, period=GrantPeriod.WEEK)
    assert wrong(good) == []
    assert wrong(good, good) == [("FeatureTwice", "[1].featureId")]
    assert wrong(good, feature=replace(CALLS, id=FeatureId("other"))) == [
        ("FeatureNotFound", "[0].featureId")
    ]
    archived = replace(CALLS, status=FeatureStatus.SUSPENDED)
    assert wrong(good, feature=archived) == [("FeatureArchived", "[0].featureId")]
    nothing = replace(good, value=replace(VALUE, usage_limit=None))
    assert wrong(nothing) == [("InvalidEntitlement", "[0].usageLimit")]


def test_an_end_of_ones_own_goes_with_a_custom_period_and_comes_after_the_start() -> None:
    good = Grant(value=VALUE, period=GrantPeriod.CUSTOM, custom_end_at=THEN + timedelta(days=1))
    assert wrong(good) == []
    place = [("InvalidPeriod", "[0].customEndDate")]
    assert wrong(replace(good, custom_end_at=None)) == place
    assert wrong(replace(good, custom_end_at=THEN)) == place
    assert wrong(replace(good, custom_end_at=THEN.replace(year=2200))) == place
    assert wrong(replace(good, period=GrantPeriod.WEEK)) == place
    for year in (1969, 2200):
        start = THEN.replace(year=year)
        begun = Grant(value=VALUE, period=GrantPeriod.WEEK, starts_at=start)
        assert wrong(begun) == [("InvalidPeriod", "[0].startDate")]
