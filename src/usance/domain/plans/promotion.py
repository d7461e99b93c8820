"""Promotions: a feature given to a customer beside its subscriptions, for a while or for good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from usance.domain.calendar import FIRST_DAY, LAST_DAY, month_after
from usance.domain.catalog import Feature, FeatureStatus
from usance.domain.errors import Problem
from usance.domain.ids import CustomerId, FeatureId, PromotionId
from usance.domain.plans.entitlements import PackageEntitlement, fitting_problems

WEEK = timedelta(weeks=1)


class GrantPeriod(StrEnum):
    """For how long a promotion is given."""

    WEEK = "1 week"
    MONTH = "1 month"
    HALF_YEAR = "6 month"
    YEAR = "1 year"
    LIFETIME = "lifetime"
    CUSTOM = "custom"


MONTHS = {GrantPeriod.MONTH: 1, GrantPeriod.HALF_YEAR: 6, GrantPeriod.YEAR: 12}


class PromotionStatus(StrEnum):
    """Where a promotion stands at an instant."""

    ACTIVE = "Active"
    EXPIRED = "Expired"  # over, or revoked
    PAUSED = "Paused"  # it has not begun


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What somebody wants to give. `starts_at` None: at once; `custom_end_at` goes with CUSTOM."""

    value: PackageEntitlement
    period: GrantPeriod
    custom_end_at: datetime | None = None
    starts_at: datetime | None = None
    is_visible: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """A feature given, as `value` says, from `starts_at` until before `ends_at` (None: for good).

    One a customer and feature: given again, it is replaced and keeps its id and its age.
    """

    id: PromotionId
    customer_id: CustomerId
    value: PackageEntitlement
    period: GrantPeriod
    starts_at: datetime
    ends_at: datetime | None
    is_visible: bool = True
    revoked_at: datetime | None = None

    def status(self, at: datetime) -> PromotionStatus:
        """Where it stands at that instant."""
        if self.revoked_at is not None or (self.ends_at is not None and at >= self.ends_at):
            return PromotionStatus.EXPIRED
        return PromotionStatus.ACTIVE if at >= self.starts_at else PromotionStatus.PAUSED


def granted(grant: Grant, *, id: PromotionId, customer_id: CustomerId, at: datetime) -> Promotion:
    """The promotion a grant makes at that instant; the grant has no problems."""
    starts_at = grant.starts_at or at
    return Promotion(
        id=id,
        customer_id=customer_id,
        value=replace(grant.value, created_at=at, updated_at=at),
        period=grant.period,
        starts_at=starts_at,
        ends_at=_end(grant, starts_at),
        is_visible=grant.is_visible,
    )


def granted_again(held: Promotion, grant: Grant, *, at: datetime) -> Promotion:
    """The same promotion as the later grant has it; nothing of what it gave before stays."""
    anew = granted(grant, id=held.id, customer_id=held.customer_id, at=at)
    return replace(anew, value=replace(anew.value, created_at=held.value.created_at))


def granting_problems(
    grants: Sequence[Grant], features: Mapping[FeatureId, Feature], *, at: datetime
) -> Iterator[Problem]:
    """What is wrong with grants made at that instant: `[2].usageLimit` is of the third."""
    seen: set[FeatureId] = set()
    for index, grant in enumerate(grants):
        feature_id = grant.value.feature_id
        problems = [*_feature_problems(grant, features.get(feature_id)), *_end_problems(grant, at)]
        if feature_id in seen:
            problems.append(Problem("FeatureTwice", "featureId", feature_id, "each feature once"))
        seen.add(feature_id)
        yield from (problem.under(f"[{index}]") for problem in problems)


def _feature_problems(grant: Grant, feature: Feature | None) -> Iterator[Problem]:
    if feature is None:
        expected = "the id of a feature"
        yield Problem("FeatureNotFound", "featureId", grant.value.feature_id, expected)
        return
    if feature.status is FeatureStatus.SUSPENDED:
        yield Problem("FeatureArchived", "featureId", feature.id, "a feature that is not archived")
    yield from fitting_problems(grant.value, feature)


def _end_problems(grant: Grant, at: datetime) -> Iterator[Problem]:
    starts_at, end = grant.starts_at or at, grant.custom_end_at
    if not FIRST_DAY.year <= starts_at.year < LAST_DAY.year:
        expected = f"an instant from {FIRST_DAY.year} to {LAST_DAY.year}"
        yield Problem("InvalidPeriod", "startDate", starts_at.isoformat(), expected)
    if grant.period is not GrantPeriod.CUSTOM:
        if end is not None:
            expected = "null, unless the period is custom"
            yield Problem("InvalidPeriod", "customEndDate", end.isoformat(), expected)
    elif end is None or end <= starts_at or end.year >= LAST_DAY.year:
        expected = f"an instant after {starts_at.isoformat()} and before {LAST_DAY.year}"
        yield Problem("InvalidPeriod", "customEndDate", end.isoformat() if end else "", expected)


def _end(grant: Grant, starts_at: datetime) -> datetime | None:
    """Months are of the calendar, in UTC, and end at the time of day they began at."""
    if grant.period is GrantPeriod.CUSTOM:
        return grant.custom_end_at
    if grant.period is GrantPeriod.LIFETIME:
        return None
    if grant.period is GrantPeriod.WEEK:
        return starts_at + WEEK
    start = starts_at.astimezone(UTC)
    return datetime.combine(
        month_after(start.date(), MONTHS[grant.period]), start.time(), tzinfo=UTC
    )
