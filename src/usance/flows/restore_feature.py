"""Restore an archived feature."""

from __future__ import annotations

from dataclasses import replace

from usance.domain.catalog import FeatureStatus
from usance.domain.facts import FeatureUpdated
from usance.domain.ids import FeatureId
from usance.flows.runtime import Runtime, Scope
from usance.store import features


def restore_feature(runtime: Runtime, scope: Scope, feature_id: FeatureId) -> None:
    """It is ACTIVE; of one that is not archived nothing changes. Raises NotFound."""
    with runtime.transaction(scope) as tx:
        before = features.lock(tx, feature_id)
        if before.status is not FeatureStatus.SUSPENDED:
            return
        restored = replace(before, status=FeatureStatus.ACTIVE)
        features.save(tx, restored, at=runtime.now(tx))
        runtime.note(tx, scope, "feature.restored", feature_id, FeatureUpdated(feature_id))
