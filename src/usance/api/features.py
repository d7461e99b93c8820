"""Features: what is sold and measured, and the meters that count it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from usance.api.caller import Asked, Caller
from usance.api.envelope import Page, Single
from usance.api.features_wire import (
    METER_TYPES,
    NAMES,
    FeatureBody,
    FeaturePatch,
    FeatureWire,
    feature_wire,
    sent,
)
from usance.api.fields import PathId, called, words
from usance.api.filters import Created
from usance.api.paging import Paging, part
from usance.api.route import resource
from usance.documents.feature_notation import feature_from
from usance.domain.catalog import FeatureStatus, FeatureType
from usance.domain.ids import FeatureId
from usance.flows.archive_feature import archive_feature
from usance.flows.define_feature import define_feature
from usance.flows.restore_feature import restore_feature
from usance.flows.update_feature import update_feature
from usance.store import features
from usance.store.features import WantedFeatures

router = resource("features", tag="Features")


@router.post("", operation_id="createFeature", summary="Define a feature", status_code=201)
def create_feature(caller: Asked, body: FeatureBody, response: Response) -> Single[FeatureWire]:
    """One of that id that exists is defined anew (200); its type and meter type stay."""
    with called(NAMES):
        feature = feature_from(sent(body))
    with caller.transaction() as tx:
        if features.some(tx, [feature.id]):
            response.status_code = 200
    define_feature(caller.runtime, caller.scope, feature)
    return _one(caller, feature.id)


@router.get("", operation_id="listFeatures", summary="List features")
def list_features(
    caller: Asked,
    asked: Paging,
    created: Created,
    *,
    id: Annotated[str | None, Query(description="Only the one of this id.")] = None,
    feature_type: Annotated[
        str | None, Query(alias="featureType", description="Types, joined by commas.")
    ] = None,
    meter_type: Annotated[
        str | None, Query(alias="meterType", description="Meter types, joined by commas.")
    ] = None,
    status: Annotated[str | None, Query(description="Statuses, joined by commas.")] = None,
) -> Page[FeatureWire]:
    """In the order of their ids."""
    kinds = words(meter_type, list(METER_TYPES), "meterType")
    wanted = WantedFeatures(
        id=id,
        feature_types=words(feature_type, list(FeatureType), "featureType"),
        meter_types=None if kinds is None else [METER_TYPES[each] for each in kinds],
        statuses=words(status, list(FeatureStatus), "status"),
        created_from=created.first,
        created_until=created.until,
    )
    with caller.transaction() as tx:
        found = features.page(
            tx, wanted, after=asked.after, before=asked.before, limit=asked.and_one
        )
    shown, cursors = part(found, asked, lambda dated: dated.feature.id)
    return Page(data=[feature_wire(dated) for dated in shown], pagination=cursors)


@router.get("/{id}", operation_id="getFeature", summary="Read a feature")
def get_feature(caller: Asked, id: PathId) -> Single[FeatureWire]:
    """With its meter."""
    return _one(caller, FeatureId(id))


@router.patch("/{id}", operation_id="updateFeature", summary="Change a feature")
def change_feature(caller: Asked, id: PathId, body: FeaturePatch) -> Single[FeatureWire]:
    """Only what is sent changes; lists and `metadata` are replaced whole, null clears."""
    with called(NAMES):
        update_feature(caller.runtime, caller.scope, FeatureId(id), sent(body))
    return _one(caller, FeatureId(id))


@router.post("/{id}/archive", operation_id="archiveFeature", summary="Archive a feature")
def archive(caller: Asked, id: PathId) -> Single[FeatureWire]:
    """It is SUSPENDED: who has it keeps it, nobody is granted it anew."""
    archive_feature(caller.runtime, caller.scope, FeatureId(id))
    return _one(caller, FeatureId(id))


@router.post("/{id}/unarchive", operation_id="unarchiveFeature", summary="Restore a feature")
def unarchive(caller: Asked, id: PathId) -> Single[FeatureWire]:
    """It is ACTIVE and may be granted again."""
    restore_feature(caller.runtime, caller.scope, FeatureId(id))
    return _one(caller, FeatureId(id))


def _one(caller: Caller, feature_id: FeatureId) -> Single[FeatureWire]:
    with caller.transaction() as tx:
        return Single(data=feature_wire(features.dated(tx, feature_id)))
