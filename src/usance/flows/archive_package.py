"""Archive a plan or add-on: those who have it keep it, nobody gets it anew."""

from __future__ import annotations

from usance.domain.facts import AddonDeleted, PlanDeleted
from usance.domain.ids import PackageId
from usance.domain.plans.package import PackageInUse, PackageKind, PackageStatus
from usance.flows.runtime import Runtime, Scope
from usance.store import packages, products


def archive_package(
    runtime: Runtime, scope: Scope, kind: PackageKind, package_id: PackageId
) -> None:
    """Archived again, nothing changes. Raises NotFound; PackageInUse while a plan inherits from
    it, something on sale names it, or a product's settings do.
    """
    with runtime.transaction(scope) as tx:
        product_id = packages.newest(tx, kind, package_id).package.product_id
        products.lock(tx, product_id)
        if packages.lock(tx, kind, package_id).status is PackageStatus.ARCHIVED:
            return
        users = packages.users(tx, kind, package_id)
        if kind is PackageKind.PLAN:
            users += [f"product {each}" for each in products.naming(tx, package_id)]
        if users:
            raise PackageInUse(kind, package_id, users)

        packages.save_archived(tx, kind, package_id, at=runtime.now(tx))
        is_plan = kind is PackageKind.PLAN
        fact = PlanDeleted(package_id) if is_plan else AddonDeleted(package_id)
        runtime.note(tx, scope, "package.archived", package_id, fact)
