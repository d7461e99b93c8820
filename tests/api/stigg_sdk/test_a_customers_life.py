"""A customer's whole life through Stigg's asynchronous SDK, much of it at the same time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from stigg import AsyncStigg, ConflictError, NotFoundError

from tests.api.conftest import Desk
from tests.api.stigg_sdk.conftest import async_stigg
from tests.api.stigg_sdk.offers import SEATS, flat
from tests.api.stigg_sdk.test_promotions import given

PACKAGES: dict[str, tuple[Any, int]] = {
    "free": ({"pricing_type": "FREE"}, 10),
    "pro": ({"pricing_type": "PAID", "pricing_models": [flat(50), SEATS]}, 100),
    "enterprise": ({"pricing_type": "CUSTOM"}, 1000),
}


def test_a_customers_whole_life(desk: Desk) -> None:
    async def life() -> None:
        async with async_stigg(desk) as stigg:
            await catalogue(stigg)
            await starts_for_nothing(stigg)
            await pays(stigg, desk)
            await thinks_about_leaving(stigg, desk)
            await is_given_something(stigg)
            await signs(stigg)
            await ends(stigg)

    asyncio.run(life())


async def catalogue(stigg: AsyncStigg) -> None:
    """A product, its features and packages, all that can be made at the same time at once."""
    make = stigg.v1.features.create_feature
    await asyncio.gather(
        stigg.v1.products.create_product(id="app", display_name="App"),
        make(id="calls", display_name="C", feature_type="NUMBER", meter_type="INCREMENTAL"),
        make(id="seats", display_name="S", feature_type="NUMBER", meter_type="FLUCTUATING"),
        make(id="sso", display_name="Single sign-on", feature_type="BOOLEAN"),
        stigg.v1.customers.provision(id="ada", name="Ada"),
    )
    await package(stigg.v1.addons, "extra", {"pricing_type": "PAID", "pricing_models": [flat(5)]})
    await asyncio.gather(*(package(stigg.v1.plans, name, *PACKAGES[name]) for name in PACKAGES))
    listed = [each.id async for each in stigg.v1.plans.list(status=["PUBLISHED"], limit=1)]
    assert sorted(listed) == ["enterprise", "free", "pro"]


async def package(kind: Any, name: str, charges: Any, calls: int = 50) -> None:
    """A plan or an add-on with so many calls a month, published."""
    await kind.create(id=name, display_name=name.title(), product_id="app")
    also: Any = {} if name in ("extra", "free") else {"compatible_addon_ids": ["extra"]}
    await kind.update(name, charges=charges, **also)
    granted = {"id": "calls", "type": "FEATURE", "usage_limit": calls, "reset_period": "MONTH"}
    behavior = {"behavior": "Increment"} if name == "extra" else {}
    await kind.entitlements.create(name, entitlements=[{**granted, **behavior}])
    await kind.publish(name, migration_type="NEW_CUSTOMERS")


async def check(stigg: AsyncStigg, feature_id: str = "calls", more: int = 1) -> Any:
    """May Ada use so much more?"""
    asked = stigg.v1.customers.check_entitlement
    return (await asked("ada", feature_id=feature_id, requested_usage=more)).data


async def starts_for_nothing(stigg: AsyncStigg) -> None:
    """Free, until ten calls are used; ten reports at the same time are ten calls."""
    assert (await check(stigg)).access_denied_reason == "NoActiveSubscription"
    await stigg.v1.subscriptions.provision(id="first", customer_id="ada", plan_id="free")
    assert all(each.is_granted for each in await asyncio.gather(*(check(stigg) for _ in "12345")))
    reports = [
        stigg.v2.usage.report(
            usages=[{"customer_id": "ada", "feature_id": "calls", "value": 1, "dimensions": {}}]
        )
        for _ in range(10)
    ]
    counted = [each.data.usages[0].current_usage for each in await asyncio.gather(*reports)]
    assert sorted(each for each in counted if each is not None) == list(range(1, 11))
    denied = await check(stigg)
    assert denied.access_denied_reason == "RequestedUsageExceedingLimit"
    assert (denied.current_usage, denied.usage_limit) == (10, 10)


async def pays(stigg: AsyncStigg, desk: Desk) -> None:
    """The same plan bought twice at once is bought once; an add-on adds to it."""
    desk.at("2025-01-05")
    subscriptions = stigg.v1.subscriptions
    wanted: Any = {"id": "pro", "customer_id": "ada", "plan_id": "pro"}
    shown = await subscriptions.preview(customer_id="ada", plan_id="pro")
    bought = await asyncio.gather(*(subscriptions.provision(**wanted) for _ in range(3)))
    assert {each.data.id for each in bought} == {"pro"}
    assert shown.data.immediate_invoice.sub_total == 59
    running = [each.id async for each in subscriptions.list(status=["ACTIVE"], customer_id="ada")]
    assert running == ["pro"]
    assert (await check(stigg)).usage_limit == 100
    await subscriptions.update("pro", addons=[{"id": "extra", "quantity": 2}])
    one, other = await asyncio.gather(check(stigg, more=190), check(stigg, more=191))
    assert (one.is_granted, one.usage_limit, other.is_granted) == (True, 200, False)


async def thinks_about_leaving(stigg: AsyncStigg, desk: Desk) -> None:
    """A downgrade waits for the end of the period, and is called off before."""
    subscriptions = stigg.v1.subscriptions
    desk.at("2025-01-10")
    down = await subscriptions.provision(customer_id="ada", plan_id="free")
    assert down.data.is_scheduled
    (later,) = (await subscriptions.retrieve("pro")).data.future_updates or []
    assert later.schedule_status == "SCHEDULED"
    assert later.target_package is not None
    assert later.target_package.id == "free"
    await subscriptions.future_update.cancel_schedule("pro")
    desk.at("2025-02-20")
    kept = (await subscriptions.retrieve("pro")).data
    assert (kept.status, kept.future_updates) == ("ACTIVE", [])
    assert (await check(stigg, more=200)).is_granted


async def is_given_something(stigg: AsyncStigg) -> None:
    """Single sign-on for a week, beside what is paid for."""
    assert (await check(stigg, "sso")).access_denied_reason == "NoFeatureEntitlementInSubscription"
    grants = stigg.v1.customers.promotional_entitlements
    await grants.create("ada", promotional_entitlements=[given("sso", "1 week")])
    listed, checked = await asyncio.gather(
        stigg.v1.customers.retrieve_entitlements("ada"), check(stigg, "sso")
    )
    features = {
        each.feature.id
        for each in listed.data.entitlements
        if each.type == "FEATURE" and each.feature is not None
    }
    assert features == {"calls", "sso"}
    assert checked.is_granted


async def signs(stigg: AsyncStigg) -> None:
    """A contract with a custom subscription takes the place of what was bought by itself."""
    new: Any = {
        "id": "deal-1",
        "customer_id": "ada",
        "plan_id": "enterprise",
        "entitlements": [{"id": "calls", "type": "FEATURE", "usage_limit": 5000}],
    }
    shown = await stigg.v1.subscriptions.preview(customer_id="ada", plan_id="enterprise")
    assert not shown.data.is_plan_downgrade
    body: Any = {"customer_id": "ada", "contract_id": "deal"}
    body["subscriptions"] = [{"new_subscription": new}]
    made = await asyncio.gather(*(stigg.v1.contracts.create(**body) for _ in range(2)))
    assert {each.data.contract_id for each in made} == {"deal"}
    before, deal = await asyncio.gather(
        stigg.v1.subscriptions.retrieve("pro"), stigg.v1.subscriptions.retrieve("deal-1")
    )
    assert (before.data.status, before.data.cancel_reason) == ("CANCELED", "UPGRADE_OR_DOWNGRADE")
    assert (deal.data.contract_id, deal.data.pricing_type) == ("deal", "CUSTOM")
    assert (await check(stigg, more=5000)).usage_limit == 5000


async def ends(stigg: AsyncStigg) -> None:
    """The contract is archived, then the customer: nothing may be used, everything is there."""
    gone = await stigg.v1.contracts.delete("deal")
    assert gone.data.state == "CANCELED"
    assert (await check(stigg)).access_denied_reason == "NoFeatureEntitlementInSubscription"
    await stigg.v1.customers.promotional_entitlements.revoke("sso", id="ada")
    assert (await check(stigg)).access_denied_reason == "NoActiveSubscription"
    await stigg.v1.customers.archive("ada")
    assert (await check(stigg)).access_denied_reason == "CustomerIsArchived"
    with pytest.raises(ConflictError):
        await stigg.v1.contracts.update("deal", subscription_ids=["pro"])
    with pytest.raises(NotFoundError):
        await stigg.v1.subscriptions.retrieve("nothing")
    lived = {each.id: each.status async for each in stigg.v1.subscriptions.list(limit=1)}
    assert lived.keys() >= {"first", "pro", "deal-1"}
    assert set(lived.values()) <= {"CANCELED", "EXPIRED"}
