"""Edit the draft of a plan or add-on: its words, its charges, its entitlements."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from usance.domain.errors import refuse_if
from usance.domain.ids import PackageId
from usance.domain.plans.package import (
    NoDraft,
    Package,
    PackageArchived,
    PackageKind,
    PackageStatus,
    inheritance_problems,
    with_overages_allowed,
)
from usance.domain.plans.references import feature_problems, package_problems
from usance.flows.runtime import Runtime, Scope
from usance.store import features, packages, products

Change = Callable[[Package, datetime], Package]


def edit_draft(
    runtime: Runtime, scope: Scope, kind: PackageKind, package_id: PackageId, change: Change
) -> Package:
    """The draft as `change` (a rule of domain/plans, asked with the draft and the instant) has it.

    A limit beyond which overage is charged becomes a soft one. Raises NotFound, PackageArchived,
    NoDraft; Invalid with every reference to what is not there.
    """
    with runtime.transaction(scope) as tx:
        products.lock(tx, packages.newest(tx, kind, package_id).package.product_id)
        found = packages.lock(tx, kind, package_id)
        if found.status is PackageStatus.ARCHIVED:
            raise PackageArchived(kind, package_id)
        if found.status is not PackageStatus.DRAFT:
            raise NoDraft(kind, package_id)
        at = runtime.now(tx)

        changed = with_overages_allowed(change(found.package, at))
        assert changed.version == found.package.version, "an edit stays in its version"
        known = features.some(tx, changed.feature_ids())
        above = () if changed.parent_id is None else (changed.parent_id,)
        plans = packages.known(tx, PackageKind.PLAN, above)
        addon_ids = (*changed.compatible_addon_ids, *changed.dependency_ids)
        addons = packages.known(tx, PackageKind.ADDON, addon_ids)
        refuse_if(
            [
                *feature_problems(changed, known, found.package),
                *package_problems(changed, plans, addons),
                *inheritance_problems(changed, partial(packages.parent_of, tx)),
            ]
        )

        packages.save_draft(tx, changed, at=at)
        before = found.package
        runtime.note(tx, scope, "package.edited", package_id, before=before, after=changed)
    return changed
