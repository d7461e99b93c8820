"""What a plan or add-on refers to: features, other plans, add-ons. Each must be there to refer to.

`plans` and `addons` map those that exist, and are not archived, to their products.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from usance.domain.catalog import Feature, FeatureStatus, FeatureType, MeterType
from usance.domain.errors import Problem
from usance.domain.ids import FeatureId, PackageId
from usance.domain.plans.charges import BillingModel
from usance.domain.plans.entitlements import fitting_problems
from usance.domain.plans.package import Package


def feature_problems(
    package: Package, features: Mapping[FeatureId, Feature], before: Package | None = None
) -> Iterator[Problem]:
    """Entitlements and charges of features that are not there, or of another kind.

    A suspended feature may stay where it was `before`, but does not come in anew.
    """
    yield from _charge_problems(package, features)
    held = set() if before is None else before.feature_ids()
    for index, each in enumerate(package.entitlements):
        path, feature = f"entitlements[{index}]", features.get(each.feature_id)
        if feature is None:
            yield _unknown(f"{path}.id", each.feature_id)
            continue
        if feature.status is FeatureStatus.SUSPENDED and feature.id not in held:
            expected = "a feature that is not archived"
            yield Problem("FeatureArchived", f"{path}.id", feature.id, expected)
        yield from (problem.under(path) for problem in fitting_problems(each, feature))


def package_problems(
    package: Package, plans: Mapping[PackageId, str], addons: Mapping[PackageId, str]
) -> Iterator[Problem]:
    """Parents, compatible add-ons and dependencies that the product does not offer."""
    if package.parent_id is not None and plans.get(package.parent_id) != package.product_id:
        expected = f"the id of a plan of {package.product_id}"
        yield Problem("UnknownPlan", "parentPlanId", package.parent_id, expected)
    for path, named in (
        ("compatibleAddonIds", package.compatible_addon_ids),
        ("dependencies", package.dependency_ids),
    ):
        for index, addon_id in enumerate(named):
            if addons.get(addon_id) != package.product_id:
                expected = f"the id of an add-on of {package.product_id}"
                yield Problem("UnknownAddon", f"{path}[{index}]", addon_id, expected)


def _charge_problems(package: Package, features: Mapping[FeatureId, Feature]) -> Iterator[Problem]:
    lists = {"pricingModels": package.pricing.charges}
    lists["overagePricingModels"] = package.pricing.overages
    for name, charges in lists.items():
        for index, charge in enumerate(charges):
            path = f"charges.{name}[{index}].featureId"
            if charge.feature_id is None:
                continue
            feature = features.get(charge.feature_id)
            if feature is None:
                yield _unknown(path, charge.feature_id)
            elif not _is_countable(feature, charge.model):
                expected = "a NUMBER whose usage is measured"
                yield Problem("NotCountable", path, feature.id, expected)


def _is_countable(feature: Feature, model: BillingModel) -> bool:
    is_number = feature.feature_type is FeatureType.NUMBER
    return is_number and (
        model is BillingModel.PER_UNIT or feature.meter_type is not MeterType.NONE
    )


def _unknown(path: str, feature_id: str) -> Problem:
    return Problem("FeatureNotFound", path, feature_id, "the id of a feature")
