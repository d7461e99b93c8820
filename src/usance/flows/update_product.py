"""Change a product: its words, its customer journey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from usance.domain.errors import Problem, refuse_if
from usance.domain.facts import ProductUpdated
from usance.domain.ids import ProductId
from usance.domain.plans.package import PackageKind
from usance.domain.plans.product import Product, ProductArchived
from usance.flows.runtime import Runtime, Scope
from usance.store import packages, products


def update_product(
    runtime: Runtime, scope: Scope, product_id: ProductId, changes: Mapping[str, Any]
) -> Product:
    """The product as it now is. `changes` by the names of its fields; its id stays.

    Raises NotFound, ProductArchived, Invalid: plans that its settings name must be its own.
    """
    assert "id" not in changes, "an id stays"
    with runtime.transaction(scope) as tx:
        found = products.lock(tx, product_id)
        if found.archived_at is not None:
            raise ProductArchived(product_id)

        changed = replace(found.product, **changes)
        named = changed.named_plans()
        known = packages.known(tx, PackageKind.PLAN, named.values())
        expected = f"the id of a plan of {product_id}"
        refuse_if(
            [
                Problem("UnknownPlan", path, plan_id, expected)
                for path, plan_id in named.items()
                if known.get(plan_id) != product_id
            ]
        )

        products.save(tx, changed, at=runtime.now(tx))
        fact, before = ProductUpdated(product_id), found.product
        runtime.note(tx, scope, "product.updated", product_id, fact, before=before, after=changed)
    return changed
