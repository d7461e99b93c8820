"""Products: what plans and add-ons belong to, and what happens around their subscriptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from usance.domain.errors import Conflict, NotAllowedNow, Problem, refuse_if
from usance.domain.ids import PackageId, ProductId
from usance.domain.plans.wording import metadata_problems, name_problems, text_problems


class StartSetup(StrEnum):
    """How a customer's first subscription of a product begins."""

    PLAN_SELECTION = "PLAN_SELECTION"
    TRIAL_PERIOD = "TRIAL_PERIOD"
    FREE_PLAN = "FREE_PLAN"


class EndSetup(StrEnum):
    """What follows on a subscription's end."""

    DOWNGRADE_TO_FREE = "DOWNGRADE_TO_FREE"
    CANCEL_SUBSCRIPTION = "CANCEL_SUBSCRIPTION"


class CancellationTime(StrEnum):
    """When a cancellation takes effect."""

    END_OF_BILLING_PERIOD = "END_OF_BILLING_PERIOD"
    IMMEDIATE = "IMMEDIATE"
    SPECIFIC_DATE = "SPECIFIC_DATE"


class ResetCutoff(StrEnum):
    """Whether usage starts from zero when a subscription is updated."""

    NEVER_RESET = "NEVER_RESET"
    ALWAYS_RESET = "ALWAYS_RESET"
    BILLING_PERIOD_CHANGE = "BILLING_PERIOD_CHANGE"


class ProductExists(Conflict):
    """A product of that id is there, archived or not."""

    code = "ProductExists"

    def __init__(self, product_id: str) -> None:
        super().__init__(f"There is a product {product_id} already; choose another id.")


class ProductArchived(NotAllowedNow):
    """An archived product takes no new plans and add-ons; restore it first."""

    code = "ProductArchived"

    def __init__(self, product_id: str) -> None:
        super().__init__(f"Product {product_id} is archived; unarchive it first.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductSettings:
    """The customer's journey. `downgrade_plan_id` goes with DOWNGRADE_TO_FREE only."""

    cancellation_time: CancellationTime
    end_setup: EndSetup
    start_setup: StartSetup
    downgrade_plan_id: PackageId | None = None
    start_plan_id: PackageId | None = None
    prorate_at_end_of_billing_period: bool | None = None

    def __post_init__(self) -> None:
        is_free = self.end_setup is EndSetup.DOWNGRADE_TO_FREE
        if self.downgrade_plan_id is not None and not is_free:
            expected = "nothing, unless subscriptionEndSetup is DOWNGRADE_TO_FREE"
            found = self.downgrade_plan_id
            refuse_if([Problem("InvalidSettings", "downgradePlanId", found, expected)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something on sale. `multiple_subscriptions`: a customer may have several, by resource."""

    id: ProductId
    display_name: str
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    multiple_subscriptions: bool = False
    settings: ProductSettings | None = None
    reset_cutoff: ResetCutoff = ResetCutoff.NEVER_RESET

    def __post_init__(self) -> None:
        refuse_if(list(_problems(self)))

    def named_plans(self) -> dict[str, PackageId]:
        """The plans that its settings name, by the path of the field."""
        settings = self.settings
        found = (
            {}
            if settings is None
            else {
                "productSettings.downgradePlanId": settings.downgrade_plan_id,
                "productSettings.subscriptionStartPlanId": settings.start_plan_id,
            }
        )
        return {path: plan_id for path, plan_id in found.items() if plan_id is not None}


def _problems(product: Product) -> Iterator[Problem]:
    yield from name_problems(product.display_name, "displayName")
    yield from text_problems(product.description, "description")
    yield from metadata_problems(product.metadata)
