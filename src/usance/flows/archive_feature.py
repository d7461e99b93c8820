"""Archive a feature: who has it keeps it, nobody is granted it anew."""

from __future__ import annotations

from dataclasses import replace

from usance.domain.catalog import FeatureStatus
from usance.domain.facts import FeatureDeleted
from usance.domain.ids import FeatureId
from usance.flows.runtime import Runtime, Scope
from usance.store import features


def archive_feature(runtime: Runtime, scope: Scope, feature_id: FeatureId) -> None:
    """It is SUSPENDED; archived again, nothing changes. Raises NotFound."""
    with runtime.transaction(scope) as tx:
        before = features.lock(tx, feature_id)
        if before.status is FeatureStatus.SUSPENDED:
            return
        suspended = replace(before, status=FeatureStatus.SUSPENDED)
        features.save(tx, suspended, at=runtime.now(tx))
        runtime.note(tx, scope, "feature.archived", feature_id, FeatureDeleted(feature_id))
