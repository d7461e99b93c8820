"""Archive a product with all its plans and add-ons."""

from __future__ import annotations

from usance.domain.facts import ProductDeleted
from usance.domain.ids import ProductId
from usance.flows.runtime import Runtime, Scope
from usance.store import packages, products


def archive_product(runtime: Runtime, scope: Scope, product_id: ProductId) -> None:
    """Nobody subscribes to it anew; archived again, nothing changes. Raises NotFound."""
    with runtime.transaction(scope) as tx:
        if products.lock(tx, product_id).archived_at is not None:
            return
        at = runtime.now(tx)
        products.save_archived(tx, product_id, archived_at=at, at=at)
        packages.save_archived_with(tx, product_id, at=at)
        runtime.note(tx, scope, "product.archived", product_id, ProductDeleted(product_id))
