"""Holdings: all of a customer that decides what it may use, and what follows at an instant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from usance.domain.catalog import Feature
from usance.domain.entitlements.access import Decision, DenialReason, Used, check, windows_of
from usance.domain.entitlements.features import FeatureRules, Kind, kind_of
from usance.domain.entitlements.from_subscriptions import Given, Offered
from usance.domain.entitlements.resolve import Effective, resolve
from usance.domain.entitlements.standing import Standing
from usance.domain.entitlements.windows import Window
from usance.domain.ids import CustomerId, FeatureId
from usance.domain.plans.package import Budget
from usance.domain.subscriptions.subscription import Subscription

EVERYWHERE = "*"  # usage of the customer, whichever resource it names, or none
NOTHING = Decimal(0)
NOTHING_OFFERED = Offered({}, {})


class Counted(NamedTuple):
    """Usage that is asked for: whose, of what, in which scope and window; None: since ever."""

    customer_id: CustomerId
    feature_id: FeatureId
    scope: str
    window: Window | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What a customer has, had of late and will have. `resources`: those that there ever were.

    `given`: sources by feature; `features`: those that are given; `known`: also those that are only
    charged for. `clock_at`: where a sandbox's clock was moved to.
    """

    customer_id: CustomerId
    is_archived: bool = False
    clock_at: datetime | None = None
    resources: frozenset[str] = frozenset()
    subscriptions: tuple[Subscription, ...] = ()
    offered: Offered = NOTHING_OFFERED
    given: Mapping[FeatureId, tuple[Given, ...]]
    features: Mapping[FeatureId, Feature]
    known: Mapping[FeatureId, Feature]

    def running(self, at: datetime, resource_id: str | None) -> list[Subscription]:
        """The subscriptions that give access at that instant, to that resource."""
        return [
            each
            for each in self.subscriptions
            if each.resource_id in (None, resource_id) and each.is_running(at)
        ]

    def with_budgets(
        self, at: datetime, resource_id: str | None
    ) -> list[tuple[Subscription, Budget]]:
        """Those of them whose spending has a ceiling."""
        found = [
            (each, budget_of(each, self.offered, at)) for each in self.running(at, resource_id)
        ]
        return [(each, budget) for each, budget in found if budget is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitled:
    """What a customer has of a feature; its limits as usage is reported, which may be other units
    than it is sold in. `usage_scope`: whose usage counts, EVERYWHERE or an R and
    the id of a resource. `is_over_budget`: it comes from subscriptions that have spent theirs.
    """

    feature: Feature
    effective: Effective
    customer_id: CustomerId
    usage_scope: str
    updated_at: datetime | None
    is_over_budget: bool = False

    def counted(self, at: datetime) -> list[Counted]:
        """The usage that has to be known to decide; none for what is not used up."""
        if not self.is_metered:
            return []
        return [self._counted(window) for window in windows_of(self.effective, at)]

    def usage_of(self, known: Mapping[Counted, Decimal], at: datetime) -> Used:
        """What was used in each window, of all that is known."""
        if not self.is_metered:
            return NOTHING
        windows = windows_of(self.effective, at)
        return {window: known.get(self._counted(window), NOTHING) for window in windows}

    @property
    def is_metered(self) -> bool:
        """True when something is used up."""
        return self.effective.feature.kind is Kind.METERED

    def _counted(self, window: Window | None) -> Counted:
        return Counted(self.customer_id, self.feature.id, self.usage_scope, window)

    def decide(
        self,
        used: Used = NOTHING,
        *,
        at: datetime,
        requested_usage: Decimal = NOTHING,
        requested_values: Collection[str] = (),
    ) -> Decision:
        """Whether they may. Raises Invalid (InvalidRequestedUsage) below zero."""
        decision = check(
            self.effective,
            used,
            at=at,
            requested_usage=requested_usage,
            requested_values=requested_values,
        )
        if not self.is_over_budget:
            return decision
        reason = DenialReason.BUDGET_EXCEEDED
        return replace(decision, has_access=False, denial_reason=reason, is_soft_exceeded=False)

    def as_sold(self, decision: Decision) -> Decision:
        """The same decision told in the units that the feature is sold in."""
        unit = self.feature.unit_transformation
        if unit is None or not self.is_metered:
            return decision
        used = unit.sold(decision.current_usage)
        limit = None if decision.limit is None else unit.sold(decision.limit)
        return replace(
            decision,
            limit=limit,
            current_usage=used,
            remaining=None if limit is None else max(limit - used, NOTHING),
            overage=NOTHING if limit is None else max(used - limit, NOTHING),
        )


def entitled(
    holdings: Holdings,
    feature: Feature,
    *,
    at: datetime,
    resource_id: str | None = None,
    used_up: Collection[str] = (),
) -> Entitled:
    """What is had of a feature. `used_up`: ids of subscriptions whose hard budget is spent.

    These give nothing as long as anything else gives it: a budget takes away no promotion. A
    suspended feature is granted anew to nobody, and stays with who has it.
    """
    rules = FeatureRules(kind=kind_of(feature))
    given = holdings.given.get(feature.id, ())
    every = [each.source for each in given]
    able = [each for each in every if each.subscription_id not in used_up] if used_up else every
    effective = resolve(rules, able, at=at, resource_id=resource_id)
    is_over_budget = False
    if used_up and not effective.is_granted:
        effective = resolve(rules, every, at=at, resource_id=resource_id)
        is_over_budget = effective.is_granted
    origins = [each for each in given if each.source.id in effective.origins]
    return Entitled(
        feature=feature,
        effective=_as_reported(effective, feature),
        customer_id=holdings.customer_id,
        usage_scope=_scope(given, at, resource_id),
        updated_at=max(
            (max(each.updated_at, each.source.effective_at) for each in origins), default=None
        ),
        is_over_budget=is_over_budget,
    )


def _as_reported(effective: Effective, feature: Feature) -> Effective:
    """With the limits that what is reported is compared with."""
    unit = feature.unit_transformation
    if unit is None:
        return effective
    limits = (
        each if each.limit is None else replace(each, limit=unit.most_reported(each.limit))
        for each in effective.allowances
    )
    return replace(effective, allowances=tuple(limits))


def everything_entitled(
    holdings: Holdings,
    *,
    at: datetime,
    resource_id: str | None = None,
    used_up: Collection[str] = (),
) -> list[Entitled]:
    """What is had, or was taken away, of every feature that anything in force names; by id."""
    found = (
        entitled(holdings, feature, at=at, resource_id=resource_id, used_up=used_up)
        for _, feature in sorted(holdings.features.items())
    )
    return [each for each in found if each.effective.is_granted or each.effective.origins]


def standing_of(
    holdings: Holdings | None,
    *,
    at: datetime,
    resource_id: str | None = None,
    feature_exists: bool = True,
) -> Standing:
    """What is wrong before any entitlement is looked at. None: there is no such customer."""
    if holdings is None:
        return Standing(customer_exists=False)
    in_force = (
        each.source.is_in_force(at) and each.source.is_for(resource_id)
        for given in holdings.given.values()
        for each in given
    )
    has_subscription = bool(holdings.running(at, resource_id))
    return Standing(
        is_archived=holdings.is_archived,
        resource_exists=resource_id is None or resource_id in holdings.resources,
        has_subscription=has_subscription,
        has_sources=has_subscription or any(in_force),
        feature_exists=feature_exists,
    )


def next_change(holdings: Holdings, at: datetime) -> datetime | None:
    """The first instant after `at` at which anything given begins or ends, or a state changes."""
    moments: list[datetime | None] = [each.next_change(at) for each in holdings.subscriptions]
    for given in holdings.given.values():
        moments += _ahead((each.source.effective_at, each.source.expires_at) for each in given)
    return min((each for each in moments if each is not None and each > at), default=None)


def budget_of(subscription: Subscription, offered: Offered, at: datetime) -> Budget | None:
    """The ceiling of its spending at that instant. The plan's for trials ends with the trial."""
    version = subscription.version_at(at)
    budget = version.terms.budget
    if subscription.trial_ends_at is not None and not subscription.is_trial(at):
        line = offered.line_of(subscription, version)
        trial = line[0].trial if line else None
        if trial is not None and trial.budget == budget:
            return None
    return budget


def _scope(given: Iterable[Given], at: datetime, resource_id: str | None) -> str:
    """A resource with a subscription of its own counts what it uses itself."""
    if resource_id is None:
        return EVERYWHERE
    own = any(
        each.source.resource_id == resource_id and each.source.is_in_force(at) for each in given
    )
    return f"R{resource_id}" if own else EVERYWHERE


def _ahead(
    moments: Iterable[tuple[datetime, datetime | None]],
) -> Iterable[datetime | None]:
    return (each for pair in moments for each in pair)
