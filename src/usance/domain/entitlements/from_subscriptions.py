"""Sources from what a customer holds: plans and what they inherit, add-ons, units, overrides.

A number that was ordered by the unit (seats) is its feature's limit: what was bought may be used.
That holds where the plan charges for the feature PER_UNIT and does not give it without limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from usance.domain.catalog import Feature, MeterType
from usance.domain.entitlements.allowances import Allowance
from usance.domain.entitlements.features import Combine
from usance.domain.entitlements.sources import Level, Source
from usance.domain.entitlements.windows import Reset, ResetAnchor, ResetPeriod, reset_of
from usance.domain.ids import FeatureId, PackageId
from usance.domain.plans.charges import BillingModel
from usance.domain.plans.entitlements import Behavior, PackageEntitlement
from usance.domain.plans.package import Package, PackageKind
from usance.domain.plans.promotion import Promotion
from usance.domain.subscriptions.subscription import Subscription, Version
from usance.domain.subscriptions.terms import EntitlementOverride

COMBINES = {Behavior.INCREMENT: Combine.ADD, Behavior.OVERRIDE: Combine.REPLACE}


class GivenBy(StrEnum):
    """What gives a feature."""

    PLAN = "PLAN"
    PARENT_PLAN = "PARENT_PLAN"  # the plan inherits it
    ADD_ON = "ADD_ON"
    UNITS = "UNITS"  # so many were ordered
    OVERRIDE = "OVERRIDE"  # agreed with this customer
    PROMOTION = "PROMOTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A source of a feature, and where it comes from. `updated_at`: when that last changed."""

    feature_id: FeatureId
    source: Source
    by: GivenBy
    package_id: PackageId | None = None
    version: int | None = None
    updated_at: datetime


class PackageKey(NamedTuple):
    """Names one version of a plan or add-on."""

    kind: PackageKind
    id: PackageId
    version: int


@dataclass(frozen=True, slots=True)
class Offered:
    """What subscriptions name: versions of packages as pinned, parents as last published."""

    pinned: Mapping[PackageKey, Package]
    parents: Mapping[PackageId, Package]

    def line_of(self, subscription: Subscription, version: Version) -> list[Package]:
        """Its plan, the plan that one inherits from, and so on; nothing out of the catalogue."""
        if version.terms.plan_version is None:
            return []
        key = PackageKey(PackageKind.PLAN, subscription.plan_id, version.terms.plan_version)
        line: list[Package] = []
        above = self.pinned.get(key)
        while above is not None and above not in line:
            line.append(above)
            above = None if above.parent_id is None else self.parents.get(above.parent_id)
        return line


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phase:
    """A part of a subscription's life in which it gives the same."""

    subscription: Subscription
    version: Version
    start: datetime
    end: datetime | None
    is_trial: bool
    counts_from: datetime
    is_anew: bool  # usage was set to zero by a change of terms


def given_by(
    subscription: Subscription, offered: Offered, features: Mapping[FeatureId, Feature]
) -> Iterator[Given]:
    """All that a subscription ever gives, each from when until when; nothing while it is unpaid.

    Of `features` only those that there are.
    """
    if subscription.is_payment_pending:
        return
    for phase in _phases(subscription):
        line = offered.line_of(subscription, phase.version)
        for given in (*_of_plans(phase, line), *_of_addons(phase, offered), *_agreed(phase, line)):
            if given.feature_id in features:
                yield _reset(given, phase, features[given.feature_id])


def given_by_promotion(promotion: Promotion, feature: Feature) -> Given:
    """What a promotion gives; its windows count from its start."""
    value = promotion.value
    source = Source(
        id=f"promotion {promotion.id}",
        level=Level.PROMOTION,
        is_granted=value.is_granted,
        allowance=_allowance(value, feature, promotion.starts_at),
        values=frozenset(value.enum_values),
        effective_at=promotion.starts_at,
        expires_at=promotion.ends_at,
    )
    return Given(
        feature_id=value.feature_id,
        source=source,
        by=GivenBy.PROMOTION,
        updated_at=value.updated_at,
    )


def _phases(subscription: Subscription) -> Iterator[_Phase]:
    """The spans of its versions, cut where its trial ends."""
    counts_from, is_anew = subscription.usage_anchor or subscription.starts_at, False
    for version, start, end in subscription.spans():
        if version.is_reset:
            counts_from, is_anew = max(version.effective_at, subscription.starts_at), True
        cut = subscription.trial_ends_at
        is_cut = cut is not None and start < cut and (end is None or cut < end)
        for first, last in ((start, cut), (cut, end)) if is_cut else ((start, end),):
            assert first is not None, "only the last has no end"
            yield _Phase(
                subscription=subscription,
                version=version,
                start=first,
                end=last,
                is_trial=subscription.is_trial(first),
                counts_from=counts_from,
                is_anew=is_anew,
            )


class _Draft(NamedTuple):
    """A given whose windows are still to be placed."""

    value: PackageEntitlement
    source: Source
    by: GivenBy
    package_id: PackageId | None
    version: int | None

    @property
    def feature_id(self) -> FeatureId:
        return self.value.feature_id


def _of_plans(phase: _Phase, line: list[Package]) -> Iterator[_Draft]:
    """The plan's own, with the units that were ordered; then what it inherits."""
    nearest = _nearest(line)
    ordered = {}
    for feature_id in _charged_by_unit(line):
        units, value = phase.version.terms.units_of(feature_id), nearest.get(feature_id)
        if units is not None and value is not None and not value.has_unlimited_usage:
            ordered[feature_id] = replace(value, usage_limit=units, is_granted=True)
    for value in ordered.values():
        yield _draft(phase, value, GivenBy.UNITS, Level.PLAN, line[0])
    for generation, package in enumerate(line):
        by = GivenBy.PARENT_PLAN if generation else GivenBy.PLAN
        for value in package.entitlements:
            if generation or value.feature_id not in ordered:
                draft = _draft(phase, value, by, Level.PLAN, package)
                yield draft._replace(source=replace(draft.source, generation=generation))


def _of_addons(phase: _Phase, offered: Offered) -> Iterator[_Draft]:
    for addon in phase.version.terms.addons:
        package = offered.pinned.get(PackageKey(PackageKind.ADDON, addon.id, addon.version))
        for value in () if package is None else package.entitlements:
            draft = _draft(phase, value, GivenBy.ADD_ON, Level.ADD_ON, package)
            combine = COMBINES[value.behavior]
            source = replace(draft.source, quantity=addon.quantity, combine=combine)
            yield draft._replace(source=source)


def _agreed(phase: _Phase, line: list[Package]) -> Iterator[_Draft]:
    """Overrides; what they do not say is as the plan has it. Overage is charged, never denied."""
    nearest = _nearest(line)
    overages = {charge.feature_id for package in line[:1] for charge in package.pricing.overages}
    for override in phase.version.terms.overrides:
        value = _agreed_value(override, nearest.get(override.feature_id), phase.version)
        if override.feature_id in overages:
            value = replace(value, has_soft_limit=True)
        yield _draft(phase, value, GivenBy.OVERRIDE, Level.SUBSCRIPTION, None)


def _agreed_value(
    override: EntitlementOverride, plan: PackageEntitlement | None, version: Version
) -> PackageEntitlement:
    """The override over what the plan says, where it says anything."""
    limit, period = override.usage_limit, override.reset_period
    is_unlimited = override.has_unlimited_usage
    according_to, values = override.reset_according_to, override.enum_values
    if plan is not None:
        if limit is None and not is_unlimited:
            limit, is_unlimited = plan.usage_limit, plan.has_unlimited_usage
        if period is None:
            period, according_to = plan.reset_period, plan.reset_according_to
        values = values or plan.enum_values
    return PackageEntitlement(
        feature_id=override.feature_id,
        created_at=version.created_at,
        updated_at=version.created_at,
        has_unlimited_usage=is_unlimited,
        has_soft_limit=override.has_soft_limit,
        usage_limit=limit,
        enum_values=values,
        reset_period=period,
        reset_according_to=according_to,
    )


def _nearest(line: list[Package]) -> dict[FeatureId, PackageEntitlement]:
    """What the plan gives of each feature, by itself or by inheritance."""
    return {each.feature_id: each for package in reversed(line) for each in package.entitlements}


def _charged_by_unit(line: list[Package]) -> set[FeatureId]:
    charges = line[0].pricing.charges if line else ()
    by_unit = (each for each in charges if each.model is BillingModel.PER_UNIT)
    return {each.feature_id for each in by_unit if each.feature_id is not None}


def _draft(
    phase: _Phase, value: PackageEntitlement, by: GivenBy, level: Level, package: Package | None
) -> _Draft:
    subscription, number = phase.subscription, phase.version.number
    package_id = None if package is None else package.id
    stage = "trial" if phase.is_trial else "paid"
    source = Source(
        id=f"{by} {package_id or ''} {subscription.id} {number} {stage} {phase.start.isoformat()}",
        level=level,
        subscription_id=subscription.id,
        is_trial=phase.is_trial,
        is_granted=value.is_granted,
        values=frozenset(value.enum_values),
        effective_at=phase.start,
        expires_at=phase.end,
        resource_id=subscription.resource_id,
    )
    return _Draft(value, source, by, package_id, None if package is None else package.version)


def _reset(draft: _Draft, phase: _Phase, feature: Feature) -> Given:
    """With its limit, in windows that count from where the phase says."""
    allowance = _allowance(draft.value, feature, phase.counts_from)
    is_anew = phase.is_anew and feature.meter_type is MeterType.INCREMENTAL
    if allowance is not None and allowance.reset is None and is_anew:
        forever = Reset(ResetPeriod.LIFETIME, phase.counts_from)
        allowance = replace(allowance, reset=forever)
    return Given(
        feature_id=draft.feature_id,
        source=replace(draft.source, allowance=allowance),
        by=draft.by,
        package_id=draft.package_id,
        version=draft.version,
        updated_at=max(draft.value.updated_at, phase.version.created_at),
    )


def _allowance(
    value: PackageEntitlement, feature: Feature, counts_from: datetime
) -> Allowance | None:
    """How much; None where nothing is said, which is nothing at all.

    Only what grows and grows starts from zero again. Nothing before `counts_from` counts.
    """
    if value.usage_limit is None and not value.has_unlimited_usage:
        return None
    reset = None
    if value.reset_period is not None and feature.meter_type is MeterType.INCREMENTAL:
        according_to = ResetAnchor(value.reset_according_to or ResetAnchor.SUBSCRIPTION_START)
        period = ResetPeriod(value.reset_period)
        reset = reset_of(period, according_to, started_at=counts_from)
        if reset.anchor < counts_from:
            reset = replace(reset, since=counts_from)
    limit = None if value.has_unlimited_usage else value.usage_limit
    return Allowance(limit, value.has_soft_limit, reset)
