"""Products and coupons, through Stigg's SDK."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from stigg import ConflictError, NotFoundError, Stigg, UnprocessableEntityError

from tests.api.conftest import Desk
from tests.api.stigg_sdk.conftest import async_stigg


def test_a_product_is_created_changed_archived_and_restored(stigg: Stigg) -> None:
    products = stigg.v1.products
    made = products.create_product(id="app", display_name="App", metadata={"team": "a"}).data
    assert (made.id, made.status, made.multiple_subscriptions) == ("app", "PUBLISHED", False)
    changed = products.update_product(
        "app",
        display_name="The app",
        metadata={},
        multiple_subscriptions=True,
        product_settings={
            "subscription_cancellation_time": "IMMEDIATE",
            "subscription_end_setup": "CANCEL_SUBSCRIPTION",
            "subscription_start_setup": "PLAN_SELECTION",
        },
        usage_reset_cutoff_rule={"behavior": "ALWAYS_RESET"},
    ).data
    assert (changed.display_name, changed.metadata) == ("The app", {})
    assert changed.multiple_subscriptions
    assert changed.product_settings is not None
    assert changed.product_settings.subscription_cancellation_time == "IMMEDIATE"
    assert products.archive_product("app").data.status == "ARCHIVED"
    with pytest.raises(ConflictError) as refused:
        products.update_product("app", display_name="Other")
    assert refused.value.response.headers["x-should-retry"] == "false"
    assert products.unarchive_product("app").data.status == "PUBLISHED"


def test_products_are_listed_by_status_age_and_page(stigg: Stigg) -> None:
    products = stigg.v1.products
    for name in ("a", "b", "c"):
        products.create_product(id=name, display_name=name)
    products.archive_product("b")
    assert [each.id for each in products.list_products(limit=1)] == ["a", "b", "c"]
    assert [each.id for each in products.list_products(status=["ARCHIVED"])] == ["b"]
    both = products.list_products(status=["ARCHIVED", "PUBLISHED"], id="c")
    assert [each.id for each in both] == ["c"]
    before = datetime(2024, 1, 1, tzinfo=UTC)
    assert not list(products.list_products(created_at={"lt": before}))
    assert len(list(products.list_products(created_at={"gte": before, "gt": before}))) == 3


def test_a_product_is_duplicated_with_its_plans(stigg: Stigg) -> None:
    stigg.v1.products.create_product(id="app", display_name="App")
    stigg.v1.addons.create(id="seats", display_name="Seats", product_id="app")
    stigg.v1.plans.create(id="base", display_name="Base", product_id="app", pricing_type="FREE")
    stigg.v1.plans.publish("base", migration_type="NEW_CUSTOMERS")
    stigg.v1.plans.create(
        id="pro", display_name="Pro", product_id="app", parent_plan_id="base", pricing_type="PAID"
    )
    stigg.v1.plans.update("pro", compatible_addon_ids=["seats"])
    copy = stigg.v1.products.duplicate_product("app", target_id="eu", display_name="EU").data
    assert (copy.id, copy.display_name) == ("eu", "EU")
    plans = {each.id: each for each in stigg.v1.plans.list(product_id="eu")}
    assert plans.keys() == {"eu-base", "eu-pro"}
    assert (plans["eu-base"].status, plans["eu-pro"].status) == ("PUBLISHED", "DRAFT")
    assert plans["eu-pro"].parent_plan_id == "eu-base"
    assert plans["eu-pro"].compatible_addon_ids == ["eu-seats"]
    with pytest.raises(ConflictError):
        stigg.v1.products.duplicate_product("app", target_id="eu")


def test_a_coupon_is_created_renamed_and_archived(stigg: Stigg) -> None:
    coupons = stigg.v1.coupons
    made = coupons.create(
        id="spring",
        name="Spring",
        percent_off=20,
        amounts_off=None,
        description=None,
        duration_in_months=3,
        metadata={"by": "sales"},
    ).data
    assert (made.type, made.percent_off, made.duration_in_months) == ("PERCENTAGE", 20, 3)
    fixed = coupons.create(
        id="ten",
        name="Ten off",
        percent_off=None,
        amounts_off=[{"amount": 10.5, "currency": "eur"}, {"amount": 1200, "currency": "jpy"}],
        description="Once",
        duration_in_months=None,
        metadata=None,
    ).data
    assert fixed.amounts_off is not None
    assert [(each.amount, each.currency) for each in fixed.amounts_off] == [
        (10.5, "eur"),
        (1200, "jpy"),
    ]
    renamed = coupons.update_coupon("spring", name="Easter", description="x", metadata={}).data
    assert (renamed.name, renamed.metadata, renamed.percent_off) == ("Easter", {}, 20)
    assert coupons.archive_coupon("spring").data.status == "ARCHIVED"
    assert coupons.retrieve("spring").data.status == "ARCHIVED"
    assert [each.id for each in coupons.list(status=["ACTIVE"])] == ["ten"]
    assert [each.id for each in coupons.list(type="PERCENTAGE")] == ["spring"]
    with pytest.raises(ConflictError):
        coupons.update_coupon("spring", name="Later")


@pytest.mark.parametrize(("percent", "amount"), [(None, None), (20, 5), (120, None), (None, 0)])
def test_a_coupon_takes_off_exactly_one_thing(
    stigg: Stigg, percent: int | None, amount: int | None
) -> None:
    with pytest.raises(UnprocessableEntityError):
        stigg.v1.coupons.create(
            id="odd",
            name="Odd",
            percent_off=percent,
            amounts_off=None if amount is None else [{"amount": amount, "currency": "usd"}],
            description=None,
            duration_in_months=None,
            metadata=None,
        )


def test_what_is_not_there_is_not_found(stigg: Stigg) -> None:
    with pytest.raises(NotFoundError):
        stigg.v1.coupons.retrieve("none")
    with pytest.raises(NotFoundError):
        stigg.v1.products.archive_product("none")


def test_the_asynchronous_client_works_as_well(desk: Desk) -> None:
    async def story() -> list[str]:
        async with async_stigg(desk) as stigg:
            await stigg.v1.products.create_product(id="app", display_name="App")
            await stigg.v1.plans.create(id="base", display_name="Base", product_id="app")
            await stigg.v1.products.archive_product("app")
            return [each.status async for each in stigg.v1.plans.list(product_id="app")]

    assert asyncio.run(story()) == ["ARCHIVED"]
