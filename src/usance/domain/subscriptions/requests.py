"""Requests: what somebody asks for when a subscription is provisioned, changed or ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum, StrEnum

from usance.domain.ids import ContractId, CouponId, CustomerId, PackageId
from usance.domain.plans.charges import BillingPeriod
from usance.domain.plans.package import Budget, TrialEnd
from usance.domain.plans.product import CancellationTime
from usance.domain.subscriptions.subscription import CollectionMethod, ProrationBehavior
from usance.domain.subscriptions.terms import (
    EntitlementOverride,
    MinimumSpend,
    PriceOverride,
    UnitQuantity,
)


class Keep(Enum):
    """What a change does not name stays as it is."""

    KEEP = "KEEP"


KEEP = Keep.KEEP


class Schedule(StrEnum):
    """When a change takes effect."""

    IMMEDIATE = "IMMEDIATE"
    END_OF_BILLING_PERIOD = "END_OF_BILLING_PERIOD"
    END_OF_BILLING_MONTH = "END_OF_BILLING_MONTH"  # of what is billed by the year


class CancellationAction(StrEnum):
    """What follows on an end: what the product's settings say, or nothing."""

    DEFAULT = "DEFAULT"
    REVOKE_ENTITLEMENTS = "REVOKE_ENTITLEMENTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class CouponRequest:
    """A coupon of the catalogue (`id`), or a discount made for this subscription alone."""

    id: CouponId | None = None
    name: str = ""
    percent_off: Decimal | None = None
    amounts_off: tuple[tuple[str, Decimal], ...] = ()
    duration_months: int | None = None
    starts_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRequest:
    """A trial or none, whatever the plan says. What is None is the plan's."""

    is_trial: bool
    ends_at: datetime | None = None
    at_end: TrialEnd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionRequest:
    """A subscription somebody asks for. What is None follows from plan, product and customer.

    `addons`: ids and quantities. `unit_quantity`: of the plan's only charge by unit. With
    `is_anchor_now`
    periods are counted from its start, not as those of what it takes the place of.
    """

    customer_id: CustomerId
    plan_id: PackageId
    id: str | None = None
    resource_id: str | None = None
    paying_customer_id: CustomerId | None = None
    addons: tuple[tuple[PackageId, int], ...] = ()
    units: tuple[UnitQuantity, ...] = ()
    unit_quantity: Decimal | None = None
    overrides: tuple[EntitlementOverride, ...] = ()
    prices: tuple[PriceOverride, ...] = ()
    minimum_spend: MinimumSpend | None = None
    budget: Budget | None = None
    billing_period: BillingPeriod | None = None
    country: str | None = None
    coupon: CouponRequest | None = None
    trial: TrialRequest | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    schedule: Schedule | None = None
    is_anchor_now: bool | None = None
    collection: CollectionMethod | None = None
    proration: ProrationBehavior | None = None
    days_until_due: int | None = None
    contract_id: ContractId | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    billing_id: str | None = None
    salesforce_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRequest:
    """What of a subscription changes; lists and metadata are replaced whole."""

    addons: tuple[tuple[PackageId, int], ...] | Keep = KEEP
    units: tuple[UnitQuantity, ...] | Keep = KEEP
    overrides: tuple[EntitlementOverride, ...] | Keep = KEEP
    prices: tuple[PriceOverride, ...] | Keep = KEEP
    minimum_spend: MinimumSpend | Keep | None = KEEP
    budget: Budget | Keep | None = KEEP
    billing_period: BillingPeriod | Keep = KEEP
    country: str | Keep | None = KEEP
    coupon: CouponRequest | Keep | None = KEEP
    trial_ends_at: datetime | Keep = KEEP
    ends_at: datetime | Keep | None = KEEP
    schedule: Schedule | None = None
    is_anchor_now: bool | None = None
    proration: ProrationBehavior | None = None
    metadata: Mapping[str, str] | Keep = KEEP
    billing_id: str | Keep | None = KEEP
    salesforce_id: str | Keep | None = KEEP
    days_until_due: int | Keep = KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest:
    """An end. `on` goes with SPECIFIC_DATE."""

    time: CancellationTime | None = None  # None: as the product says
    on: datetime | None = None
    action: CancellationAction = CancellationAction.DEFAULT
    is_prorated: bool | None = None  # None: as the product says
