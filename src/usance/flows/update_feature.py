"""Change some of a feature; what it is (its type and meter type) stays."""

from __future__ import annotations

from collections.abc import Mapping

from usance.documents.feature_notation import feature_from, plain_feature
from usance.domain.catalog import Feature
from usance.domain.facts import FeatureUpdated
from usance.domain.ids import FeatureId
from usance.flows.runtime import Runtime, Scope
from usance.store import features


def update_feature(
    runtime: Runtime, scope: Scope, feature_id: FeatureId, changes: Mapping[str, object]
) -> Feature:
    """The feature as it now is. `changes` in the notation of the company file; None clears.

    Raises NotFound; Invalid with every problem.
    """
    fixed = {"featureId", "featureType", "meterType"}
    assert fixed.isdisjoint(changes), "what a feature is stays"
    with runtime.transaction(scope) as tx:
        before = features.lock(tx, feature_id)

        changed = feature_from({**plain_feature(before), **changes})

        saved = features.save(tx, changed, at=runtime.now(tx))
        assert saved, "its kind is the same"
        fact = FeatureUpdated(feature_id)
        runtime.note(tx, scope, "feature.updated", feature_id, fact, before=before, after=changed)
    return changed
