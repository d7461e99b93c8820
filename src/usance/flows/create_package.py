"""Create a plan or an add-on, as a draft."""

from __future__ import annotations

from usance.domain.errors import refuse_if
from usance.domain.facts import AddonCreated, PlanCreated
from usance.domain.plans.package import Package, PackageExists, PackageKind
from usance.domain.plans.product import ProductArchived
from usance.domain.plans.references import package_problems
from usance.flows.runtime import Runtime, Scope
from usance.store import packages, products


def create_package(runtime: Runtime, scope: Scope, draft: Package) -> Package:
    """The draft of its first version. Raises NotFound, ProductArchived, PackageExists, Invalid."""
    assert draft.version == 1, "the first"
    with runtime.transaction(scope) as tx:
        if products.lock(tx, draft.product_id).archived_at is not None:
            raise ProductArchived(draft.product_id)
        above = () if draft.parent_id is None else (draft.parent_id,)
        plans = packages.known(tx, PackageKind.PLAN, above)
        refuse_if(list(package_problems(draft, plans, {})))

        if not packages.add(tx, draft, at=runtime.now(tx)):
            raise PackageExists(draft.kind, draft.id)
        is_plan = draft.kind is PackageKind.PLAN
        fact = PlanCreated(draft.id) if is_plan else AddonCreated(draft.id)
        runtime.note(tx, scope, "package.created", draft.id, fact, after=draft)
    return draft
