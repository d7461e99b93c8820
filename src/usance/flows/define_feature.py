"""Define a feature of the catalogue: a new one, or an existing one anew."""

from __future__ import annotations

from dataclasses import replace

from usance.domain.catalog import Feature, FeatureStatus
from usance.domain.errors import NotAllowedNow
from usance.domain.facts import FeatureCreated, FeatureUpdated
from usance.flows.runtime import Runtime, Scope
from usance.store import features


class FeatureKindIsFixed(NotAllowedNow):
    """What a feature is (its type and meter type) never changes: prices and grants rest on it."""

    code = "FeatureKindIsFixed"


def define_feature(runtime: Runtime, scope: Scope, feature: Feature) -> Feature:
    """The feature as it now is. Defining it again just so changes nothing; a status that is not
    said (NEW) stays.

    A new meter counts all events there are, also those from before it was defined. Raises
    FeatureKindIsFixed.
    """
    with runtime.transaction(scope) as tx:
        before = features.some(tx, [feature.id]).get(feature.id)
        if before is not None and feature.status is FeatureStatus.NEW:
            feature = replace(feature, status=before.status)
        if before == feature:
            return feature

        saved = features.save(tx, feature, at=runtime.now(tx))
        if not saved:
            raise FeatureKindIsFixed(
                f"Feature {feature.id} cannot become {feature.feature_type}, {feature.meter_type}; "
                "its type and meter type are fixed. Define another feature."
            )
        fact = FeatureCreated(feature.id) if before is None else FeatureUpdated(feature.id)
        runtime.note(tx, scope, "define_feature", feature.id, fact, before=before, after=feature)
    return feature
