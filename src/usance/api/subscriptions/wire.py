"""A subscription as it travels, in the names of Stigg's SDKs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from usance.api.catalog.wire import MoneyWire, Number, TierWire
from usance.api.envelope import Instant, Wire
from usance.api.invoices.neighbours import LatestInvoiceWire
from usance.domain.plans.charges import BillingPeriod
from usance.domain.plans.package import PricingType, TrialEnd
from usance.domain.subscriptions.subscription import (
    ChangeKind,
    CollectionMethod,
    EndReason,
    Status,
)


class AddonWire(Wire):
    """So many of an add-on."""

    id: str
    quantity: int


class PriceWire(Wire):
    """What it costs, as the plan says or as was agreed."""

    base_charge: bool | None
    feature_id: str | None
    addon_id: str | None
    amount: Number | None
    currency: str | None
    block_size: Number | None
    billing_country_code: str | None
    tiers: list[TierWire] | None


class CouponWire(Wire):
    """What comes off."""

    id: str = Field(description="Empty: a discount made for this subscription alone.")
    name: str
    status: Literal["ACTIVE", "EXPIRED", "REMOVED"]
    percent_off: Number | None
    amounts_off: list[MoneyWire] | None


class BudgetWire(Wire):
    """A ceiling of spending."""

    limit: Number
    has_soft_limit: bool


class TrialWire(Wire):
    """What follows on the trial."""

    trial_end_behavior: TrialEnd


class OverrideWire(Wire):
    """A feature that was agreed over what the plan says."""

    id: str
    type: Literal["FEATURE"]


class TargetWire(Wire):
    """The plan it changes to."""

    id: str


class FutureUpdateWire(Wire):
    """A change that is still to take effect."""

    schedule_status: Literal["PENDING_PAYMENT", "SCHEDULED"]
    scheduled_execution_time: Instant
    subscription_schedule_type: ChangeKind
    target_package: TargetWire | None


class ListedSubscriptionWire(Wire):
    """A subscription as lists show it."""

    id: str
    customer_id: str
    paying_customer_id: str | None
    resource_id: str | None
    plan_id: str
    pricing_type: PricingType
    status: Status
    payment_collection: Literal["NOT_REQUIRED", "PROCESSING"]
    payment_collection_method: CollectionMethod | None
    billing_id: str | None
    contract_id: str | None = Field(description="The contract it was sold on.")
    addons: list[AddonWire]
    prices: list[PriceWire]
    coupons: list[CouponWire]
    budget: BudgetWire | None
    minimum_spend: MoneyWire | None
    trial: TrialWire | None
    trial_end_date: Instant | None
    start_date: Instant
    end_date: Instant | None = Field(description="The first instant it gives access no more.")
    effective_end_date: Instant | None
    cancellation_date: Instant | None = Field(description="The same, where it was said to end.")
    cancel_reason: EndReason | None
    billing_period: BillingPeriod | None
    billing_cycle_anchor: Instant
    current_billing_period_start: Instant | None
    current_billing_period_end: Instant | None
    future_updates: list[FutureUpdateWire]
    latest_invoice: LatestInvoiceWire | None
    metadata: dict[str, str]
    salesforce_id: str | None
    created_at: Instant
    updated_at: Instant


class SubscriptionWire(ListedSubscriptionWire):
    """A subscription."""

    subscription_entitlements: list[OverrideWire] = Field(
        description="Features agreed over what the plan says."
    )


class CalledOffWire(Wire):
    """The subscription that goes on as it is."""

    id: str


class ImportedWire(Wire):
    """The import, which is done when it is answered."""

    task_id: str
