"""Features and their meters, through Stigg's SDK."""

from __future__ import annotations

from typing import Any

import pytest
from stigg import ConflictError, NotFoundError, Stigg, UnprocessableEntityError


def test_a_metered_feature_is_defined_changed_archived_and_restored(stigg: Stigg) -> None:
    features = stigg.v1.features
    made = features.create_feature(
        id="bytes",
        display_name="Storage",
        feature_type="NUMBER",
        meter_type="INCREMENTAL",
        description="What is kept",
        feature_units="byte",
        feature_units_plural="bytes",
        metadata={"team": "core"},
        meter={
            "aggregation": {"function": "SUM", "field": "size"},
            "filters": [
                {
                    "conditions": [
                        {"field": "eventName", "operation": "EQUALS", "value": "stored"},
                        {"field": "region", "operation": "IN", "values": ["eu", "uk"]},
                    ]
                }
            ],
        },
        unit_transformation={"divide": 1000, "round": "UP", "feature_units": "kilobyte"},
    ).data
    assert (made.feature_type, made.meter_type, made.feature_status) == (
        "NUMBER",
        "INCREMENTAL",
        "NEW",
    )
    assert made.meter is not None
    (one,) = made.meter.filters
    assert [(each.field, each.value or each.values) for each in one.conditions] == [
        ("eventName", "stored"),
        ("region", ["eu", "uk"]),
    ]
    assert made.unit_transformation is not None
    assert (made.unit_transformation.divide, made.unit_transformation.feature_units) == (
        1000,
        "kilobyte",
    )
    changed = features.update_feature(
        "bytes", display_name="Kept", metadata={}, unit_transformation=None
    ).data
    assert (changed.display_name, changed.metadata) == ("Kept", {})
    assert changed.unit_transformation is None
    assert changed.description == "What is kept"
    assert features.archive_feature("bytes").data.feature_status == "SUSPENDED"
    assert features.unarchive_feature("bytes").data.feature_status == "ACTIVE"


def test_a_meter_round_trips_as_it_is_shown(stigg: Stigg) -> None:
    features = stigg.v1.features
    features.create_feature(
        id="calls",
        display_name="Calls",
        feature_type="NUMBER",
        meter_type="INCREMENTAL",
        meter={
            "aggregation": {"function": "COUNT"},
            "filters": [
                {"conditions": [{"field": "eventName", "operation": "EQUALS", "value": "call"}]}
            ],
        },
    )
    shown = features.retrieve_feature("calls").data.meter
    assert shown is not None
    sent: Any = shown.to_dict()
    again = features.update_feature("calls", meter=sent).data.meter
    assert again == shown


@pytest.mark.parametrize("names", [[], ["call", "login"]])
def test_a_meter_listens_to_the_events_of_one_name(stigg: Stigg, names: list[str]) -> None:
    with pytest.raises(UnprocessableEntityError) as refused:
        stigg.v1.features.create_feature(
            id="calls",
            display_name="Calls",
            feature_type="NUMBER",
            meter_type="INCREMENTAL",
            meter={
                "aggregation": {"function": "COUNT"},
                "filters": [
                    {"conditions": [{"field": "eventName", "operation": "EQUALS", "value": name}]}
                    for name in names
                ],
            },
        )
    assert "meter.eventName" in str(refused.value)


def test_an_enum_has_values_and_keeps_its_kind(stigg: Stigg) -> None:
    features = stigg.v1.features
    made = features.create_feature(
        id="region",
        display_name="Region",
        feature_type="ENUM",
        feature_status="ACTIVE",
        enum_configuration=[{"value": "eu", "display_name": "Europe"}],
    ).data
    assert made.enum_configuration is not None
    assert [each.display_name for each in made.enum_configuration] == ["Europe"]
    assert made.feature_status == "ACTIVE"
    with pytest.raises(ConflictError):
        features.create_feature(id="region", display_name="Region", feature_type="BOOLEAN")
    with pytest.raises(UnprocessableEntityError) as refused:
        features.update_feature("region", unit_transformation={"divide": 5})
    assert "unitTransformation.divide" in str(refused.value)
    with pytest.raises(NotFoundError):
        features.archive_feature("none")


def test_features_are_listed_by_kind_and_status(stigg: Stigg) -> None:
    features = stigg.v1.features
    features.create_feature(id="zz", display_name="Z", feature_type="ENUM", enum_configuration=[])
    features.create_feature(
        id="yy", display_name="Y", feature_type="NUMBER", meter_type="FLUCTUATING"
    )
    features.archive_feature("yy")
    assert [each.id for each in features.list_features(feature_type=["ENUM"])] == ["zz"]
    assert [each.id for each in features.list_features(meter_type=["FLUCTUATING"], id="yy")] == [
        "yy"
    ]
    assert [each.id for each in features.list_features(status=["SUSPENDED"])] == ["yy"]
    both = {each.id for each in features.list_features(feature_type=["ENUM", "NUMBER"], limit=1)}
    assert {"yy", "zz"} <= both


def test_a_suspended_feature_is_granted_anew_no_more(stigg: Stigg) -> None:
    stigg.v1.products.create_product(id="app", display_name="App")
    stigg.v1.plans.create(id="pro", display_name="Pro", product_id="app")
    stigg.v1.features.create_feature(id="login", display_name="Login", feature_type="BOOLEAN")
    stigg.v1.features.archive_feature("login")
    with pytest.raises(UnprocessableEntityError) as refused:
        stigg.v1.plans.entitlements.create("pro", entitlements=[{"id": "login", "type": "FEATURE"}])
    assert "FeatureArchived" in str(refused.value)
