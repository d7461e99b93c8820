"""A customer who holds five subscriptions, each of a plan that gives so many features."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from decimal import Decimal

from usance.domain.catalog import Aggregation, Feature, Meter, MeterType
from usance.domain.customer import Address, Customer
from usance.domain.ids import CustomerId, FeatureId, PackageId, ProductId
from usance.domain.metering.events import UsageEvent
from usance.domain.plans.entitlements import PackageEntitlement, ResetPeriod
from usance.domain.plans.package import (
    MigrationType,
    Package,
    PackageKind,
    PackagePricing,
    PricingType,
)
from usance.domain.plans.product import Product
from usance.domain.subscriptions.subscription import Subscription, Version
from usance.domain.subscriptions.terms import Terms
from usance.flows.create_package import create_package
from usance.flows.create_product import create_product
from usance.flows.ingest_usage import ingest_usage
from usance.flows.open_environment import move_clock, open_environment
from usance.flows.publish_package import publish_package
from usance.flows.runtime import Runtime, Scope
from usance.flows.set_up_company import save_customer
from usance.store import features, subscriptions
from usance.store.database import Database

SUBSCRIPTIONS = 5
START = datetime(2025, 1, 1, tzinfo=UTC)
NOW = datetime(2025, 2, 1, tzinfo=UTC)
HOLDER = CustomerId("holder")
METERED = FeatureId("feature-0-0")


def hold(database: Database, entitlements: int) -> tuple[Runtime, Scope]:
    """A new environment in which HOLDER has five times so many; METERED has been used."""
    runtime = Runtime(database)
    scope = Scope(f"bench-{secrets.token_hex(4)}", "bench")
    open_environment(runtime, scope.tenant_id, name="Bench", kind="SANDBOX")
    move_clock(runtime, scope, NOW)
    save_customer(runtime, scope, Customer(id=HOLDER, name="H", address=Address(country="DE")))
    for number in range(SUBSCRIPTIONS):
        _subscribe(runtime, scope, number, entitlements)
    ingest_usage(runtime, scope, [_event(index) for index in range(100)])
    return runtime, scope


def _subscribe(runtime: Runtime, scope: Scope, number: int, entitlements: int) -> None:
    ids = [FeatureId(f"feature-{number}-{index}") for index in range(entitlements)]
    with runtime.transaction(scope) as tx:
        for each in ids:
            features.save(tx, _feature(each), at=NOW)
    product_id, plan_id = ProductId(f"product-{number}"), PackageId(f"plan-{number}")
    create_product(runtime, scope, Product(id=product_id, display_name="P"))
    plan = Package(
        kind=PackageKind.PLAN,
        id=plan_id,
        product_id=product_id,
        version=1,
        display_name="Plan",
        pricing=PackagePricing(type=PricingType.CUSTOM),
        entitlements=tuple(_given(each) for each in ids),
    )
    create_package(runtime, scope, plan)
    publish_package(runtime, scope, plan.kind, plan_id, MigrationType.NEW_CUSTOMERS)
    version = Version(number=1, effective_at=START, terms=Terms(plan_version=1), created_at=START)
    subscription = Subscription(
        id=f"subscription-{number}",
        customer_id=HOLDER,
        plan_id=plan_id,
        product_id=product_id,
        pricing_type=PricingType.CUSTOM,
        starts_at=START,
        anchor=START,
        versions=(version,),
    )
    with runtime.transaction(scope) as tx:
        subscriptions.add(tx, subscription, at=NOW)


def _feature(feature_id: FeatureId) -> Feature:
    return Feature(
        id=feature_id,
        display_name="Feature",
        meter_type=MeterType.INCREMENTAL,
        meter=Meter(f"event-{feature_id}", Aggregation.COUNT),
    )


def _given(feature_id: FeatureId) -> PackageEntitlement:
    return PackageEntitlement(
        feature_id=feature_id,
        created_at=START,
        updated_at=START,
        usage_limit=Decimal(1_000_000),
        reset_period=ResetPeriod.MONTH,
    )


def _event(index: int) -> UsageEvent:
    return UsageEvent(
        customer_id=HOLDER,
        event_name=f"event-{METERED}",
        idempotency_key=str(index),
        occurred_at=NOW,
        dimensions={},
    )
