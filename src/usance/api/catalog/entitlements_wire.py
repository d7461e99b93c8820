"""Entitlements of plans and add-ons as they travel: told apart by `type`, FEATURE or CREDIT."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from usance.api.catalog.wire import Number, no_credit_currency
from usance.api.envelope import Instant, Wire
from usance.api.fields import Ref
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import FeatureId
from usance.domain.plans.entitlements import (
    Behavior,
    PackageEntitlement,
    ResetPeriod,
    Widget,
)

Year = Literal["SubscriptionStart"]
Month = Literal["SubscriptionStart", "StartOfTheMonth"]
Week = Literal[
    "SubscriptionStart",
    "EverySunday",
    "EveryMonday",
    "EveryTuesday",
    "EveryWednesday",
    "EveryThursday",
    "EveryFriday",
    "EverySaturday",
]


class YearlyWire(Wire):
    """From when years count."""

    according_to: Year


class MonthlyWire(Wire):
    """From when months count."""

    according_to: Month


class WeeklyWire(Wire):
    """From when weeks count."""

    according_to: Week


class ResetWire(Wire):
    """From when the periods count."""

    according_to: Week | Month


class ResetFields(Wire):
    """How often usage starts from zero, and from when the periods count."""

    reset_period: ResetPeriod | None = None
    yearly_reset_period_configuration: YearlyWire | None = None
    monthly_reset_period_configuration: MonthlyWire | None = None
    weekly_reset_period_configuration: WeeklyWire | None = None


class Resets(NamedTuple):
    """A period, and what it counts from."""

    period: ResetPeriod | None
    according_to: str | None


def resets_of(wire: ResetFields) -> Resets:
    """The period, and what it counts from.

    Raises Invalid (InvalidEntitlement) for a configuration of another period than `resetPeriod`.
    """
    sent = {
        ResetPeriod.YEAR: ("yearly", wire.yearly_reset_period_configuration),
        ResetPeriod.MONTH: ("monthly", wire.monthly_reset_period_configuration),
        ResetPeriod.WEEK: ("weekly", wire.weekly_reset_period_configuration),
    }
    for period, (name, configured) in sent.items():
        if configured is not None and period is not wire.reset_period:
            path = f"{name}ResetPeriodConfiguration"
            expected = f"null, unless resetPeriod is {period}"
            raise Invalid(Problem("InvalidEntitlement", path, configured.according_to, expected))
    _, found = sent.get(wire.reset_period or ResetPeriod.DAY, ("", None))
    return Resets(wire.reset_period, None if found is None else found.according_to)


class Shown(Wire):
    """How an entitlement is shown."""

    description: str | None = None
    display_name_override: str | None = Field(default=None, max_length=255)
    hidden_from_widgets: list[Widget] | None = Field(default=None, max_length=3)
    order: Number | None = None


class FeatureValues(ResetFields, Shown):
    """What an entitlement gives of a feature."""

    behavior: Behavior | None = None
    enum_values: list[str] | None = Field(default=None, max_length=100)
    has_soft_limit: bool | None = None
    has_unlimited_usage: bool | None = None
    is_custom: bool | None = None
    is_granted: bool | None = None
    usage_limit: Number | None = None


class FeatureEntitlementBody(FeatureValues):
    """An entitlement of a feature."""

    type: Literal["FEATURE"]
    id: Ref = Field(description="The feature.", examples=["api-calls"])


class FeatureEntitlementPatch(FeatureValues):
    """What changes of an entitlement of a feature."""

    type: Literal["FEATURE"]


class CreditValues(Shown):
    """Credits that a package gives."""

    behavior: Behavior | None = None
    dependency_feature_id: str | None = None
    has_soft_limit: bool | None = None
    is_custom: bool | None = None
    is_granted: bool | None = None


class CreditEntitlementBody(CreditValues):
    """An entitlement of credits."""

    type: Literal["CREDIT"]
    id: Ref = Field(description="The credit currency.")
    amount: Number | None
    cadence: Literal["MONTH", "YEAR"]


class CreditEntitlementPatch(CreditValues):
    """What changes of an entitlement of credits."""

    type: Literal["CREDIT"]
    amount: Number | None = None
    cadence: Literal["MONTH", "YEAR"] | None = None


EntitlementPatch = Annotated[
    FeatureEntitlementPatch | CreditEntitlementPatch, Field(discriminator="type")
]


class EntitlementsBody(Wire):
    """Entitlements to add."""

    entitlements: list[
        Annotated[FeatureEntitlementBody | CreditEntitlementBody, Field(discriminator="type")]
    ] = Field(min_length=1, max_length=100)


class EntitlementWire(Wire):
    """An entitlement of a plan or add-on."""

    id: str = Field(description="The feature.")
    type: Literal["FEATURE"]
    is_granted: bool
    has_unlimited_usage: bool
    has_soft_limit: bool
    usage_limit: Number | None
    enum_values: list[str] | None
    reset_period: ResetPeriod | None
    reset_period_configuration: ResetWire | None
    behavior: Behavior
    is_custom: bool
    display_name_override: str | None
    description: str | None
    hidden_from_widgets: list[Widget]
    order: Number | None
    created_at: Instant
    updated_at: Instant


def entitlements_from(body: EntitlementsBody, *, at: datetime) -> list[PackageEntitlement]:
    """Those that were sent. Raises Invalid, with the index of what is wrong."""
    found: list[PackageEntitlement] = []
    problems: list[Problem] = []
    for index, sent in enumerate(body.entitlements):
        path = f"entitlements[{index}]"
        if isinstance(sent, CreditEntitlementBody):
            raise no_credit_currency(f"{path}.id", sent.id)
        try:
            found.append(
                PackageEntitlement(
                    feature_id=FeatureId(sent.id), created_at=at, updated_at=at, **_sent(sent)
                )
            )
        except Invalid as refused:
            problems += [problem.under(path) for problem in refused.problems]
    if problems:
        raise Invalid(*problems)
    return found


def changes_of(patch: FeatureEntitlementPatch) -> Mapping[str, Any]:
    """What of an entitlement changes, by the names of the rules."""
    changes = _sent(patch)
    if changes.get("has_unlimited_usage") and "usage_limit" not in changes:
        changes["usage_limit"] = None
    if changes.get("usage_limit") is not None and "has_unlimited_usage" not in changes:
        changes["has_unlimited_usage"] = False
    return changes


def entitlement_wire(entitlement: PackageEntitlement) -> EntitlementWire:
    """As it travels."""
    anchor = entitlement.reset_according_to
    return EntitlementWire(
        id=entitlement.feature_id,
        type="FEATURE",
        is_granted=entitlement.is_granted,
        has_unlimited_usage=entitlement.has_unlimited_usage,
        has_soft_limit=entitlement.has_soft_limit,
        usage_limit=entitlement.usage_limit,
        enum_values=list(entitlement.enum_values) or None,
        reset_period=entitlement.reset_period,
        reset_period_configuration=None
        if anchor is None
        else ResetWire.model_validate({"accordingTo": anchor}),
        behavior=entitlement.behavior,
        is_custom=entitlement.is_custom,
        display_name_override=entitlement.display_name_override,
        description=entitlement.description,
        hidden_from_widgets=list(entitlement.hidden_from),
        order=entitlement.order,
        created_at=entitlement.created_at,
        updated_at=entitlement.updated_at,
    )


DEFAULTS: Mapping[str, Any] = {
    "is_granted": True,
    "has_unlimited_usage": False,
    "has_soft_limit": False,
    "is_custom": False,
    "behavior": Behavior.INCREMENT,
}
PLAIN = (*DEFAULTS, "usage_limit", "description", "display_name_override", "order")


def _sent(wire: FeatureValues) -> dict[str, Any]:
    """Fields that were sent, by the names of the rules; null is what stands without them."""
    sent = wire.model_fields_set
    found = {name: getattr(wire, name) for name in PLAIN if name in sent}
    for name, value in found.items():
        found[name] = DEFAULTS.get(name) if value is None else value
    if "enum_values" in sent:
        found["enum_values"] = tuple(wire.enum_values or ())
    if "hidden_from_widgets" in sent:
        found["hidden_from"] = tuple(wire.hidden_from_widgets or ())
    if any(name in sent for name in ResetFields.model_fields):
        resets = resets_of(wire)
        found["reset_period"] = resets.period
        found["reset_according_to"] = resets.according_to
    return found
