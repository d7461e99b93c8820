"""What a plan or add-on entitles to: a feature, up to a limit, reset every so often."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from usance.domain.catalog import Feature, FeatureType, MeterType
from usance.domain.errors import Problem, refuse_if
from usance.domain.ids import FeatureId
from usance.domain.plans.wording import name_problems, text_problems

LARGEST = Decimal(2) ** 53
START = "SubscriptionStart"
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


class ResetPeriod(StrEnum):
    """How often usage starts from zero."""

    YEAR = "YEAR"
    MONTH = "MONTH"
    WEEK = "WEEK"
    DAY = "DAY"
    HOUR = "HOUR"


ANCHORS = {
    ResetPeriod.YEAR: (START,),
    ResetPeriod.MONTH: (START, "StartOfTheMonth"),
    ResetPeriod.WEEK: (START, *(f"Every{day}" for day in WEEKDAYS)),
    ResetPeriod.DAY: (START,),
    ResetPeriod.HOUR: (START,),
}


class Behavior(StrEnum):
    """What an add-on does to what the plan gives."""

    INCREMENT = "Increment"  # adds to it, times its quantity
    OVERRIDE = "Override"  # stands in its place


class Widget(StrEnum):
    """Where an entitlement may be left out."""

    PAYWALL = "PAYWALL"
    CUSTOMER_PORTAL = "CUSTOMER_PORTAL"
    CHECKOUT = "CHECKOUT"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageEntitlement:
    """A feature of a package. `usage_limit` in the feature's units; `is_custom`: the value is left
    open, and given with each subscription. `reset_according_to`: what the period counts from.
    """

    feature_id: FeatureId
    created_at: datetime
    updated_at: datetime
    is_granted: bool = True
    has_unlimited_usage: bool = False
    has_soft_limit: bool = False
    usage_limit: Decimal | None = None
    enum_values: tuple[str, ...] = ()
    reset_period: ResetPeriod | None = None
    reset_according_to: str | None = None
    behavior: Behavior = Behavior.INCREMENT
    is_custom: bool = False
    display_name_override: str | None = None
    description: str | None = None
    hidden_from: tuple[Widget, ...] = ()
    order: Decimal | None = None

    def __post_init__(self) -> None:
        refuse_if(list(_problems(self)))


def fitting_problems(entitlement: PackageEntitlement, feature: Feature) -> Iterator[Problem]:
    """What of an entitlement does not go with the kind of its feature."""
    if feature.feature_type is not FeatureType.NUMBER:
        for path, found in (
            ("usageLimit", entitlement.usage_limit),
            ("resetPeriod", entitlement.reset_period),
            ("hasUnlimitedUsage", entitlement.has_unlimited_usage or None),
            ("hasSoftLimit", entitlement.has_soft_limit or None),
        ):
            if found is not None:
                expected = f"nothing, for {feature.id} is a {feature.feature_type}"
                yield Problem("InvalidEntitlement", path, str(found), expected)
    elif _says_nothing(entitlement):
        expected = "a number, unless hasUnlimitedUsage or isCustom"
        yield Problem("InvalidEntitlement", "usageLimit", "", expected)
    if entitlement.reset_period is not None and feature.meter_type is not MeterType.INCREMENTAL:
        expected = f"nothing, for the usage of {feature.id} never starts from zero"
        yield Problem("InvalidEntitlement", "resetPeriod", entitlement.reset_period, expected)
    yield from _enum_problems(entitlement, feature)


def _says_nothing(entitlement: PackageEntitlement) -> bool:
    is_open = entitlement.is_custom or entitlement.has_unlimited_usage or not entitlement.is_granted
    return entitlement.usage_limit is None and not is_open


def _enum_problems(entitlement: PackageEntitlement, feature: Feature) -> Iterator[Problem]:
    known = {each.value for each in feature.enum_values}
    unknown = [value for value in entitlement.enum_values if value not in known]
    if unknown:
        expected = f"values of {feature.id}: {', '.join(sorted(known)) or 'none'}"
        yield Problem("InvalidEntitlement", "enumValues", ", ".join(unknown)[:80], expected)
    is_open = not entitlement.is_granted or entitlement.is_custom
    if feature.feature_type is FeatureType.ENUM and not entitlement.enum_values and not is_open:
        yield Problem("InvalidEntitlement", "enumValues", "", f"some values of {feature.id}")


def _problems(entitlement: PackageEntitlement) -> Iterator[Problem]:
    limit = entitlement.usage_limit
    if limit is not None and not 0 <= limit < LARGEST:
        yield Problem("InvalidEntitlement", "usageLimit", str(limit), "zero or more, below 2^53")
    if limit is not None and entitlement.has_unlimited_usage:
        expected = "nothing beside hasUnlimitedUsage"
        yield Problem("InvalidEntitlement", "usageLimit", str(limit), expected)
    period, anchor = entitlement.reset_period, entitlement.reset_according_to
    if anchor is not None and (period is None or anchor not in ANCHORS[period]):
        names = "nothing" if period is None else " or ".join(ANCHORS[period])
        yield Problem("InvalidEntitlement", "accordingTo", anchor, f"{names}, by the resetPeriod")
    if len(set(entitlement.enum_values)) < len(entitlement.enum_values):
        expected = "each value once"
        yield Problem("InvalidEntitlement", "enumValues", "", expected)
    if entitlement.display_name_override is not None:
        yield from name_problems(entitlement.display_name_override, "displayNameOverride")
    yield from text_problems(entitlement.description, "description")
