"""Features: what is sold and measured, and the meters that count it."""

from __future__ import annotations

from typing import Literal

from fastapi import Response
from pydantic import Field

from usance.api.caller import Asked, Caller
from usance.api.envelope import Instant, Page, Single, Wire
from usance.api.fields import Metadata, PathId, Ref, called
from usance.api.paging import Paging, part
from usance.api.route import resource
from usance.documents.feature_notation import feature_from, plain_feature
from usance.domain.catalog import Aggregation, FeatureType, Operation
from usance.domain.ids import FeatureId
from usance.flows.define_feature import define_feature
from usance.store import features
from usance.store.features import DatedFeature

# The notation's names of fields, and the wire's.
NAMES = {"featureId": "id", "units": "featureUnits", "unitsPlural": "featureUnitsPlural"}
NOTATION = {wire: name for name, wire in NAMES.items()}

router = resource("features", tag="Features")


class AggregateWire(Wire):
    """How the events of a window become one quantity; COUNT has no field."""

    function: Aggregation
    field: str | None = None


class ConditionWire(Wire):
    """One question about one dimension of an event."""

    field: str
    operation: Operation
    value: str | None = None
    values: list[str] | None = None


class FilterWire(Wire):
    """Conditions that must all hold."""

    conditions: list[ConditionWire]


class MeterWire(Wire):
    """Which events count, and how. An event passes when one of the filters does."""

    event_name: str = Field(examples=["api_calls"])
    aggregation: AggregateWire
    filters: list[FilterWire] | None = None


class FeatureBody(Wire):
    """A feature, new or replaced."""

    id: Ref = Field(examples=["api-calls"])
    display_name: str | None = Field(default=None, max_length=255, examples=["API calls"])
    feature_type: FeatureType = FeatureType.NUMBER
    meter_type: Literal["None", "FLUCTUATING", "INCREMENTAL"] = "None"
    meter: MeterWire | None = None
    feature_units: str | None = Field(default=None, examples=["call"])
    feature_units_plural: str | None = Field(default=None, examples=["calls"])
    metadata: Metadata | None = None


class FeatureWire(FeatureBody):
    """A feature."""

    created_at: Instant
    updated_at: Instant


@router.post("", operation_id="createFeature", summary="Define a feature", status_code=201)
def create_feature(caller: Asked, body: FeatureBody, response: Response) -> Single[FeatureWire]:
    """One of that id that exists is defined anew (200); its type and meter type stay."""
    sent = body.model_dump(by_alias=True, exclude_unset=True)
    plain = {NOTATION.get(key, key): value for key, value in sent.items()}
    if plain.get("meterType") == "None":
        plain["meterType"] = "NONE"
    with called(NAMES):
        feature = feature_from(plain)
    with caller.transaction() as tx:
        if features.some(tx, [feature.id]):
            response.status_code = 200
    define_feature(caller.runtime, caller.scope, feature)
    return _one(caller, feature.id)


@router.get("", operation_id="listFeatures", summary="List features")
def list_features(caller: Asked, asked: Paging) -> Page[FeatureWire]:
    """In the order of their ids."""
    with caller.transaction() as tx:
        found = features.page(tx, after=asked.after, before=asked.before, limit=asked.and_one)
    shown, cursors = part(found, asked, lambda dated: dated.feature.id)
    return Page(data=[_wire(dated) for dated in shown], pagination=cursors)


@router.get("/{id}", operation_id="getFeature", summary="Read a feature")
def get_feature(caller: Asked, id: PathId) -> Single[FeatureWire]:
    """With its meter."""
    return _one(caller, FeatureId(id))


def _one(caller: Caller, feature_id: FeatureId) -> Single[FeatureWire]:
    with caller.transaction() as tx:
        dated = features.dated(tx, feature_id)
    return Single(data=_wire(dated))


def _wire(dated: DatedFeature) -> FeatureWire:
    plain = {NAMES.get(key, key): value for key, value in plain_feature(dated.feature).items()}
    if plain["meterType"] == "NONE":
        plain["meterType"] = "None"
    stamps = {"createdAt": dated.created_at, "updatedAt": dated.updated_at}
    return FeatureWire.model_validate({**plain, **stamps})
