"""Features in PostgreSQL: by id, by the events they listen to, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest

from usance.domain.catalog import Aggregation, Feature, Meter, MeterType
from usance.domain.ids import FeatureId
from usance.flows.runtime import Scope
from usance.store import features
from usance.store.database import Database, Jsonb, Tx

THEN = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 2, 1, tzinfo=UTC)
CALLS = Meter("call", Aggregation.COUNT)


@pytest.fixture
def tx(database: Database, scope: Scope) -> Iterator[Tx]:
    with database.transaction(scope.tenant_id) as tx:
        yield tx


def feature(feature_id: str, meter: Meter | None = None) -> Feature:
    kind = MeterType.INCREMENTAL
    return Feature(id=FeatureId(feature_id), display_name="Any", meter_type=kind, meter=meter)


def test_those_that_exist_are_found_by_id(tx: Tx) -> None:
    a, b = feature("a", CALLS), feature("b")
    for each in (a, b):
        features.save(tx, each, at=THEN)
    assert features.some(tx, ["a", "b", "c"]) == {"a": a, "b": b}
    assert features.some(tx, []) == {}


def test_meters_are_found_by_the_events_they_listen_to(tx: Tx) -> None:
    tokens = Meter("completion", Aggregation.SUM, "tokens")
    for each in (feature("a", CALLS), feature("b"), feature("c", tokens)):
        features.save(tx, each, at=THEN)
    assert features.meters_of(tx, ["call", "login"]) == [CALLS]
    assert features.meters_of(tx, []) == []


def test_pages_follow_each_other_in_the_order_of_ids(tx: Tx) -> None:
    for name in "cabed":
        features.save(tx, feature(name), at=THEN)
    seen, after = [], None
    while page := features.page(tx, after=after, limit=2):
        seen.append([dated.feature.id for dated in page])
        after = page[-1].feature.id
    assert seen == [["a", "b"], ["c", "d"], ["e"]]


def test_a_feature_knows_when_it_was_first_and_last_saved(tx: Tx) -> None:
    features.save(tx, feature("a"), at=THEN)
    features.save(tx, feature("a", CALLS), at=LATER)
    [dated] = features.page(tx)
    assert (dated.created_at, dated.updated_at) == (THEN, LATER)


def test_saving_it_as_another_kind_does_nothing(tx: Tx) -> None:
    assert features.save(tx, feature("a"), at=THEN)
    assert not features.save(tx, replace(feature("a"), meter_type=MeterType.NONE), at=LATER)
    assert features.one(tx, "a") == feature("a")


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"meter_type": "NONE"}, "a_meter_measures_usage"),
        ({"feature_type": "ENUM"}, "only_a_number_is_measured"),
        ({"meter": {"aggregation": "SUM"}}, "a_meter_reads_a_field_unless_it_counts"),
        (
            {"meter": {"aggregation": "COUNT", "field": "x"}},
            "a_meter_reads_a_field_unless_it_counts",
        ),
    ],
)
def test_sql_refuses_what_the_rules_refuse(
    tx: Tx, change: dict[str, object], constraint: str
) -> None:
    row: dict[str, object] = {"feature_type": "NUMBER", "meter_type": "INCREMENTAL"}
    row |= {"id": "a", "display_name": "A", "units": None, "units_plural": None, "at": THEN}
    row |= {"meter": {"aggregation": "COUNT"}, "metadata": Jsonb({})} | change
    row["meter"] = Jsonb(row["meter"])
    row |= {"description": None, "status": "NEW", "enum_values": Jsonb([])}
    row["unit_transformation"] = None
    with pytest.raises(psycopg.errors.CheckViolation) as refused, tx.connection.transaction():
        tx.run(features.SAVE, **row)
    assert refused.value.diag.constraint_name == constraint
