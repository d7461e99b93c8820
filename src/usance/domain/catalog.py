"""Catalogue: what is sold and measured. So far: features, and the meters that count their usage.

Owns: features and their kinds, meters, the filters of a meter; what makes each a valid one.
Does not own: counting (metering), prices (rating), who may use what (entitlements).

Always true:
- a meter reads a field exactly when its aggregation needs one;
- only a number is metered, and a meter belongs to a feature whose usage is measured;
- a condition carries as many values as its operation compares with, and numbers where it orders;
- what is measured is counted, by its meter or by the sum of what is reported of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from usance.domain.errors import Problem, refuse_if
from usance.domain.ids import REF, FeatureId

MAX_NAME = 255
MAX_FILTERS = 20
MAX_CONDITIONS = 20  # of one filter
MAX_VALUES = 100  # of one IN
MAX_VALUE = 1000
MAX_WHOLE = 17  # digits of a whole number
SMALLEST_REPORTED = Decimal("0.00001")
REPORTED = "usage:"  # begins the names of the events that keep what was reported of a feature
REPORTED_VALUE = "usage:value"  # the dimension that holds the number

# Characters a name may hold: not the control ones, and no half of a surrogate pair, which is no
# text at all and which PostgreSQL would refuse later.
NAME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,255}")
# One plain decimal number. schema.sql's usage_number reads by the same pattern.
NUMERAL = re.compile(r"-?[0-9]{1,17}([.][0-9]{1,12})?")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class FeatureType(StrEnum):
    """What a feature's value is: a switch, a number, or one of a list."""

    BOOLEAN = "BOOLEAN"
    NUMBER = "NUMBER"
    ENUM = "ENUM"


class MeterType(StrEnum):
    """How usage of a feature moves."""

    NONE = "NONE"  # a value of configuration; nothing is used up
    FLUCTUATING = "FLUCTUATING"  # up and down: seats, storage
    INCREMENTAL = "INCREMENTAL"  # only up, and from zero again each period: calls


class Aggregation(StrEnum):
    """How the events of a window become one quantity."""

    COUNT = "COUNT"  # how many events
    SUM = "SUM"
    MAX = "MAX"
    MIN = "MIN"
    AVG = "AVG"
    UNIQUE = "UNIQUE"  # how many different values of the field


class Operation(StrEnum):
    """What a condition asks of a dimension. `metering` says how each compares."""

    EQUALS = "EQUALS"
    NOT_EQUALS = "NOT_EQUALS"
    GREATER_THAN = "GREATER_THAN"
    GREATER_THAN_OR_EQUAL = "GREATER_THAN_OR_EQUAL"
    LESS_THAN = "LESS_THAN"
    LESS_THAN_OR_EQUAL = "LESS_THAN_OR_EQUAL"
    IS_NULL = "IS_NULL"
    IS_NOT_NULL = "IS_NOT_NULL"
    CONTAINS = "CONTAINS"
    STARTS_WITH = "STARTS_WITH"
    ENDS_WITH = "ENDS_WITH"
    IN = "IN"


ABSENCE = {Operation.IS_NULL, Operation.IS_NOT_NULL}
ORDERED = {
    Operation.GREATER_THAN,
    Operation.GREATER_THAN_OR_EQUAL,
    Operation.LESS_THAN,
    Operation.LESS_THAN_OR_EQUAL,
}
PARTIAL = {Operation.CONTAINS, Operation.STARTS_WITH, Operation.ENDS_WITH}


@dataclass(frozen=True, slots=True)
class Condition:
    """One question about one dimension: `Condition("region", Operation.IN, ("eu", "uk"))`.

    No value for IS_NULL and IS_NOT_NULL, one or more for IN, one for all others.
    """

    field: str
    operation: Operation
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        refuse_if([*_name_problems(self.field, "field"), *_value_problems(self)])


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that must all hold."""

    conditions: tuple[Condition, ...]

    def __post_init__(self) -> None:
        refuse_if(list(_count_problems(self.conditions, "conditions", 1, MAX_CONDITIONS)))


@dataclass(frozen=True, slots=True)
class Meter:
    """What turns usage events into a quantity.

    It listens to the events called `event_name`; of those, to the ones that pass at least one of
    its `filters` (all of them, when it has none). `field` is the dimension that is summed,
    compared or told apart; COUNT has none.
    """

    event_name: str
    aggregation: Aggregation
    field: str | None = None
    filters: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        problems = [*_name_problems(self.event_name, "eventName")]
        problems += _count_problems(self.filters, "filters", 0, MAX_FILTERS)
        if self.field is not None:
            problems += _name_problems(self.field, "aggregation.field")
        if (self.field is None) != (self.aggregation is Aggregation.COUNT):
            expected = "a field, unless the function is COUNT, which counts whole events"
            shown = self.field or ""
            problems.append(Problem("InvalidMeter", "aggregation.field", shown, expected))
        refuse_if(problems)


class FeatureStatus(StrEnum):
    """Whether a feature may be granted. A suspended one (archived) is granted anew no more."""

    NEW = "NEW"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"


class UnitRounding(StrEnum):
    """What becomes of a unit begun."""

    UP = "UP"
    DOWN = "DOWN"


@dataclass(frozen=True, slots=True)
class EnumValue:
    """One of the values that a feature of type ENUM may have."""

    value: str
    display_name: str


@dataclass(frozen=True, slots=True)
class UnitTransformation:
    """Reported in one unit, sold in another: bytes by 10^9, rounded up, are gigabytes."""

    divide: int
    rounding: UnitRounding = UnitRounding.UP
    units: str | None = None
    units_plural: str | None = None

    def sold(self, reported: Decimal) -> Decimal:
        """How many whole units of what is sold so much of what is reported is."""
        whole = reported // self.divide  # toward zero
        is_begun = reported > whole * self.divide
        return whole + 1 if is_begun and self.rounding is UnitRounding.UP else whole

    def most_reported(self, sold: Decimal) -> Decimal:
        """The most of what is reported that is no more than so much of what is sold."""
        if self.rounding is UnitRounding.UP:
            return sold // 1 * self.divide
        return (sold // 1 + 1) * self.divide - SMALLEST_REPORTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """Something a customer gets: a switch, a setting, or a thing that is used and measured.

    A measured feature without a `meter` takes no events: its usage is reported as a number.
    """

    id: FeatureId
    display_name: str
    feature_type: FeatureType = FeatureType.NUMBER
    meter_type: MeterType = MeterType.NONE
    meter: Meter | None = None
    units: str | None = None
    units_plural: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None
    status: FeatureStatus = FeatureStatus.NEW
    enum_values: tuple[EnumValue, ...] = ()
    unit_transformation: UnitTransformation | None = None

    def __post_init__(self) -> None:
        refuse_if([*_feature_problems(self), *_detail_problems(self)])

    @property
    def counted_by(self) -> Meter | None:
        """What counts its usage: its meter, or the sum of what is reported of it; None when
        nothing is measured.
        """
        if self.meter is not None or self.meter_type is MeterType.NONE:
            return self.meter
        return Meter(reported_as(self.id), Aggregation.SUM, REPORTED_VALUE)

    @property
    def is_level(self) -> bool:
        """Whether a period is billed by the highest level in it, as with seats: what was reported
        stays used until less is.
        """
        return self.meter is None and self.meter_type is MeterType.FLUCTUATING


def reported_as(feature_id: str) -> str:
    """The name of the events that keep what is reported of a feature: `usage:seats`.

    An id too long for that goes by its hash, behind a character that no id has.
    """
    name = REPORTED + feature_id
    if len(name) <= MAX_NAME:
        return name
    return f"{REPORTED}~{hashlib.sha256(feature_id.encode()).hexdigest()}"


def read_number(text: str) -> Decimal | None:
    """The number that `text` plainly is, such as "-12.50"; None for anything else, "12abc" too.

    At most 17 digits before and 12 after the point; no blanks, no exponent, no thousands.
    """
    return Decimal(text) if NUMERAL.fullmatch(text) else None


def _feature_problems(feature: Feature) -> Iterator[Problem]:
    if not isinstance(feature.id, str) or not REF.fullmatch(feature.id):
        expected = "1 to 255 letters, digits and _ | . : @ -, beginning with a letter or digit"
        yield Problem("InvalidId", "id", ascii(feature.id)[:80], expected)
    yield from _name_problems(feature.display_name, "displayName")
    for path, text in (("units", feature.units), ("unitsPlural", feature.units_plural)):
        if text is not None:
            yield from _name_problems(text, path)
    for key, value in feature.metadata.items():
        yield from _name_problems(key, "metadata")
        yield from _text_problems(value, f"metadata.{key}")
    if feature.meter_type is not MeterType.NONE and feature.feature_type is not FeatureType.NUMBER:
        expected = "NONE, for only a feature of type NUMBER is measured"
        yield Problem("InvalidMeterType", "meterType", feature.meter_type, expected)
    if feature.meter is not None and feature.meter.event_name.startswith(REPORTED):
        expected = f"a name that does not begin with {REPORTED!r}: such events are reported usage"
        yield Problem("ReservedName", "meter.eventName", feature.meter.event_name[:80], expected)
    if feature.meter is not None and feature.meter_type is MeterType.NONE:
        expected = "INCREMENTAL or FLUCTUATING, for the feature has a meter"
        yield Problem("InvalidMeterType", "meterType", feature.meter_type, expected)


def _detail_problems(feature: Feature) -> Iterator[Problem]:
    if feature.description is not None:
        yield from _text_problems(feature.description, "description")
    values = [each.value for each in feature.enum_values]
    if values and feature.feature_type is not FeatureType.ENUM:
        expected = "nothing, unless the feature's type is ENUM"
        yield Problem("InvalidEnum", "enumValues", f"{len(values)} of them", expected)
    if len(set(values)) < len(values) or len(values) > MAX_VALUES:
        expected = f"at most {MAX_VALUES} values, each once"
        yield Problem("InvalidEnum", "enumValues", f"{len(values)} of them", expected)
    for index, each in enumerate(feature.enum_values):
        yield from _name_problems(each.value, f"enumValues[{index}].value")
        yield from _name_problems(each.display_name, f"enumValues[{index}].displayName")
    unit = feature.unit_transformation
    if unit is None:
        return
    if feature.meter_type is MeterType.NONE or not 1 <= unit.divide < 10**MAX_WHOLE:
        expected = "a whole number above zero, of a feature whose usage is measured"
        yield Problem("InvalidUnits", "unitTransformation.divide", str(unit.divide), expected)
    for name, text in (("units", unit.units), ("unitsPlural", unit.units_plural)):
        if text is not None:
            yield from _name_problems(text, f"unitTransformation.{name}")


def _value_problems(condition: Condition) -> Iterator[Problem]:
    operation = condition.operation
    least = 0 if operation in ABSENCE else 1
    most = MAX_VALUES if operation is Operation.IN else least
    yield from _count_problems(condition.values, "values", least, most)
    for value in condition.values:
        yield from _text_problems(value, "values")
        if operation in ORDERED and read_number(value) is None:
            expected = f"a number such as 12.5, for {operation} compares numbers"
            yield Problem("InvalidCondition", "value", value[:80], expected)
        if operation in PARTIAL and not value:
            expected = f"at least one character, for every text satisfies {operation} nothing"
            yield Problem("InvalidCondition", "value", "", expected)


def _name_problems(name: str, path: str) -> Iterator[Problem]:
    if not isinstance(name, str) or not name.strip() or not NAME.fullmatch(name):
        expected = f"1 to {MAX_NAME} characters, without control characters"
        yield Problem("InvalidName", path, ascii(name)[:80], expected)


def _text_problems(text: str, path: str) -> Iterator[Problem]:
    if not isinstance(text, str) or len(text) > MAX_VALUE or not is_storable(text):
        expected = f"text of at most {MAX_VALUE} characters, without NUL"
        yield Problem("InvalidText", path, ascii(text)[:80], expected)


def is_storable(text: str) -> bool:
    """False for text PostgreSQL cannot hold: with a NUL, or with half of a surrogate pair."""
    return UNSTORABLE.search(text) is None


def _count_problems(
    items: tuple[object, ...], path: str, least: int, most: int
) -> Iterator[Problem]:
    if not least <= len(items) <= most:
        expected = f"{least} to {most} of them" if least < most else f"exactly {most} of them"
        yield Problem("InvalidMeter", path, f"{len(items)} of them", expected)
