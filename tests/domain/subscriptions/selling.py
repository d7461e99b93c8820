"""What subscriptions are sold of, in these tests: a plan, an add-on, their charges."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from usance.domain.ids import FeatureId, PackageId, ProductId
from usance.domain.plans.charges import BillingModel, BillingPeriod, Charge
from usance.domain.plans.package import Package, PackageKind, PackagePricing, PricingType
from usance.domain.subscriptions.sold import Sold

MADE = datetime(2025, 1, 1, tzinfo=UTC)


def by_use(feature: str = "calls", **more: Any) -> Charge:
    """Half a euro a unit used, a month, unless said otherwise."""
    fields = {
        "id": feature,
        "created_at": MADE,
        "model": BillingModel.USAGE_BASED,
        "period": BillingPeriod.MONTHLY,
        "currency": "EUR",
        "amount": Decimal("0.5"),
        "feature_id": FeatureId(feature),
    }
    return Charge(**{**fields, **more})


def addon(*charges: Charge) -> Package:
    """An add-on at those charges."""
    return Package(
        kind=PackageKind.ADDON,
        id=PackageId("extra"),
        product_id=ProductId("app"),
        version=1,
        display_name="Extra",
        pricing=PackagePricing(type=PricingType.PAID, charges=charges),
    )


def sold(
    *charges: Charge,
    type: PricingType = PricingType.PAID,
    addons: tuple[tuple[Package, int], ...] = (),
) -> Sold:
    """A plan at those charges, with add-ons."""
    plan = Package(
        kind=PackageKind.PLAN,
        id=PackageId("p"),
        product_id=ProductId("app"),
        version=1,
        display_name="Plan",
        pricing=PackagePricing(type=type, charges=charges),
    )
    return Sold(plan=plan, addons=addons)
