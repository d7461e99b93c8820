"""Create a product, without plans."""

from __future__ import annotations

from usance.domain.facts import ProductCreated
from usance.domain.plans.product import Product, ProductExists
from usance.flows.runtime import Runtime, Scope
from usance.store import products


def create_product(runtime: Runtime, scope: Scope, product: Product) -> Product:
    """The product. Raises ProductExists."""
    with runtime.transaction(scope) as tx:
        if not products.add(tx, product, at=runtime.now(tx)):
            raise ProductExists(product.id)
        fact = ProductCreated(product.id)
        runtime.note(tx, scope, "product.created", product.id, fact, after=product)
    return product
