"""Restore an archived product, with what was archived together with it."""

from __future__ import annotations

from usance.domain.facts import ProductUpdated
from usance.domain.ids import ProductId
from usance.flows.runtime import Runtime, Scope
from usance.store import packages, products


def restore_product(runtime: Runtime, scope: Scope, product_id: ProductId) -> None:
    """It is on sale again; of one that is not archived nothing changes. Raises NotFound.

    Plans and add-ons that were archived before it stay so.
    """
    with runtime.transaction(scope) as tx:
        archived_at = products.lock(tx, product_id).archived_at
        if archived_at is None:
            return
        products.save_archived(tx, product_id, archived_at=None, at=runtime.now(tx))
        packages.save_restored_with(tx, product_id, archived_at=archived_at)
        runtime.note(tx, scope, "product.restored", product_id, ProductUpdated(product_id))
