"""Why: each feature with the sources it comes from, for those who are asked why not."""

from __future__ import annotations

from pydantic import Field

from usance.api.envelope import Instant, Quantity, Wire
from usance.domain.entitlements.access import DenialReason
from usance.domain.entitlements.features import Kind
from usance.domain.entitlements.from_subscriptions import Given, GivenBy
from usance.domain.entitlements.holdings import Entitled
from usance.domain.entitlements.windows import ResetPeriod
from usance.domain.subscriptions.subscription import Status
from usance.store.access_views import View


class SourceWire(Wire):
    """One thing that gives a feature, or takes it away."""

    by: GivenBy
    subscription_id: str | None
    package_id: str | None = Field(description="The plan or add-on that says so.")
    version: int | None
    quantity: int = Field(description="How many of the add-on.")
    is_trial: bool
    is_granted: bool
    limit: Quantity | None
    is_unlimited: bool
    is_soft: bool
    values: list[str]
    reset_period: ResetPeriod | None
    resource_id: str | None
    starts_at: Instant
    ends_at: Instant | None
    is_in_force: bool
    decides: bool = Field(description="Without it the answer would be another.")


class ExplainedFeatureWire(Wire):
    """Whether a feature may be used, and why."""

    feature_id: str
    display_name: str
    kind: Kind
    is_granted: bool
    access_denied_reason: DenialReason | None
    limit: Quantity | None
    is_unlimited: bool
    values: list[str]
    current_usage: Quantity | None
    window_start: Instant | None
    window_end: Instant | None
    valid_until: Instant | None
    sources: list[SourceWire]


class HeldSubscriptionWire(Wire):
    """A subscription that gives something, or will."""

    id: str
    plan_id: str
    status: Status
    starts_at: Instant
    ends_at: Instant | None
    trial_ends_at: Instant | None
    resource_id: str | None
    is_over_budget: bool


class ExplainedWire(Wire):
    """What a customer may use at an instant, and why."""

    customer_id: str
    resource_id: str | None
    at: Instant
    access_denied_reason: DenialReason | None
    subscriptions: list[HeldSubscriptionWire]
    features: list[ExplainedFeatureWire]


def explained(view: View, feature_id: str | None = None) -> ExplainedWire:
    """What is seen, with its sources; of one feature only."""
    shown = [each for each in view.entitled if feature_id in (None, each.feature.id)]
    held = () if view.holdings is None else view.holdings.subscriptions
    return ExplainedWire(
        customer_id=view.asked.customer_id,
        resource_id=view.asked.resource_id,
        at=view.at,
        access_denied_reason=view.denial_reason,
        subscriptions=[
            HeldSubscriptionWire(
                id=each.id,
                plan_id=each.plan_id,
                status=each.status_at(view.at),
                starts_at=each.starts_at,
                ends_at=each.ends_at,
                trial_ends_at=each.trial_ends_at,
                resource_id=each.resource_id,
                is_over_budget=each.id in view.used_up,
            )
            for each in held
        ],
        features=[_feature(view, each) for each in shown],
    )


def _feature(view: View, entitled: Entitled) -> ExplainedFeatureWire:
    assert view.holdings is not None, "somebody has it"
    decision = entitled.as_sold(view.decide(entitled))
    window = decision.window
    is_used = entitled.is_metered and entitled.effective.is_granted
    given = view.holdings.given.get(entitled.feature.id, ())
    return ExplainedFeatureWire(
        feature_id=entitled.feature.id,
        display_name=entitled.feature.display_name,
        kind=entitled.effective.feature.kind,
        is_granted=decision.has_access,
        access_denied_reason=decision.denial_reason,
        limit=None if decision.limit is None else f"{decision.limit:f}",
        is_unlimited=decision.is_unlimited,
        values=sorted(decision.values),
        current_usage=f"{decision.current_usage:f}" if is_used else None,
        window_start=None if window is None else window.start,
        window_end=None if window is None else window.end,
        valid_until=decision.valid_until,
        sources=[_source(view, entitled, each) for each in given],
    )


def _source(view: View, entitled: Entitled, given: Given) -> SourceWire:
    source = given.source
    allowance = source.allowance
    limit = None if allowance is None else allowance.limit
    reset = None if allowance is None else allowance.reset
    in_force = source.is_in_force(view.at) and source.is_for(view.asked.resource_id)
    return SourceWire(
        by=given.by,
        subscription_id=source.subscription_id,
        package_id=given.package_id,
        version=given.version,
        quantity=source.quantity,
        is_trial=source.is_trial,
        is_granted=source.is_granted,
        limit=None if limit is None else f"{limit:f}",
        is_unlimited=allowance is not None and limit is None,
        is_soft=allowance is not None and allowance.is_soft,
        values=sorted(source.values),
        reset_period=None if reset is None else reset.period,
        resource_id=source.resource_id,
        starts_at=source.effective_at,
        ends_at=source.expires_at,
        is_in_force=in_force,
        decides=source.id in entitled.effective.origins,
    )
