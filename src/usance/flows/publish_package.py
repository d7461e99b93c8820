"""Publish the draft of a plan or add-on: from now on it never changes."""

from __future__ import annotations

from usance.domain.errors import refuse_if
from usance.domain.facts import AddonUpdated, PlanUpdated
from usance.domain.ids import PackageId
from usance.domain.plans.package import (
    MigrationType,
    NoDraft,
    PackageArchived,
    PackageKind,
    PackageStatus,
    publishing_problems,
)
from usance.flows.runtime import Runtime, Scope
from usance.store import jobs, packages, tasks


def publish_package(
    runtime: Runtime,
    scope: Scope,
    kind: PackageKind,
    package_id: PackageId,
    migration: MigrationType,
) -> str | None:
    """The id of the task that moves existing subscriptions to it; None for NEW_CUSTOMERS.

    Raises NotFound, PackageArchived, NoDraft; Invalid while it lacks what it is sold by.
    """
    with runtime.transaction(scope) as tx:
        found = packages.lock(tx, kind, package_id)
        if found.status is PackageStatus.ARCHIVED:
            raise PackageArchived(kind, package_id)
        if found.status is not PackageStatus.DRAFT:
            raise NoDraft(kind, package_id)
        refuse_if(list(publishing_problems(found.package)))
        at = runtime.now(tx)
        moves_all = migration is MigrationType.ALL_CUSTOMERS

        packages.save_published(tx, found.package, at=at)
        task_id = runtime.new_id("task") if moves_all else None
        if task_id is not None:
            tasks.add_migration(tx, task_id, found.package, at=at)
            jobs.enqueue(tx, tasks.RUN, task_id=task_id, queueing_key=task_id)
        is_plan = kind is PackageKind.PLAN
        fact = PlanUpdated(package_id) if is_plan else AddonUpdated(package_id)
        runtime.note(tx, scope, "package.published", package_id, fact, after=found.package)
    return task_id
