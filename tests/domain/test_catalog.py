"""Features and meters: which can be defined, and which cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.catalog import (
    ABSENCE,
    ORDERED,
    PARTIAL,
    Aggregation,
    Condition,
    Feature,
    FeatureType,
    Filter,
    Meter,
    MeterType,
    Operation,
    UnitRounding,
    UnitTransformation,
    read_number,
    reported_as,
)
from usance.domain.errors import Invalid
from usance.domain.ids import FeatureId

CALLS = Meter("api_call", Aggregation.COUNT)
API_CALLS = Feature(
    id=FeatureId("api-calls"),
    display_name="API calls",
    meter_type=MeterType.INCREMENTAL,
    meter=CALLS,
    units="call",
    units_plural="calls",
    metadata={"team": "platform"},
)
ONE_VALUE = sorted(set(Operation) - ABSENCE - ORDERED - PARTIAL - {Operation.IN})


def problems(make: Callable[[], object]) -> list[tuple[str, str, str]]:
    with pytest.raises(Invalid) as refused:
        make()
    return [(problem.code, problem.path, problem.value) for problem in refused.value.problems]


@given(st.sampled_from(Aggregation), st.none() | st.just("tokens"))
def test_a_meter_reads_a_field_exactly_when_its_aggregation_needs_one(
    aggregation: Aggregation, field: str | None
) -> None:
    if (aggregation is Aggregation.COUNT) == (field is None):
        assert Meter("call", aggregation, field).field == field
    else:
        refused = problems(lambda: Meter("call", aggregation, field))
        assert refused == [("InvalidMeter", "aggregation.field", field or "")]


@given(st.sampled_from(FeatureType), st.sampled_from(MeterType), st.none() | st.just(CALLS))
def test_only_a_number_is_metered_and_a_meter_belongs_to_a_feature_whose_usage_is_measured(
    feature_type: FeatureType, meter_type: MeterType, meter: Meter | None
) -> None:
    measured = meter_type is not MeterType.NONE
    fits = (feature_type is FeatureType.NUMBER or not measured) and (measured or meter is None)

    def make() -> Feature:
        return replace(API_CALLS, feature_type=feature_type, meter_type=meter_type, meter=meter)

    if fits:
        assert make().meter == meter
    else:
        assert {code for code, _, _ in problems(make)} == {"InvalidMeterType"}


@given(st.sampled_from(Operation), st.lists(st.just("5"), max_size=3))
def test_a_condition_carries_as_many_values_as_its_operation_compares_with(
    operation: Operation, values: list[str]
) -> None:
    least = 0 if operation in ABSENCE else 1
    most = 3 if operation is Operation.IN else least
    if least <= len(values) <= most:
        assert Condition("tokens", operation, tuple(values)).values == tuple(values)
    else:
        refused = problems(lambda: Condition("tokens", operation, tuple(values)))
        assert refused == [("InvalidMeter", "values", f"{len(values)} of them")]


@pytest.mark.parametrize("operation", sorted(ORDERED))
@pytest.mark.parametrize("value", ["", "many", "12abc", "1e5", "2026-01-01"])
def test_a_condition_orders_numbers_only(operation: Operation, value: str) -> None:
    refused = problems(lambda: Condition("tokens", operation, (value,)))
    assert refused == [("InvalidCondition", "value", value)]


@pytest.mark.parametrize("operation", sorted(PARTIAL))
def test_a_part_of_a_text_has_at_least_one_character(operation: Operation) -> None:
    refused = problems(lambda: Condition("region", operation, ("",)))
    assert refused == [("InvalidCondition", "value", "")]


@pytest.mark.parametrize("operation", ONE_VALUE)
def test_a_text_may_be_compared_with_the_empty_one(operation: Operation) -> None:
    assert Condition("region", operation, ("",)).values == ("",)


def test_texts_that_the_database_could_not_hold_are_refused() -> None:
    assert problems(lambda: Condition("region", Operation.EQUALS, ("a\x00",))) == [
        ("InvalidText", "values", "'a\\x00'")
    ]
    assert problems(lambda: Condition("region", Operation.EQUALS, ("\ud800",))) == [
        ("InvalidText", "values", "'\\ud800'")
    ]
    assert problems(lambda: Condition("re\ngion", Operation.IS_NULL)) == [
        ("InvalidName", "field", "'re\\ngion'")
    ]


def test_a_filter_has_conditions_and_a_meter_a_bounded_number_of_filters() -> None:
    assert problems(lambda: Filter(())) == [("InvalidMeter", "conditions", "0 of them")]
    passes = Filter((Condition("region", Operation.IS_NULL),))
    assert problems(lambda: Meter("call", Aggregation.COUNT, None, (passes,) * 21)) == [
        ("InvalidMeter", "filters", "21 of them")
    ]
    assert problems(lambda: Meter(" ", Aggregation.SUM, "")) == [
        ("InvalidName", "eventName", "' '"),
        ("InvalidName", "aggregation.field", "''"),
    ]


def test_a_feature_names_every_problem_it_has() -> None:
    with pytest.raises(Invalid) as refused:
        replace(API_CALLS, id=FeatureId("a b"), display_name="", units="\x07")
    assert [problem.path for problem in refused.value.problems] == ["id", "displayName", "units"]
    with pytest.raises(Invalid) as refused:
        replace(API_CALLS, metadata={"": "x", "note": "a" * 1001})
    assert [problem.path for problem in refused.value.problems] == ["metadata", "metadata.note"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12.50", Decimal("12.5")),
        ("-0", Decimal(0)),
        ("007", Decimal(7)),
        ("9" * 17, Decimal("9" * 17)),
        ("0." + "1" * 12, Decimal("0." + "1" * 12)),
        ("9" * 18, None),
        ("0." + "1" * 13, None),
        ("1.", None),
        (".5", None),
        ("+1", None),
        ("1e5", None),
        ("12abc", None),
        ("12\n", None),
        ("١٢", None),
        ("", None),
    ],
)
def test_a_text_is_a_number_when_it_plainly_reads_as_one(text: str, number: Decimal | None) -> None:
    assert read_number(text) == number


def test_a_feature_needs_an_id_and_a_name_and_no_more() -> None:
    sso = Feature(id=FeatureId("sso"), display_name="SSO", feature_type=FeatureType.BOOLEAN)
    assert (sso.meter_type, sso.meter, sso.units) == (MeterType.NONE, None, None)


@given(st.sampled_from(MeterType), st.booleans())
def test_what_is_measured_is_counted_by_its_meter_or_by_the_sum_of_what_is_reported_of_it(
    meter_type: MeterType, has_meter: bool
) -> None:
    is_measured = meter_type is not MeterType.NONE
    meter = CALLS if has_meter and is_measured else None
    feature = replace(API_CALLS, meter_type=meter_type, meter=meter)
    assert (feature.counted_by is not None) == is_measured
    if meter is not None:
        assert feature.counted_by == meter
    elif feature.counted_by is not None:
        assert feature.counted_by.event_name == "usage:api-calls"
        assert feature.counted_by.aggregation is Aggregation.SUM


def test_reported_usage_has_a_name_of_its_own_however_long_the_id() -> None:
    names = {reported_as("x" * length) for length in (1, 249, 250, 255)}
    assert len(names) == 4
    assert max(map(len, names)) <= 255


def test_no_meter_listens_to_reported_usage() -> None:
    meter = Meter("usage:seats", Aggregation.COUNT)
    assert problems(lambda: replace(API_CALLS, meter=meter)) == [
        ("ReservedName", "meter.eventName", "usage:seats")
    ]


@given(
    st.integers(1, 1000),
    st.sampled_from(UnitRounding),
    st.decimals(0, 10**6, places=5),
    st.integers(0, 1000),
)
def test_what_is_reported_fits_in_what_is_sold_up_to_the_most_that_does(
    divide: int, rounding: UnitRounding, reported: Decimal, limit: int
) -> None:
    unit = UnitTransformation(divide, rounding)
    fits = unit.sold(reported) <= limit
    assert fits == (reported <= unit.most_reported(Decimal(limit)))


def test_a_unit_begun_counts_whole_or_not_at_all() -> None:
    up, down = UnitTransformation(1000), UnitTransformation(1000, UnitRounding.DOWN)
    assert [up.sold(Decimal(each)) for each in (0, 1, 1000, 1001)] == [0, 1, 1, 2]
    assert [down.sold(Decimal(each)) for each in (0, 999, 1000, 1999)] == [0, 0, 1, 1]
