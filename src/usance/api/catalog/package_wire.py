"""Plans and add-ons as they travel."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from usance.api.catalog.charges_wire import ChargesWire
from usance.api.catalog.wire import Number
from usance.api.envelope import Instant, Wire
from usance.api.fields import Metadata, Ref
from usance.domain.ids import PackageId
from usance.domain.plans.package import (
    Budget,
    MigrationType,
    Package,
    PackageStatus,
    PricingType,
    Trial,
    TrialEnd,
    TrialUnit,
)
from usance.store.packages import DatedPackage

Refs = Annotated[list[Ref], Field(max_length=200)]


class BudgetWire(Wire):
    """A ceiling of spending."""

    limit: Number
    has_soft_limit: bool


class TrialWire(Wire):
    """How a subscription starts that does not say otherwise."""

    duration: int
    units: TrialUnit
    budget: BudgetWire | None = None
    trial_end_behavior: TrialEnd | None = None


class PackageBody(Wire):
    """What is said of a new plan or add-on. It begins as a draft."""

    id: Ref = Field(examples=["pro"])
    display_name: str = Field(max_length=255, examples=["Pro"])
    product_id: Ref = Field(examples=["platform"])
    billing_id: str | None = None
    description: str | None = None
    metadata: Metadata | None = None
    pricing_type: PricingType | None = None
    status: Literal["DRAFT"] | None = Field(
        default=None, description="It is published by a request of its own."
    )


class PlanBody(PackageBody):
    """A new plan."""

    parent_plan_id: Ref | None = Field(default=None, description="What it inherits from.")
    default_trial_config: TrialWire | None = None


class AddonBody(PackageBody):
    """A new add-on."""

    max_quantity: int | None = Field(default=None, description="Null: any number.")


class PackagePatch(Wire):
    """What changes of a draft; null clears. `charges` replaces the whole pricing."""

    billing_id: str | None = None
    charges: ChargesWire | None = None
    description: str | None = None
    display_name: str | None = Field(default=None, max_length=255)
    metadata: Metadata | None = None


class PlanPatch(PackagePatch):
    """What changes of a plan's draft."""

    compatible_addon_ids: Refs | None = None
    default_trial_config: TrialWire | None = None
    parent_plan_id: Ref | None = None


class AddonPatch(PackagePatch):
    """What changes of an add-on's draft."""

    dependencies: Refs | None = None
    max_quantity: int | None = None
    status: Literal["DRAFT"] | None = Field(
        default=None, description="It is published by a request of its own."
    )


class PublishBody(Wire):
    """Who gets the version."""

    migration_type: MigrationType


class PublishedWire(Wire):
    """The task that moves subscriptions; null when none are to move."""

    task_id: str | None


class DiscardedWire(Wire):
    """Whose draft it was."""

    id: str


class EntitlementRef(Wire):
    """One of the entitlements."""

    id: str
    type: Literal["FEATURE"]


class PackageWire(Wire):
    """What a plan and an add-on have in common."""

    id: str
    display_name: str
    description: str | None
    product_id: str
    pricing_type: PricingType | None
    billing_id: str | None
    entitlements: list[EntitlementRef]
    metadata: Metadata
    status: PackageStatus
    version_number: int
    is_latest: bool = Field(description="Whether it is the newest published version.")
    created_at: Instant
    updated_at: Instant


class PlanWire(PackageWire):
    """A plan."""

    parent_plan_id: str | None
    compatible_addon_ids: list[str]
    default_trial_config: TrialWire | None


class AddonWire(PackageWire):
    """An add-on."""

    max_quantity: int | None
    dependencies: list[str]


def trial_from(wire: TrialWire | None) -> Trial | None:
    """The trial that was sent."""
    if wire is None:
        return None
    budget = wire.budget
    return Trial(
        duration=wire.duration,
        units=wire.units,
        budget=None
        if budget is None
        else Budget(limit=budget.limit, has_soft_limit=budget.has_soft_limit),
        at_end=wire.trial_end_behavior,
    )


def ids(refs: list[str] | None) -> tuple[PackageId, ...]:
    """The plans or add-ons that were named, each once, in their order."""
    return tuple(PackageId(ref) for ref in dict.fromkeys(refs or ()))


def plan_wire(dated: DatedPackage) -> PlanWire:
    """A version of a plan as it travels."""
    plan = dated.package
    return PlanWire(
        **_shared(dated),
        parent_plan_id=plan.parent_id,
        compatible_addon_ids=list(plan.compatible_addon_ids),
        default_trial_config=_trial_wire(plan),
    )


def addon_wire(dated: DatedPackage) -> AddonWire:
    """A version of an add-on as it travels."""
    addon = dated.package
    return AddonWire(
        **_shared(dated),
        max_quantity=addon.max_quantity,
        dependencies=list(addon.dependency_ids),
    )


def _shared(dated: DatedPackage) -> dict[str, Any]:
    package = dated.package
    return {
        "id": package.id,
        "display_name": package.display_name,
        "description": package.description,
        "product_id": package.product_id,
        "pricing_type": package.pricing.type,
        "billing_id": package.billing_id,
        "entitlements": [
            EntitlementRef(id=each.feature_id, type="FEATURE") for each in package.entitlements
        ],
        "metadata": dict(package.metadata),
        "status": dated.status,
        "version_number": package.version,
        "is_latest": dated.is_latest,
        "created_at": dated.created_at,
        "updated_at": dated.updated_at,
    }


def _trial_wire(plan: Package) -> TrialWire | None:
    trial = plan.trial
    if trial is None:
        return None
    budget = trial.budget
    return TrialWire(
        duration=trial.duration,
        units=trial.units,
        budget=None
        if budget is None
        else BudgetWire(limit=budget.limit, has_soft_limit=budget.has_soft_limit),
        trial_end_behavior=trial.at_end,
    )
