"""Open a draft of a plan or add-on that was published: the next version."""

from __future__ import annotations

from dataclasses import replace

from usance.domain.ids import PackageId
from usance.domain.plans.package import Package, PackageArchived, PackageKind, PackageStatus
from usance.flows.runtime import Runtime, Scope
from usance.store import packages


def open_draft(runtime: Runtime, scope: Scope, kind: PackageKind, package_id: PackageId) -> Package:
    """The draft, like the latest version until it is edited; the one that is open, where one is.

    Raises NotFound, PackageArchived.
    """
    with runtime.transaction(scope) as tx:
        found = packages.lock(tx, kind, package_id)
        if found.status is PackageStatus.ARCHIVED:
            raise PackageArchived(kind, package_id)
        if found.status is PackageStatus.DRAFT:
            return found.package
        draft = replace(found.package, version=found.package.version + 1)

        packages.add_version(tx, draft, at=runtime.now(tx))
        runtime.note(tx, scope, "package.draft.opened", package_id)
    return draft
