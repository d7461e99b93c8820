"""A copy of a product with all it offers, under ids of its own."""

from __future__ import annotations

from dataclasses import replace

from usance.domain.ids import PackageId, ProductId
from usance.domain.plans.package import Package
from usance.domain.plans.product import Product


def copied_id(package_id: PackageId, target: ProductId) -> PackageId:
    """What the copy of a plan or add-on is called: `pro-basic` of a product copied to `pro`."""
    return PackageId(f"{target}-{package_id}")


def copied_product(product: Product, target: ProductId) -> Product:
    """The product under another id; its settings name the copies."""
    settings = product.settings
    if settings is not None:
        settings = replace(
            settings,
            downgrade_plan_id=_copied(settings.downgrade_plan_id, target),
            start_plan_id=_copied(settings.start_plan_id, target),
        )
    return replace(product, id=target, settings=settings)


def copied_package(package: Package, target: ProductId) -> Package:
    """The first version of the copy; what it names are copies, too."""
    return replace(
        package,
        id=copied_id(package.id, target),
        product_id=target,
        version=1,
        billing_id=None,
        parent_id=_copied(package.parent_id, target),
        compatible_addon_ids=tuple(copied_id(e, target) for e in package.compatible_addon_ids),
        dependency_ids=tuple(copied_id(each, target) for each in package.dependency_ids),
    )


def _copied(package_id: PackageId | None, target: ProductId) -> PackageId | None:
    return None if package_id is None else copied_id(package_id, target)
