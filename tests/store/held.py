"""What customers hold, written in a few words: plans, add-ons, subscriptions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from usance.domain.catalog import EnumValue, Feature, FeatureType, MeterType
from usance.domain.customer import Address, Customer
from usance.domain.ids import CustomerId, FeatureId, PackageId, ProductId
from usance.domain.plans.entitlements import PackageEntitlement
from usance.domain.plans.package import (
    MigrationType,
    Package,
    PackageKind,
    PackagePricing,
    PricingType,
)
from usance.domain.plans.product import Product
from usance.domain.plans.promotion import Grant, GrantPeriod
from usance.domain.subscriptions.subscription import Subscription, Version
from usance.domain.subscriptions.terms import AddonQuantity, Terms
from usance.flows.create_package import create_package
from usance.flows.create_product import create_product
from usance.flows.define_feature import define_feature
from usance.flows.edit_draft import edit_draft
from usance.flows.grant_promotions import grant_promotions
from usance.flows.open_draft import open_draft
from usance.flows.publish_package import publish_package
from usance.flows.runtime import Runtime, Scope
from usance.flows.set_up_company import save_customer
from usance.store import subscriptions

START = datetime(2025, 1, 1, 12, tzinfo=UTC)
ACME = CustomerId("acme")
APP = ProductId("app")


def number(id: str, meter_type: MeterType = MeterType.INCREMENTAL) -> Feature:
    """A feature that is a number, counted unless said otherwise."""
    return Feature(id=FeatureId(id), display_name=id.title(), meter_type=meter_type)


def switch(id: str) -> Feature:
    """A feature that one has or has not."""
    return Feature(id=FeatureId(id), display_name=id.title(), feature_type=FeatureType.BOOLEAN)


def choice(id: str, *values: str) -> Feature:
    """A feature that is some of a list."""
    return Feature(
        id=FeatureId(id),
        display_name=id.title(),
        feature_type=FeatureType.ENUM,
        enum_values=tuple(EnumValue(value, value.upper()) for value in values),
    )


def gives(feature_id: str, limit: int | None = None, **more: Any) -> PackageEntitlement:
    """What a package gives of a feature."""
    return PackageEntitlement(
        feature_id=FeatureId(feature_id),
        created_at=START,
        updated_at=START,
        usage_limit=None if limit is None else Decimal(limit),
        **more,
    )


@dataclass(frozen=True, slots=True)
class Offers:
    """An environment with a product, and what is offered of it."""

    runtime: Runtime
    scope: Scope

    def open(self, *features: Feature, product: Product | None = None) -> Offers:
        """With a product, features, and the customer Acme."""
        create_product(self.runtime, self.scope, product or Product(id=APP, display_name="App"))
        for feature in features:
            define_feature(self.runtime, self.scope, feature)
        return self.customer(ACME)

    def customer(self, id: str) -> Offers:
        """A further customer."""
        customer = Customer(id=CustomerId(id), name=id.title(), address=Address(country="DE"))
        save_customer(self.runtime, self.scope, customer)
        return self

    def plan(self, id: str, *held: PackageEntitlement, **more: Any) -> Package:
        """A plan that gives these, published."""
        return self._published(PackageKind.PLAN, id, held, more)

    def addon(self, id: str, *held: PackageEntitlement, **more: Any) -> Package:
        """An add-on that gives these, published."""
        return self._published(PackageKind.ADDON, id, held, more)

    def _published(
        self,
        kind: PackageKind,
        id: str,
        held: tuple[PackageEntitlement, ...],
        more: dict[str, Any],
    ) -> Package:
        draft = Package(
            kind=kind,
            id=PackageId(id),
            product_id=APP,
            version=1,
            display_name=id.title(),
            entitlements=held,
            **{"pricing": PackagePricing(type=PricingType.CUSTOM), **more},
        )
        create_package(self.runtime, self.scope, draft)
        only_new = MigrationType.NEW_CUSTOMERS
        publish_package(self.runtime, self.scope, kind, draft.id, only_new)
        return draft

    def publish_next(self, package: Package, *held: PackageEntitlement) -> Package:
        """The next version of a package, which gives these."""
        open_draft(self.runtime, self.scope, package.kind, package.id)
        edit_draft(
            self.runtime,
            self.scope,
            package.kind,
            package.id,
            lambda draft, _at: replace(draft, entitlements=held),
        )
        only_new = MigrationType.NEW_CUSTOMERS
        publish_package(self.runtime, self.scope, package.kind, package.id, only_new)
        return replace(package, version=package.version + 1, entitlements=held)

    def subscribe(self, plan: Package | None = None, **more: Any) -> Subscription:
        """A subscription of Acme, from the start on, unless said otherwise."""
        subscription = subscribed(plan, **more)
        with self.runtime.transaction(self.scope) as tx:
            assert subscriptions.add(tx, subscription, at=START)
        return subscription

    def change(self, subscription: Subscription, **changes: Any) -> Subscription:
        """The subscription as it is from now on."""
        changed = replace(subscription, **changes)
        with self.runtime.transaction(self.scope) as tx:
            subscriptions.save(tx, changed, at=START)
        return changed

    def promote(
        self, value: PackageEntitlement, *, to: str = ACME, until: datetime | None = None
    ) -> None:
        """Give a customer a feature, for good or until then."""
        period = GrantPeriod.LIFETIME if until is None else GrantPeriod.CUSTOM
        grant = Grant(value=value, period=period, custom_end_at=until)
        grant_promotions(self.runtime, self.scope, CustomerId(to), [grant])


def subscribed(plan: Package | None = None, **more: Any) -> Subscription:
    """A subscription of Acme; `addons` as ids and quantities, `terms` further ones of its only
    version.
    """
    addons = tuple(AddonQuantity(PackageId(id), 1, n) for id, n in more.pop("addons", {}).items())
    terms = replace(
        more.pop("terms", Terms()),
        plan_version=None if plan is None else plan.version,
        addons=addons,
    )
    starts_at = more.get("starts_at", START)
    version = Version(number=1, effective_at=starts_at, terms=terms, created_at=START)
    values = {
        "id": "sub-1",
        "customer_id": ACME,
        "plan_id": PackageId("none") if plan is None else plan.id,
        "product_id": None,
        "pricing_type": PricingType.CUSTOM,
        "starts_at": starts_at,
        "anchor": starts_at,
        "versions": (version,),
    }
    return Subscription(**{**values, **more})
