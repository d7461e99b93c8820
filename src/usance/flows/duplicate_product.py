"""Duplicate a product with its plans and add-ons."""

from __future__ import annotations

from dataclasses import replace

from usance.domain.facts import ProductCreated
from usance.domain.ids import ProductId, parse_ref
from usance.domain.plans.copies import copied_package, copied_product
from usance.domain.plans.package import PackageExists, PackageStatus
from usance.domain.plans.product import Product, ProductExists
from usance.flows.runtime import Runtime, Scope
from usance.store import packages, products
from usance.store.database import Tx


def duplicate_product(
    runtime: Runtime,
    scope: Scope,
    product_id: ProductId,
    target: ProductId,
    *,
    display_name: str | None = None,
    description: str | None = None,
) -> Product:
    """The copy. Its plans and add-ons are called `{target}-{id}`: the latest version of each, or
    its draft where it was never published; archived ones stay behind.

    Raises NotFound, ProductExists, PackageExists, Invalid.
    """
    with runtime.transaction(scope) as tx:
        original = products.lock(tx, product_id).product
        copy = copied_product(original, target)
        copy = replace(copy, display_name=display_name or copy.display_name)
        copy = copy if description is None else replace(copy, description=description)

        if not products.add(tx, copy, at=runtime.now(tx)):
            raise ProductExists(target)
        for each in packages.of_product(tx, product_id):
            if each.archived_at is None:
                _copy(runtime, tx, packages.versions(tx, each.kind, each.id), target)
        fact = ProductCreated(target)
        runtime.note(tx, scope, "product.duplicated", target, fact, after=copy)
    return copy


def _copy(
    runtime: Runtime, tx: Tx, versions: list[packages.DatedPackage], target: ProductId
) -> None:
    at = runtime.now(tx)
    offered = next((each for each in versions if each.is_latest), versions[0])
    copy = copied_package(offered.package, target)
    parse_ref(copy.id, path="targetId")
    if not packages.add(tx, copy, at=at):
        raise PackageExists(copy.kind, copy.id)
    if offered.status is PackageStatus.PUBLISHED:
        packages.save_published(tx, copy, at=at)
