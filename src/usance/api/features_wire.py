"""Features as they travel.

A meter listens to the events of one name. Stigg's SDKs say which in the filters, as a condition
`eventName EQUALS ...`; so it is shown there, and read from there as well as from `eventName`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from usance.api.envelope import Instant, Wire
from usance.api.fields import Metadata, Ref
from usance.documents.feature_notation import plain_feature
from usance.domain.catalog import (
    Aggregation,
    FeatureStatus,
    FeatureType,
    MeterType,
    Operation,
    UnitRounding,
)
from usance.domain.errors import Invalid, Problem
from usance.store.features import DatedFeature

# The notation's names of fields, and the wire's.
NAMES = {
    "featureId": "id",
    "units": "featureUnits",
    "unitsPlural": "featureUnitsPlural",
    "enumValues": "enumConfiguration",
    "status": "featureStatus",
}
NOTATION = {wire: name for name, wire in NAMES.items()}
METER_TYPES = {
    "None": MeterType.NONE,
    "FLUCTUATING": MeterType.FLUCTUATING,
    "INCREMENTAL": MeterType.INCREMENTAL,
}
EVENT_NAME = "eventName"


class AggregateWire(Wire):
    """How the events of a window become one quantity; COUNT has no field."""

    function: Aggregation
    field: str | None = None


class ConditionWire(Wire):
    """One question about one dimension of an event, or about its name (`eventName`)."""

    field: str
    operation: Operation
    value: str | None = None
    values: list[str] | None = None


class FilterWire(Wire):
    """Conditions that must all hold."""

    conditions: list[ConditionWire]


class MeterWire(Wire):
    """Which events count, and how. An event passes when one of the filters does."""

    event_name: str | None = Field(
        default=None,
        description="Or in each filter a condition: eventName EQUALS it.",
        examples=["api_calls"],
    )
    aggregation: AggregateWire
    filters: list[FilterWire] | None = None


class EnumWire(Wire):
    """One of the values of a feature of type ENUM."""

    value: str = Field(examples=["eu"])
    display_name: str = Field(examples=["Europe"])


class UnitWire(Wire):
    """Reported in one unit, sold in another."""

    divide: int
    round: UnitRounding = UnitRounding.UP
    feature_units: str | None = None
    feature_units_plural: str | None = None


class FeatureWords(Wire):
    """What may change of a feature."""

    description: str | None = None
    display_name: str | None = Field(default=None, max_length=255, examples=["API calls"])
    enum_configuration: list[EnumWire] | None = None
    feature_units: str | None = Field(default=None, examples=["call"])
    feature_units_plural: str | None = Field(default=None, examples=["calls"])
    metadata: Metadata | None = None
    meter: MeterWire | None = None
    unit_transformation: UnitWire | None = None


class FeaturePatch(FeatureWords):
    """What changes of a feature; null clears."""


class FeatureBody(FeatureWords):
    """A feature, new or replaced."""

    id: Ref = Field(examples=["api-calls"])
    feature_type: FeatureType = FeatureType.NUMBER
    meter_type: Literal["None", "FLUCTUATING", "INCREMENTAL"] = "None"
    feature_status: FeatureStatus | None = Field(
        default=None, description="NEW, or as it was, without it."
    )


class FeatureWire(FeatureWords):
    """A feature."""

    id: str
    display_name: str
    feature_type: FeatureType
    feature_status: FeatureStatus
    meter_type: Literal["None", "FLUCTUATING", "INCREMENTAL"]
    metadata: Metadata
    created_at: Instant
    updated_at: Instant


def sent(body: FeatureWords) -> dict[str, Any]:
    """What was sent, in the notation. Raises Invalid where a meter names no event, or several."""
    fields = body.model_dump(by_alias=True, exclude_unset=True)
    plain = {NOTATION.get(key, key): value for key, value in fields.items()}
    if plain.get("meterType") == "None":
        plain["meterType"] = MeterType.NONE.value
    if plain.get("displayName", "") is None:
        del plain["displayName"]
    if plain.get("unitTransformation") is not None:
        unit = plain["unitTransformation"]
        plain["unitTransformation"] = {NOTATION.get(key, key): unit[key] for key in unit}
    if plain.get("meter") is not None:
        plain["meter"] = _with_event_name(plain["meter"])
    return plain


def feature_wire(dated: DatedFeature) -> FeatureWire:
    """As it travels."""
    plain: dict[str, Any] = {
        NAMES.get(key, key): value for key, value in plain_feature(dated.feature).items()
    }
    if plain["meterType"] == MeterType.NONE:
        plain["meterType"] = "None"
    plain |= {"featureStatus": dated.feature.status, "metadata": dict(dated.feature.metadata)}
    if "meter" in plain:
        plain["meter"] = _with_condition(plain["meter"])
    if "unitTransformation" in plain:
        unit = plain["unitTransformation"]
        plain["unitTransformation"] = {NAMES.get(key, key): unit[key] for key in unit}
    stamps = {"createdAt": dated.created_at, "updatedAt": dated.updated_at}
    return FeatureWire.model_validate({**plain, **stamps})


def _with_event_name(meter: dict[str, Any]) -> dict[str, Any]:
    """The meter as the notation has it: the name beside the filters, not in them."""
    names = {meter[EVENT_NAME]} if meter.get(EVENT_NAME) is not None else set()
    filters = []
    for one in meter.get("filters") or ():
        naming = [each for each in one["conditions"] if _names_event(each)]
        names |= {each.get("value") for each in naming}
        rest = [each for each in one["conditions"] if not _names_event(each)]
        if not naming and meter.get(EVENT_NAME) is None:
            names.add(None)
        filters.append({"conditions": rest})
    if len(names) != 1 or None in names:
        expected = "one event name: eventName, or eventName EQUALS it in each filter"
        shown = ", ".join(sorted(str(each) for each in names if each is not None))
        raise Invalid(Problem("InvalidMeter", "meter.eventName", shown[:80], expected))
    if any(not one["conditions"] for one in filters):
        filters = []  # one of them passes every event of that name
    return {**meter, EVENT_NAME: names.pop(), "filters": filters}


def _names_event(condition: dict[str, Any]) -> bool:
    return condition["field"] == EVENT_NAME and condition["operation"] is Operation.EQUALS


def _with_condition(meter: dict[str, Any]) -> dict[str, Any]:
    """With the name in each filter, as the SDKs look for it."""
    naming = {"field": EVENT_NAME, "operation": "EQUALS", "value": meter[EVENT_NAME]}
    filters = meter.get("filters") or [{"conditions": []}]
    shown = [{"conditions": [naming, *one["conditions"]]} for one in filters]
    return {**meter, "filters": shown}
