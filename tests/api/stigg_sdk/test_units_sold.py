"""Reported in bytes, sold in kilobytes: limits hold for what is sold."""

from __future__ import annotations

from typing import Any

from stigg import Stigg


def test_a_limit_of_units_sold_holds_for_what_is_reported(stigg: Stigg) -> None:
    stigg.v1.features.create_feature(
        id="traffic",
        display_name="Traffic",
        feature_type="NUMBER",
        meter_type="INCREMENTAL",
        unit_transformation={"divide": 1000, "round": "UP", "feature_units": "kB"},
    )
    stigg.v1.products.create_product(id="app", display_name="App")
    stigg.v1.plans.create(id="free", display_name="Free", product_id="app", pricing_type="FREE")
    limit: Any = {"type": "FEATURE", "id": "traffic", "usage_limit": 2, "reset_period": "MONTH"}
    stigg.v1.plans.entitlements.create("free", entitlements=[limit])
    stigg.v1.plans.publish("free", migration_type="NEW_CUSTOMERS")
    stigg.v1.customers.provision(id="ada", name="Ada")
    stigg.v1.subscriptions.provision(customer_id="ada", plan_id="free")
    usage: Any = {"customer_id": "ada", "feature_id": "traffic", "value": 1500}
    stigg.v2.usage.report(usages=[usage])

    def check(requested: int) -> tuple[bool, float | None, float | None]:
        found = stigg.v1.customers.check_entitlement(
            "ada", feature_id="traffic", requested_usage=requested
        ).data
        assert found.type == "FEATURE"
        return found.is_granted, found.current_usage, found.usage_limit

    assert check(500) == (True, 2, 2)
    assert check(501) == (False, 2, 2)
