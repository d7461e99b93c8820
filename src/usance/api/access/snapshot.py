"""Snapshots: all that a client needs to decide by itself. Numbers are text, exact."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import Field

from usance.api.envelope import Instant, Quantity, Wire
from usance.domain.catalog import FeatureStatus, FeatureType
from usance.domain.entitlements.access import DenialReason
from usance.domain.entitlements.allowances import Allowance
from usance.domain.entitlements.features import Kind
from usance.domain.entitlements.holdings import Counted, Entitled
from usance.domain.entitlements.windows import Reset, ResetPeriod
from usance.store.access_views import View

NOTHING = Decimal(0)


class ResetWire(Wire):
    """When usage counts from zero: `count` periods after `anchor`, and again, and again."""

    period: ResetPeriod
    count: int
    anchor: Instant
    zone: str
    since: Instant | None = Field(description="Usage before it does not count, either.")


class AllowanceWire(Wire):
    """So many units in each window; of several, what one lets through is let through."""

    limit: Quantity | None = Field(description="null: unlimited. Of a configured number: it.")
    is_soft: bool
    reset: ResetWire | None = Field(description="null: usage is never set to zero.")
    usage_scope: str = Field(
        description="Whose usage counts: `*` the customer's; `R` and an id: that resource's."
    )
    current_usage: Quantity
    window_start: Instant | None
    window_end: Instant | None


class FeatureAccessWire(Wire):
    """What is had of a feature. Whether a limit is used up is for the client to say."""

    feature_type: FeatureType
    kind: Kind
    is_granted: bool
    denied_reason: DenialReason | None
    feature_status: FeatureStatus
    display_name: str
    values: list[str]
    allowances: list[AllowanceWire]
    budget_exceeded: bool
    valid_until: Instant | None


class SnapshotWire(Wire):
    """All that somebody may use, as of a position of the stream."""

    customer_id: str
    resource_id: str | None
    position: str
    at: Instant = Field(description="The environment's now; a sandbox's clock may be moved.")
    access_denied_reason: DenialReason | None
    valid_until: Instant | None
    features: dict[str, FeatureAccessWire]


def snapshot(view: View, position: str) -> dict[str, Any]:
    """What is seen, as it travels."""
    return {
        "customerId": view.asked.customer_id,
        "resourceId": view.asked.resource_id,
        "position": position,
        "at": view.at,
        "accessDeniedReason": view.denial_reason,
        "validUntil": view.valid_until,
        "features": {
            each.feature.id: feature_access(each, view.used, view.at) for each in view.entitled
        },
    }


def feature_access(
    entitled: Entitled, used: Mapping[Counted, Decimal], at: datetime
) -> dict[str, Any]:
    """What is had of a feature, as it travels."""
    effective, feature = entitled.effective, entitled.feature
    reason = None
    if not effective.is_granted:
        reason = DenialReason.REVOKED
    elif entitled.is_over_budget:
        reason = DenialReason.BUDGET_EXCEEDED
    return {
        "featureType": feature.feature_type,
        "kind": effective.feature.kind,
        "isGranted": reason is None,
        "deniedReason": reason,
        "featureStatus": feature.status,
        "displayName": feature.display_name,
        "values": sorted(effective.values),
        "allowances": [_allowance(each, entitled, used, at) for each in effective.allowances],
        "budgetExceeded": entitled.is_over_budget,
        "validUntil": effective.valid_until,
    }


def _allowance(
    allowance: Allowance, entitled: Entitled, used: Mapping[Counted, Decimal], at: datetime
) -> dict[str, Any]:
    reset = allowance.reset
    window = None if reset is None else reset.window_at(at)
    counted = Counted(entitled.customer_id, entitled.feature.id, entitled.usage_scope, window)
    return {
        "limit": None if allowance.limit is None else f"{allowance.limit:f}",
        "isSoft": allowance.is_soft,
        "reset": None if reset is None else _reset(reset),
        "usageScope": entitled.usage_scope,
        "currentUsage": f"{used.get(counted, NOTHING):f}",
        "windowStart": None if window is None else window.start,
        "windowEnd": None if window is None else window.end,
    }


def _reset(reset: Reset) -> dict[str, Any]:
    return {
        "period": reset.period,
        "count": reset.count,
        "anchor": reset.anchor,
        "zone": reset.zone.key,
        "since": reset.since,
    }
