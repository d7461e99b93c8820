"""Plans and add-ons: what is offered for a product, in versions; and the edits of a draft.

A version is a draft until it is published, and never changes after. Functions here return the
draft as it would be; whether there is a draft, the store knows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from usance.domain.errors import Conflict, NotAllowedNow, NotFound, Problem, refuse_if
from usance.domain.ids import FeatureId, PackageId, ProductId
from usance.domain.plans.charges import BillingModel, Charge, OverageBilling, place_problems
from usance.domain.plans.entitlements import Behavior, PackageEntitlement
from usance.domain.plans.wording import metadata_problems, name_problems, text_problems

MAX_LIST = 500  # of charges, and of entitlements
DEEPEST = 20  # plans that inherit from each other


class PackageKind(StrEnum):
    """A plan, of which a subscription has one; or an add-on, of which it has any number."""

    PLAN = "PLAN"
    ADDON = "ADDON"

    @property
    def word(self) -> str:
        """In a sentence."""
        return "plan" if self is PackageKind.PLAN else "add-on"


class PackageStatus(StrEnum):
    """Of a version; all of an archived package's are ARCHIVED."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    ARCHIVED = "ARCHIVED"


class PricingType(StrEnum):
    """How a subscription of it is paid."""

    FREE = "FREE"
    PAID = "PAID"
    CUSTOM = "CUSTOM"


class MigrationType(StrEnum):
    """Who gets a version that is published."""

    NEW_CUSTOMERS = "NEW_CUSTOMERS"
    ALL_CUSTOMERS = "ALL_CUSTOMERS"


class TrialUnit(StrEnum):
    """What the length of a trial counts."""

    DAY = "DAY"
    MONTH = "MONTH"


class TrialEnd(StrEnum):
    """What follows on a trial."""

    CONVERT_TO_PAID = "CONVERT_TO_PAID"
    CANCEL_SUBSCRIPTION = "CANCEL_SUBSCRIPTION"


class PackageExists(Conflict):
    """A plan or add-on of that id is there."""

    code = "PackageExists"

    def __init__(self, kind: PackageKind, package_id: str) -> None:
        super().__init__(f"There is a {kind.word} {package_id} already; choose another id.")


class NoDraft(NotAllowedNow):
    """A published version never changes; open a draft first."""

    code = "NoDraft"

    def __init__(self, kind: PackageKind, package_id: str) -> None:
        super().__init__(
            f"The {kind.word} {package_id} has no draft; a published version never changes. "
            "Open a draft first."
        )


class NeverPublished(NotAllowedNow):
    """The only version there is cannot be discarded."""

    code = "NeverPublished"

    def __init__(self, kind: PackageKind, package_id: str) -> None:
        super().__init__(
            f"The {kind.word} {package_id} was never published, so its draft is all there is; "
            "archive it instead."
        )


class PackageArchived(NotAllowedNow):
    """An archived plan or add-on changes no more."""

    code = "PackageArchived"

    def __init__(self, kind: PackageKind, package_id: str) -> None:
        super().__init__(f"The {kind.word} {package_id} is archived.")


class PackageInUse(NotAllowedNow):
    """Others rest on it."""

    code = "PackageInUse"

    def __init__(self, kind: PackageKind, package_id: str, users: Collection[str]) -> None:
        named = ", ".join(sorted(users))
        super().__init__(f"The {kind.word} {package_id} is in use by {named}; change those first.")


class EntitlementExists(Conflict):
    """A feature stands once among the entitlements of a package."""

    code = "EntitlementExists"

    def __init__(self, feature_id: str) -> None:
        super().__init__(f"There is an entitlement of {feature_id} already; update it instead.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A ceiling of spending, in major units of the subscription's currency."""

    limit: Decimal
    has_soft_limit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How a subscription starts that does not say otherwise."""

    duration: int
    units: TrialUnit
    budget: Budget | None = None
    at_end: TrialEnd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagePricing:
    """What it costs. `overages` are charged beyond what an entitlement includes."""

    type: PricingType | None = None
    charges: tuple[Charge, ...] = ()
    overages: tuple[Charge, ...] = ()
    overage_billing: OverageBilling | None = None

    def __post_init__(self) -> None:
        problems = [
            *place_problems(self.charges, "pricingModels"),
            *place_problems(self.overages, "overagePricingModels"),
        ]
        if self.type is PricingType.FREE and (self.charges or self.overages):
            expected = "no charges, for the pricingType is FREE"
            problems.append(Problem("FreeHasCharges", "pricingModels", "", expected))
        for index, charge in enumerate(self.overages):
            if charge.model is not BillingModel.USAGE_BASED:
                path = f"overagePricingModels[{index}]"
                problems.append(Problem("InvalidCharge", path, charge.model, "USAGE_BASED"))
        refuse_if([problem.under("charges") for problem in problems])


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One version of a plan or add-on. `parent_id`, `compatible_addon_ids` and `trial` are a
    plan's, `max_quantity` and `dependency_ids` (add-ons it needs) an add-on's.
    """

    kind: PackageKind
    id: PackageId
    product_id: ProductId
    version: int
    display_name: str
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    billing_id: str | None = None
    pricing: PackagePricing = PackagePricing()
    entitlements: tuple[PackageEntitlement, ...] = ()
    parent_id: PackageId | None = None
    compatible_addon_ids: tuple[PackageId, ...] = ()
    trial: Trial | None = None
    max_quantity: int | None = None
    dependency_ids: tuple[PackageId, ...] = ()

    def __post_init__(self) -> None:
        refuse_if(list(_problems(self)))

    def feature_ids(self) -> set[FeatureId]:
        """The features it charges for or entitles to."""
        charged = (*self.pricing.charges, *self.pricing.overages)
        named = {charge.feature_id for charge in charged if charge.feature_id is not None}
        return named | {each.feature_id for each in self.entitlements}

    def by_use(self) -> set[FeatureId]:
        """The features whose usage is charged for, all of it or what is over a limit."""
        charges = (*self.pricing.charges, *self.pricing.overages)
        used = (each.feature_id for each in charges if each.model is BillingModel.USAGE_BASED)
        return {each for each in used if each is not None}


def entitled(draft: Package, more: Collection[PackageEntitlement]) -> Package:
    """With more entitlements, in the order given. Raises EntitlementExists."""
    known = {each.feature_id for each in draft.entitlements}
    for each in more:
        if each.feature_id in known:
            raise EntitlementExists(each.feature_id)
        known.add(each.feature_id)
    return replace(draft, entitlements=(*draft.entitlements, *more))


def entitlement_of(package: Package, feature_id: FeatureId) -> PackageEntitlement:
    """The one of that feature. Raises NotFound."""
    found = (each for each in package.entitlements if each.feature_id == feature_id)
    entitlement = next(found, None)
    if entitlement is None:
        raise NotFound("entitlement", feature_id)
    return entitlement


def with_entitlement(draft: Package, changed: PackageEntitlement) -> Package:
    """With that entitlement in the place of the one of its feature, or at the end."""
    if all(each.feature_id != changed.feature_id for each in draft.entitlements):
        return entitled(draft, [changed])
    kept = tuple(
        changed if each.feature_id == changed.feature_id else each for each in draft.entitlements
    )
    return replace(draft, entitlements=kept)


def without_entitlement(draft: Package, feature_id: FeatureId) -> Package:
    """Without the one of that feature. Raises NotFound."""
    gone = entitlement_of(draft, feature_id)
    return replace(draft, entitlements=tuple(e for e in draft.entitlements if e is not gone))


def with_overages_allowed(draft: Package) -> Package:
    """The same; what is charged beyond a limit is not denied there, so its limit is soft."""
    charged = {charge.feature_id for charge in draft.pricing.overages}
    soft = tuple(
        replace(each, has_soft_limit=True) if each.feature_id in charged else each
        for each in draft.entitlements
    )
    return replace(draft, entitlements=soft)


def publishing_problems(draft: Package) -> Iterator[Problem]:
    """What keeps a draft from being published."""
    if draft.pricing.type is None:
        expected = "FREE, PAID or CUSTOM before it is published"
        yield Problem("NotPriced", "pricingType", "", expected)
    if draft.pricing.type is PricingType.PAID and not draft.pricing.charges:
        expected = "at least one charge, for the pricingType is PAID"
        yield Problem("NotPriced", "charges.pricingModels", "", expected)
    granted = {each.feature_id for each in draft.entitlements}
    for index, charge in enumerate(draft.pricing.overages):
        if charge.feature_id not in granted:
            expected = "a feature that the plan entitles to: what is included, overage goes beyond"
            path = f"charges.overagePricingModels[{index}].featureId"
            yield Problem("OverageOfNothing", path, charge.feature_id or "", expected)


def inheritance_problems(
    plan: Package, parent_of: Callable[[PackageId], PackageId | None]
) -> Iterator[Problem]:
    """A plan that would inherit from itself. `parent_of` gives what a plan inherits from."""
    above, length = plan.parent_id, 0
    while above is not None and above != plan.id and length < DEEPEST:
        above, length = parent_of(above), length + 1
    if above is not None:
        expected = f"a plan that does not inherit from {plan.id}, at most {DEEPEST} deep"
        yield Problem(
            "PlansCircularDependencyError", "parentPlanId", plan.parent_id or "", expected
        )


def _problems(package: Package) -> Iterator[Problem]:
    yield from name_problems(package.display_name, "displayName")
    yield from text_problems(package.description, "description")
    yield from metadata_problems(package.metadata)
    if package.billing_id is not None:
        yield from name_problems(package.billing_id, "billingId")
    for path, held in (
        ("charges", (*package.pricing.charges, *package.pricing.overages)),
        ("entitlements", package.entitlements),
    ):
        if len(held) > MAX_LIST:
            yield Problem("TooMany", path, str(len(held)), f"at most {MAX_LIST}")
    features = [each.feature_id for each in package.entitlements]
    if len(set(features)) < len(features):
        yield Problem("EntitlementTwice", "entitlements", "", "each feature once")
    if package.kind is PackageKind.PLAN:
        yield from _plan_problems(package)
    else:
        yield from _addon_problems(package)


def _plan_problems(plan: Package) -> Iterator[Problem]:
    assert plan.max_quantity is None, "an add-on's"
    assert not plan.dependency_ids, "an add-on's"
    if plan.parent_id == plan.id:
        expected = "another plan"
        yield Problem("PlansCircularDependencyError", "parentPlanId", plan.id, expected)
    trial = plan.trial
    if trial is not None and not 1 <= trial.duration <= 3660:
        expected = "1 to 3,660, a whole number"
        yield Problem("InvalidTrial", "defaultTrialConfig.duration", str(trial.duration), expected)
    if trial is not None and trial.budget is not None and trial.budget.limit < 0:
        found = str(trial.budget.limit)
        yield Problem("InvalidTrial", "defaultTrialConfig.budget.limit", found, "zero or more")
    for each in plan.entitlements:
        if each.behavior is Behavior.OVERRIDE:
            expected = "Increment: there is nothing below a plan to override"
            yield Problem("CannotAddOverrideEntitlementToPlan", "behavior", "Override", expected)


def _addon_problems(addon: Package) -> Iterator[Problem]:
    assert addon.parent_id is None, "a plan's"
    assert addon.trial is None, "a plan's"
    assert not addon.compatible_addon_ids, "a plan's"
    if addon.max_quantity is not None and not 1 <= addon.max_quantity < 10**9:
        expected = "1 or more, or null for any number"
        yield Problem("InvalidQuantity", "maxQuantity", str(addon.max_quantity), expected)
    if addon.id in addon.dependency_ids:
        yield Problem("NeedsItself", "dependencies", addon.id, "other add-ons")
