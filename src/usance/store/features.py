"""Features: what is sold and measured, kept by the id the seller gave it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec

from usance.domain.catalog import (
    EnumValue,
    Feature,
    FeatureStatus,
    FeatureType,
    Meter,
    MeterType,
    UnitTransformation,
)
from usance.domain.errors import NotFound
from usance.domain.ids import FeatureId
from usance.store.database import Jsonb, Row, Tx

SAVE = """
INSERT INTO features (tenant_id, id, display_name, feature_type, meter_type, meter,
                      units, units_plural, metadata, description, status, enum_values,
                      unit_transformation, created_at, updated_at)
VALUES (%(tenant_id)s, %(id)s, %(display_name)s, %(feature_type)s, %(meter_type)s, %(meter)s,
        %(units)s, %(units_plural)s, %(metadata)s, %(description)s, %(status)s, %(enum_values)s,
        %(unit_transformation)s, %(at)s, %(at)s)
    ON CONFLICT (tenant_id, id) DO UPDATE
   SET display_name = excluded.display_name,
       meter = excluded.meter,
       units = excluded.units,
       units_plural = excluded.units_plural,
       metadata = excluded.metadata,
       description = excluded.description,
       status = excluded.status,
       enum_values = excluded.enum_values,
       unit_transformation = excluded.unit_transformation,
       updated_at = excluded.updated_at
 WHERE features.feature_type = excluded.feature_type
   AND features.meter_type = excluded.meter_type
"""
SOME = """
SELECT id, display_name, feature_type, meter_type, meter, units, units_plural, metadata,
       description, status, enum_values, unit_transformation
  FROM features
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY (%(ids)s)
"""
LOCK = """
SELECT id, display_name, feature_type, meter_type, meter, units, units_plural, metadata,
       description, status, enum_values, unit_transformation
  FROM features
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   FOR NO KEY UPDATE
"""
METERS_OF_EVENTS = """
SELECT meter
  FROM features
 WHERE tenant_id = %(tenant_id)s
   AND meter ->> 'event_name' = ANY (%(event_names)s)
"""
PAGE = """
SELECT id, display_name, feature_type, meter_type, meter, units, units_plural, metadata,
       description, status, enum_values, unit_transformation, created_at, updated_at
  FROM features
 WHERE tenant_id = %(tenant_id)s
   AND (%(id)s::text IS NULL OR id = %(id)s)
   AND (%(feature_types)s::text[] IS NULL OR feature_type = ANY (%(feature_types)s))
   AND (%(meter_types)s::text[] IS NULL OR meter_type = ANY (%(meter_types)s))
   AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s))
   AND (%(created_from)s::timestamptz IS NULL OR created_at >= %(created_from)s)
   AND (%(created_until)s::timestamptz IS NULL OR created_at < %(created_until)s)
   AND (%(after)s::text IS NULL OR id > %(after)s)
   AND (%(before)s::text IS NULL OR id < %(before)s)
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN id END, id DESC
 LIMIT %(limit)s
"""


DATED = """
SELECT id, display_name, feature_type, meter_type, meter, units, units_plural, metadata,
       description, status, enum_values, unit_transformation, created_at, updated_at
  FROM features
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""


class DatedFeature(NamedTuple):
    """A feature, and when it was first and last saved."""

    feature: Feature
    created_at: datetime
    updated_at: datetime


def save(tx: Tx, feature: Feature, *, at: datetime) -> bool:
    """Create it, or replace all but its kind. False, and nothing done, when its kind differs."""
    return bool(
        tx.run(
            SAVE,
            id=feature.id,
            display_name=feature.display_name,
            feature_type=feature.feature_type,
            meter_type=feature.meter_type,
            meter=_or_null(feature.meter),
            units=feature.units,
            units_plural=feature.units_plural,
            metadata=Jsonb(dict(feature.metadata)),
            description=feature.description,
            status=feature.status,
            enum_values=Jsonb(feature.enum_values),
            unit_transformation=_or_null(feature.unit_transformation),
            at=at,
        )
    )


def one(tx: Tx, feature_id: str) -> Feature:
    """The feature of that id. Raises NotFound."""
    found = some(tx, [feature_id])
    if not found:
        raise NotFound("feature", feature_id)
    return found[FeatureId(feature_id)]


def lock(tx: Tx, feature_id: str) -> Feature:
    """The feature of that id, held as it is until `tx` ends. Raises NotFound."""
    return _feature(tx.one(LOCK, kind="feature", ref=feature_id, id=feature_id))


def some(tx: Tx, feature_ids: Collection[str]) -> dict[FeatureId, Feature]:
    """Those of `feature_ids` that exist, by id."""
    features = [_feature(row) for row in tx.all(SOME, ids=list(feature_ids))]
    return {feature.id: feature for feature in features}


def meters_of(tx: Tx, event_names: Collection[str]) -> list[Meter]:
    """The meters that listen to events of these names, before their filters."""
    rows = tx.all(METERS_OF_EVENTS, event_names=list(event_names))
    return [msgspec.convert(row.meter, Meter) for row in rows]


def dated(tx: Tx, feature_id: str) -> DatedFeature:
    """The feature of that id with its dates. Raises NotFound."""
    row = tx.one(DATED, kind="feature", ref=feature_id, id=feature_id)
    return DatedFeature(_feature(row), row.created_at, row.updated_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedFeatures:
    """Which features to list; None wants all."""

    id: str | None = None
    feature_types: list[str] | None = None
    meter_types: list[str] | None = None
    statuses: list[str] | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None


EVERY_FEATURE = WantedFeatures()


def page(
    tx: Tx,
    wanted: WantedFeatures = EVERY_FEATURE,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 20,
) -> list[DatedFeature]:
    """At most `limit` features in the order of their ids, those after `after`.

    Before `before`, the nearest first.
    """
    rows = tx.all(PAGE, **asdict(wanted), after=after, before=before, limit=limit)
    return [DatedFeature(_feature(row), row.created_at, row.updated_at) for row in rows]


def _feature(row: Row) -> Feature:
    return Feature(
        id=FeatureId(row.id),
        display_name=row.display_name,
        feature_type=FeatureType(row.feature_type),
        meter_type=MeterType(row.meter_type),
        meter=None if row.meter is None else msgspec.convert(row.meter, Meter),
        units=row.units,
        units_plural=row.units_plural,
        metadata=row.metadata,
        description=row.description,
        status=FeatureStatus(row.status),
        enum_values=msgspec.convert(row.enum_values, tuple[EnumValue, ...]),
        unit_transformation=msgspec.convert(row.unit_transformation, UnitTransformation | None),
    )


def _or_null(value: object) -> Jsonb | None:
    return None if value is None else Jsonb(value)
