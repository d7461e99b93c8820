"""Features and their meters in the notation of the company file."""

from __future__ import annotations

from usance.documents.particulars import metadata_from
from usance.documents.plain import Fields, choice, each, given, name, ref, text, whole
from usance.domain.catalog import (
    Aggregation,
    Condition,
    EnumValue,
    Feature,
    FeatureStatus,
    FeatureType,
    Filter,
    Meter,
    MeterType,
    Operation,
    UnitRounding,
    UnitTransformation,
)
from usance.domain.ids import FeatureId


def feature_from(plain: object, path: str = "") -> Feature:
    """The feature in `plain`. Raises Invalid with every problem."""
    fields = Fields(plain, path)
    feature_id = fields.need("featureId", ref)
    display_name = fields.take("displayName", name, feature_id)
    feature_type = fields.take("featureType", choice(FeatureType), FeatureType.NUMBER)
    meter_type = fields.take("meterType", choice(MeterType), MeterType.NONE)
    meter = fields.take("meter", meter_from, None)
    units, units_plural = fields.take("units", name, None), fields.take("unitsPlural", name, None)
    metadata = fields.take("metadata", metadata_from, {})
    description = fields.take("description", text, None)
    status = fields.take("status", choice(FeatureStatus), FeatureStatus.NEW)
    enum_values = fields.take("enumValues", each(_enum_value, most=100), ())
    unit_transformation = fields.take("unitTransformation", _unit_transformation, None)
    return fields.made(
        lambda: Feature(
            id=FeatureId(feature_id),
            display_name=display_name,
            feature_type=feature_type,
            meter_type=meter_type,
            meter=meter,
            units=units,
            units_plural=units_plural,
            metadata=metadata,
            description=description,
            status=status,
            enum_values=enum_values,
            unit_transformation=unit_transformation,
        )
    )


def plain_feature(feature: Feature) -> dict[str, object]:
    """The feature in its notation; what is empty is left out."""
    return given(
        featureId=feature.id,
        displayName=feature.display_name,
        featureType=feature.feature_type.value,
        meterType=feature.meter_type.value,
        meter=None if feature.meter is None else plain_meter(feature.meter),
        units=feature.units,
        unitsPlural=feature.units_plural,
        metadata=dict(feature.metadata),
        description=feature.description,
        status=None if feature.status is FeatureStatus.NEW else feature.status.value,
        enumValues=[
            {"value": each.value, "displayName": each.display_name} for each in feature.enum_values
        ],
        unitTransformation=_plain_transformation(feature.unit_transformation),
    )


def meter_from(plain: object, path: str) -> Meter:
    """`{eventName, aggregation: {function, field}, filters: [{conditions: [...]}]}`."""
    fields = Fields(plain, path)
    event_name = fields.need("eventName", text)
    aggregation = fields.need("aggregation", _aggregation)
    filters = fields.take("filters", each(_filter, most=20), ())
    return fields.made(lambda: Meter(event_name, *aggregation, filters))


def plain_meter(meter: Meter) -> dict[str, object]:
    """The meter in its notation."""
    return given(
        eventName=meter.event_name,
        aggregation=given(function=meter.aggregation.value, field=meter.field),
        filters=[
            {"conditions": [_plain_condition(asked) for asked in one.conditions]}
            for one in meter.filters
        ],
    )


def _enum_value(plain: object, path: str) -> EnumValue:
    fields = Fields(plain, path)
    value = fields.need("value", name)
    display_name = fields.take("displayName", name, value)
    return fields.made(lambda: EnumValue(value, display_name))


def _unit_transformation(plain: object, path: str) -> UnitTransformation:
    """Reported units divided by `divide`, what is begun rounded UP or DOWN."""
    fields = Fields(plain, path)
    divide = fields.need("divide", whole)
    rounding = fields.take("round", choice(UnitRounding), UnitRounding.UP)
    units, units_plural = fields.take("units", name, None), fields.take("unitsPlural", name, None)
    return fields.made(lambda: UnitTransformation(divide, rounding, units, units_plural))


def _plain_transformation(unit: UnitTransformation | None) -> dict[str, object] | None:
    if unit is None:
        return None
    return given(
        divide=unit.divide,
        round=unit.rounding.value,
        units=unit.units,
        unitsPlural=unit.units_plural,
    )


def _aggregation(plain: object, path: str) -> tuple[Aggregation, str | None]:
    fields = Fields(plain, path)
    function = fields.need("function", choice(Aggregation))
    field = fields.take("field", text, None)
    return fields.made(lambda: (function, field))


def _filter(plain: object, path: str) -> Filter:
    fields = Fields(plain, path)
    conditions = fields.need("conditions", each(_condition, most=20))
    return fields.made(lambda: Filter(conditions))


def _condition(plain: object, path: str) -> Condition:
    """`value` for one, `values` for a list."""
    fields = Fields(plain, path)
    field = fields.need("field", text)
    operation = fields.need("operation", choice(Operation))
    value = fields.take("value", text, None)
    values = fields.take("values", each(text, most=100), ())
    one = () if value is None else (value,)
    return fields.made(lambda: Condition(field, operation, (*one, *values)))


def _plain_condition(condition: Condition) -> dict[str, object]:
    plain: dict[str, object] = {"field": condition.field, "operation": condition.operation.value}
    if len(condition.values) == 1:
        plain["value"] = condition.values[0]
    elif condition.values:
        plain["values"] = list(condition.values)
    return plain
