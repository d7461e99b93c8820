"""Terms: what a subscription is for, as one version of it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from usance.domain.errors import Problem, refuse_if
from usance.domain.ids import CouponId, FeatureId, PackageId
from usance.domain.plans.charges import BillingPeriod, ChargeTier, TiersMode
from usance.domain.plans.entitlements import LARGEST, ResetPeriod
from usance.domain.plans.package import Budget

MAX_LIST = 500


@dataclass(frozen=True, slots=True)
class AddonQuantity:
    """So many of an add-on, as one of its versions says."""

    id: PackageId
    version: int
    quantity: int


@dataclass(frozen=True, slots=True)
class UnitQuantity:
    """How many units of a feature were ordered, such as seats."""

    feature_id: FeatureId
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitlementOverride:
    """What was agreed of a feature with this customer, over what the plan says."""

    feature_id: FeatureId
    usage_limit: Decimal | None = None
    has_unlimited_usage: bool = False
    has_soft_limit: bool = False
    enum_values: tuple[str, ...] = ()
    reset_period: ResetPeriod | None = None
    reset_according_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceOverride:
    """A price agreed with this customer: of the base fee, of a feature's charge, or an add-on's.

    Neither `feature_id` nor `addon_id`: the base fee. Amounts are major units of `currency`.
    """

    feature_id: FeatureId | None = None
    addon_id: PackageId | None = None
    amount: Decimal | None = None
    currency: str | None = None
    tiers: tuple[ChargeTier, ...] = ()
    tiers_mode: TiersMode | None = None
    block_size: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedCoupon:
    """What comes off from an instant on, for so many months; None: for ever.

    `percent_off` of a hundred, or `amounts_off` by currency in major units. `id` None: made for
    this subscription only.
    """

    id: CouponId | None
    name: str
    applied_at: datetime
    percent_off: Decimal | None = None
    amounts_off: tuple[tuple[str, Decimal], ...] = ()
    duration_months: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumSpend:
    """The least that on-demand charges come to a billing period, in major units."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One version of what a subscription is for.

    `plan_version` None: the plan stands in no catalogue. `billing_period` None: nothing recurs.
    `country`: an ISO 3166 code or EU, for prices of a place.
    """

    plan_version: int | None = None
    addons: tuple[AddonQuantity, ...] = ()
    units: tuple[UnitQuantity, ...] = ()
    overrides: tuple[EntitlementOverride, ...] = ()
    prices: tuple[PriceOverride, ...] = ()
    billing_period: BillingPeriod | None = None
    currency: str | None = None
    country: str | None = None
    coupon: AppliedCoupon | None = None
    minimum_spend: MinimumSpend | None = None
    budget: Budget | None = None

    def __post_init__(self) -> None:
        refuse_if(list(_problems(self)))

    def units_of(self, feature_id: FeatureId) -> Decimal | None:
        """How many units of that feature were ordered; None when none were."""
        found = (each.quantity for each in self.units if each.feature_id == feature_id)
        return next(found, None)


def _problems(terms: Terms) -> Iterator[Problem]:
    named: tuple[tuple[str, list[str]], ...] = (
        ("addons", [each.id for each in terms.addons]),
        ("charges", [each.feature_id for each in terms.units]),
        ("entitlements", [each.feature_id for each in terms.overrides]),
    )
    for path, ids in named:
        if len(ids) > MAX_LIST:
            yield Problem("TooMany", path, str(len(ids)), f"at most {MAX_LIST}")
        if len(set(ids)) < len(ids):
            twice = next(each for each in ids if ids.count(each) > 1)
            yield Problem("NamedTwice", path, twice, "each id once")
    for index, addon in enumerate(terms.addons):
        if not 1 <= addon.quantity < 10**9:
            path = f"addons[{index}].quantity"
            yield Problem("InvalidQuantity", path, str(addon.quantity), "a whole number from 1")
    for index, unit in enumerate(terms.units):
        if not 0 <= unit.quantity < LARGEST:
            path = f"charges[{index}].quantity"
            yield Problem("InvalidQuantity", path, str(unit.quantity), "zero or more, below 2^53")
    for index, override in enumerate(terms.overrides):
        limit = override.usage_limit
        if limit is not None and not 0 <= limit < LARGEST:
            path = f"entitlements[{index}].usageLimit"
            yield Problem("InvalidEntitlement", path, str(limit), "zero or more, below 2^53")
        if limit is not None and override.has_unlimited_usage:
            path = f"entitlements[{index}].usageLimit"
            expected = "nothing beside hasUnlimitedUsage"
            yield Problem("InvalidEntitlement", path, str(limit), expected)
    minimum = terms.minimum_spend
    for path, amount in (
        ("budget.limit", None if terms.budget is None else terms.budget.limit),
        ("minimumSpend.amount", None if minimum is None else minimum.amount),
        *((f"priceOverrides[{i}].amount", each.amount) for i, each in enumerate(terms.prices)),
    ):
        if amount is not None and not 0 <= amount < Decimal(10) ** 12:
            yield Problem("InvalidAmount", path, str(amount)[:80], "zero or more, below 10^12")
