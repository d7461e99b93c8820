"""Discard the draft of a plan or add-on that was published before."""

from __future__ import annotations

from usance.domain.ids import PackageId
from usance.domain.plans.package import NeverPublished, NoDraft, PackageKind, PackageStatus
from usance.flows.runtime import Runtime, Scope
from usance.store import packages


def discard_draft(runtime: Runtime, scope: Scope, kind: PackageKind, package_id: PackageId) -> None:
    """As if it had not been opened. Raises NotFound, NoDraft, NeverPublished."""
    with runtime.transaction(scope) as tx:
        found = packages.lock(tx, kind, package_id)
        if found.status is not PackageStatus.DRAFT:
            raise NoDraft(kind, package_id)
        if found.package.version == 1:
            raise NeverPublished(kind, package_id)

        packages.delete_draft(tx, found.package)
        runtime.note(tx, scope, "package.draft.discarded", package_id, before=found.package)
