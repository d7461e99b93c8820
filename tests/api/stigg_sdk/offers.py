"""A catalogue to sell from: an app with its plans, an add-on, and two customers; and selling."""

from __future__ import annotations

from typing import Any

from stigg import Stigg


def flat(monthly: float) -> Any:
    """A base fee by the month, and ten of them by the year."""
    return {
        "billing_model": "FLAT_FEE",
        "price_periods": [
            {"billing_period": "MONTHLY", "price": {"amount": monthly, "currency": "eur"}},
            {"billing_period": "ANNUALLY", "price": {"amount": 10 * monthly, "currency": "eur"}},
        ],
    }


SEATS: Any = {
    "billing_model": "PER_UNIT",
    "feature_id": "seats",
    "min_unit_quantity": 1,
    "max_unit_quantity": 50,
    "price_periods": [
        {"billing_period": "MONTHLY", "price": {"amount": 9, "currency": "eur"}},
        {"billing_period": "ANNUALLY", "price": {"amount": 90, "currency": "eur"}},
    ],
}


def offer(stigg: Stigg, plan_id: str, charges: Any, *addons: str, product_id: str = "app") -> None:
    """A published plan with a hundred calls: free, paid, or custom without `charges`."""
    plans = stigg.v1.plans
    plans.create(id=plan_id, display_name=plan_id.title(), product_id=product_id)
    kind = "CUSTOM" if charges is None else "PAID" if charges else "FREE"
    priced: Any = {"pricing_type": kind, "pricing_models": charges or []}
    plans.update(plan_id, charges=priced, compatible_addon_ids=addons)
    plans.entitlements.create(
        plan_id, entitlements=[{"id": "calls", "type": "FEATURE", "usage_limit": 100}]
    )
    plans.publish(plan_id, migration_type="NEW_CUSTOMERS")


def sell_an_app(stigg: Stigg) -> None:
    """An app: free, basic, pro with seats, and enterprise; an add-on; two customers."""
    make = stigg.v1.features.create_feature
    stigg.v1.products.create_product(id="app", display_name="App", multiple_subscriptions=True)
    make(id="seats", display_name="Seats", feature_type="NUMBER", meter_type="FLUCTUATING")
    make(id="calls", display_name="Calls", feature_type="NUMBER", meter_type="INCREMENTAL")
    addons = stigg.v1.addons
    addons.create(id="extra", display_name="Extra", product_id="app", max_quantity=5)
    addons.update("extra", charges={"pricing_type": "PAID", "pricing_models": [flat(5)]})
    addons.publish("extra", migration_type="NEW_CUSTOMERS")
    offer(stigg, "free", [])
    offer(stigg, "basic", [flat(20)])
    offer(stigg, "pro", [flat(50), SEATS], "extra")
    offer(stigg, "enterprise", None, "extra")
    for name in ("ada", "grace"):
        stigg.v1.customers.provision(id=name, name=name.title())


def subscribe(stigg: Stigg, plan_id: str = "pro", **more: Any) -> str:
    """Provision for Ada; the subscription's id."""
    made = stigg.v1.subscriptions.provision(**{"customer_id": "ada", "plan_id": plan_id, **more})
    return made.data.id
