"""Define a feature of the catalogue: a new one, or an existing one anew."""

from __future__ import annotations

from usance.domain.catalog import Feature
from usance.domain.errors import NotAllowedNow
from usance.flows.runtime import Runtime, Scope
from usance.store import features


class FeatureKindIsFixed(NotAllowedNow):
    """What a feature is (its type and meter type) never changes: prices and grants rest on it."""

    code = "FeatureKindIsFixed"


def define_feature(runtime: Runtime, scope: Scope, feature: Feature) -> Feature:
    """The feature as it now is. Defining it again just so changes nothing.

    A new meter counts all events there are, also those from before it was defined. Raises
    FeatureKindIsFixed.
    """
    with runtime.transaction(scope) as tx:
        before = features.some(tx, [feature.id]).get(feature.id)
        if before == feature:
            return feature

        saved = features.save(tx, feature, at=runtime.now(tx))
        if not saved:
            raise FeatureKindIsFixed(
                f"Feature {feature.id} cannot become {feature.feature_type}, {feature.meter_type}; "
                "its type and meter type are fixed. Define another feature."
            )
        runtime.note(tx, scope, "define_feature", feature.id, before=before, after=feature)
    return feature
