"""The shapes of access: those of Stigg's SDKs; and ours, exact, for clients that decide themselves.

What is answered quickly is a plain dictionary; the models are its description.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from usance.api.envelope import Instant, Wire
from usance.domain.catalog import Feature, FeatureStatus, FeatureType
from usance.domain.entitlements.access import Decision, DenialReason
from usance.domain.entitlements.allowances import Allowance
from usance.domain.entitlements.holdings import Entitled
from usance.domain.entitlements.windows import ResetPeriod
from usance.store.access_views import View

FEATURE: Literal["FEATURE"] = "FEATURE"
CREDIT: Literal["CREDIT"] = "CREDIT"


class CheckedFeatureWire(Wire):
    """The feature that was asked about."""

    id: str
    display_name: str
    feature_type: FeatureType
    feature_status: FeatureStatus


class FeatureEntitlementWire(Wire):
    """Whether a feature may be used, and how much. Numbers are JSON numbers."""

    type: Literal["FEATURE"]
    is_granted: bool
    access_denied_reason: DenialReason | None
    feature: CheckedFeatureWire | None
    usage_limit: int | float | None = Field(description="null: none, or it is not a number.")
    has_unlimited_usage: bool | None
    current_usage: int | float | None
    reset_period: Literal["YEAR", "MONTH", "WEEK", "DAY", "HOUR"] | None
    usage_period_anchor: Instant | None = Field(description="Windows are counted from it.")
    usage_period_start: Instant | None
    usage_period_end: Instant | None
    entitlement_updated_at: Instant | None
    valid_until: Instant | None = Field(description="Until then it is so with no more usage.")
    has_soft_limit: bool | None = Field(description="More than the limit is let through.")
    enum_values: list[str] | None


class CurrencyWire(Wire):
    """The credit currency that was asked about."""

    currency_id: str
    display_name: str


class CreditEntitlementWire(Wire):
    """Whether credits may be used."""

    type: Literal["CREDIT"]
    is_granted: bool
    access_denied_reason: DenialReason | None
    currency: CurrencyWire
    usage_limit: int | float
    current_usage: int | float
    usage_updated_at: Instant


class EntitlementsWire(Wire):
    """All that a customer may use."""

    entitlements: list[FeatureEntitlementWire]
    access_denied_reason: (
        Literal["CustomerNotFound", "NoActiveSubscription", "CustomerIsArchived"] | None
    )


def json_number(number: Decimal | None) -> int | float | None:
    """As the SDKs' models want it."""
    if number is None:
        return None
    return int(number) if number == number.to_integral_value() else float(format(number, "f"))


def feature_entitlement(entitled: Entitled, decision: Decision) -> dict[str, Any]:
    """What was decided of a feature."""
    is_metered = entitled.is_metered and entitled.effective.is_granted
    allowance = told(entitled, decision)
    decision = entitled.as_sold(decision)
    reset = None if allowance is None else allowance.reset
    window = decision.window if is_metered else None
    period = None if reset is None or reset.period is ResetPeriod.LIFETIME else reset.period
    return {
        "type": FEATURE,
        "isGranted": decision.has_access,
        "accessDeniedReason": decision.denial_reason,
        "feature": feature_wire(entitled.feature),
        "usageLimit": json_number(decision.limit),
        "hasUnlimitedUsage": decision.is_unlimited,
        "currentUsage": json_number(decision.current_usage) if is_metered else None,
        "resetPeriod": period,
        "usagePeriodAnchor": None if reset is None else reset.anchor,
        "usagePeriodStart": None if window is None else window.start,
        "usagePeriodEnd": None if window is None else window.end,
        "entitlementUpdatedAt": entitled.updated_at,
        "validUntil": decision.valid_until,
        "hasSoftLimit": None if allowance is None else allowance.is_soft,
        "enumValues": sorted(decision.values) or None,
    }


def denied_feature(reason: DenialReason, feature: Feature | None = None) -> dict[str, Any]:
    """What may not be used, for a reason that is no matter of the feature."""
    nothing = dict.fromkeys(FeatureEntitlementWire.model_fields)
    wire: dict[str, Any] = {_camel(name): None for name in nothing}
    return wire | {
        "type": FEATURE,
        "isGranted": False,
        "accessDeniedReason": reason,
        "feature": None if feature is None else feature_wire(feature),
    }


def denied_credit(reason: DenialReason, currency_id: str, at: datetime) -> dict[str, Any]:
    """There are no credits, of whatever currency."""
    return {
        "type": CREDIT,
        "isGranted": False,
        "accessDeniedReason": reason,
        "currency": {"currencyId": currency_id, "displayName": currency_id},
        "usageLimit": 0,
        "currentUsage": 0,
        "usageUpdatedAt": at,
    }


def feature_wire(feature: Feature) -> dict[str, Any]:
    """A feature, as its entitlement names it."""
    return {
        "id": feature.id,
        "displayName": feature.display_name,
        "featureType": feature.feature_type,
        "featureStatus": feature.status,
    }


def entitlements(view: View) -> dict[str, Any]:
    """All that may be used, and what was taken away.

    The SDKs know no word for a resource that is not there: nothing is subscribed for it.
    """
    reason = view.denial_reason
    if reason is DenialReason.CUSTOMER_RESOURCE_NOT_FOUND:
        reason = DenialReason.NO_ACTIVE_SUBSCRIPTION
    return {
        "entitlements": [feature_entitlement(each, view.decide(each)) for each in view.entitled],
        "accessDeniedReason": reason,
    }


def told(entitled: Entitled, decision: Decision) -> Allowance | None:
    """The allowance that a decision speaks of: of several, that with its limit and window."""
    found = [each for each in entitled.effective.allowances if each.limit == decision.limit]
    if decision.window is not None:
        start = decision.window.start
        found = [
            each
            for each in found
            if each.reset is not None and each.reset.window_at(start) == decision.window
        ]
    return found[0] if found else None


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
