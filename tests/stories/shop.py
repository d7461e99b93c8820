"""A catalogue to sell from: a product, plans for nothing, for money and by contract, an add-on."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from tests.stories.world import World
from usance.domain.ids import CustomerId, FeatureId, PackageId, ProductId
from usance.domain.plans.charges import BillingModel, BillingPeriod, Charge
from usance.domain.plans.entitlements import PackageEntitlement, ResetPeriod
from usance.domain.plans.package import (
    Package,
    PackageKind,
    PackagePricing,
    PricingType,
    Trial,
    TrialEnd,
    TrialUnit,
)
from usance.domain.plans.product import (
    CancellationTime,
    EndSetup,
    Product,
    ProductSettings,
    StartSetup,
)
from usance.domain.subscriptions.requests import ProvisionRequest
from usance.domain.subscriptions.subscription import Status, Subscription
from usance.flows.create_product import create_product
from usance.flows.provision_subscription import provision_subscription
from usance.flows.update_product import update_product
from usance.store import packages, subscriptions

MADE = datetime(2024, 12, 1, tzinfo=UTC)
PLATFORM = ProductId("platform")


def _charge(model: BillingModel, amount: str, period: BillingPeriod, **more: object) -> Charge:
    fields: dict[str, object] = {
        "id": f"{model}-{period}-{amount}",
        "created_at": MADE,
        "model": model,
        "period": period,
        "currency": "EUR",
        "amount": Decimal(amount),
    }
    return Charge(**{**fields, **more})  # type: ignore[arg-type]


def flat(amount: str, period: BillingPeriod = BillingPeriod.MONTHLY, **more: object) -> Charge:
    """A fee a period."""
    return _charge(BillingModel.FLAT_FEE, amount, period, **more)


def per_seat(amount: str, period: BillingPeriod = BillingPeriod.MONTHLY, **more: object) -> Charge:
    """A fee a seat and period."""
    return _charge(BillingModel.PER_UNIT, amount, period, feature_id=FeatureId("seats"), **more)


def per_call(amount: str, period: BillingPeriod = BillingPeriod.MONTHLY, **more: object) -> Charge:
    """A fee a call."""
    return _charge(
        BillingModel.USAGE_BASED, amount, period, feature_id=FeatureId("api-calls"), **more
    )


def grants(feature: str, limit: int | None = None, **more: object) -> PackageEntitlement:
    """An entitlement; with a limit of calls, of each month."""
    is_calls = feature == "api-calls"
    fields: dict[str, object] = {
        "feature_id": FeatureId(feature),
        "created_at": MADE,
        "updated_at": MADE,
        "usage_limit": None if limit is None else Decimal(limit),
        "has_unlimited_usage": limit is None and feature in ("seats", "api-calls"),
        "reset_period": ResetPeriod.MONTH if is_calls else None,
    }
    return PackageEntitlement(**{**fields, **more})  # type: ignore[arg-type]


def plan(name: str, type: PricingType, *charges: Charge, **more: object) -> Package:
    """A plan of the platform."""
    fields: dict[str, object] = {
        "kind": PackageKind.PLAN,
        "id": PackageId(name),
        "product_id": PLATFORM,
        "version": 1,
        "display_name": name.title(),
        "pricing": PackagePricing(type=type, charges=charges),
    }
    return Package(**{**fields, **more})  # type: ignore[arg-type]


ANNUAL = BillingPeriod.ANNUALLY
SUPPORT = Package(
    kind=PackageKind.ADDON,
    id=PackageId("support"),
    product_id=PLATFORM,
    version=1,
    display_name="Support",
    pricing=PackagePricing(type=PricingType.PAID, charges=(flat("5"), flat("50", ANNUAL))),
    entitlements=(grants("api-calls", 500),),
    max_quantity=10,
)
WITH_SUPPORT = {"compatible_addon_ids": (PackageId("support"),)}
FREE = plan("free", PricingType.FREE, entitlements=(grants("seats", 1), grants("api-calls", 100)))
TEAM = plan(
    "team",
    PricingType.PAID,
    flat("30"),
    per_seat("10", min_units=2, max_units=50),
    flat("300", ANNUAL),
    per_seat("100", ANNUAL, min_units=2, max_units=50),
    entitlements=(grants("seats", 2), grants("api-calls", 1000), grants("sso")),
    **WITH_SUPPORT,
)
BUSINESS = plan(
    "business",
    PricingType.PAID,
    flat("90"),
    flat("900", ANNUAL),
    per_call("0.01"),
    parent_id=PackageId("team"),
    entitlements=(grants("api-calls"), grants("seats", 20)),
    trial=Trial(duration=14, units=TrialUnit.DAY, at_end=TrialEnd.CANCEL_SUBSCRIPTION),
    **WITH_SUPPORT,
)
CUSTOM = plan("enterprise", PricingType.CUSTOM, entitlements=(grants("sso"),))


def stock(world: World, *, falls_back: bool = True) -> World:
    """With the catalogue, all of it published."""
    create_product(world.runtime, world.scope, Product(id=PLATFORM, display_name="Platform"))
    with world.runtime.transaction(world.scope) as tx:
        for package in (SUPPORT, FREE, TEAM, BUSINESS, CUSTOM):
            packages.add(tx, package, at=MADE)
            packages.save_published(tx, package, at=MADE)
    if falls_back:
        settings = ProductSettings(
            cancellation_time=CancellationTime.END_OF_BILLING_PERIOD,
            end_setup=EndSetup.DOWNGRADE_TO_FREE,
            start_setup=StartSetup.PLAN_SELECTION,
            downgrade_plan_id=PackageId("free"),
        )
        update_product(world.runtime, world.scope, PLATFORM, {"settings": settings})
    return world


def subscribe(world: World, plan_id: str, **more: object) -> str:
    """Nordlicht takes a plan; the subscription's id."""
    fields = {"customer_id": CustomerId("nordlicht"), "plan_id": PackageId(plan_id), **more}
    request = ProvisionRequest(**fields)  # type: ignore[arg-type]
    return provision_subscription(world.runtime, world.scope, request)


def held(world: World, subscription_id: str) -> Subscription:
    """The subscription as it is kept."""
    with world.runtime.transaction(world.scope) as tx:
        return subscriptions.one(tx, subscription_id).subscription


def states(world: World, *, by: str = "nordlicht") -> list[tuple[str, Status]]:
    """The plans and states of all that a customer has or had, oldest first."""
    with world.runtime.transaction(world.scope) as tx:
        found = subscriptions.some(tx, customer_ids=[by])
        now = world.runtime.now(tx)
    return [(each.subscription.plan_id, each.subscription.status_at(now)) for each in found]
