"""Customers, through Stigg's SDK: provisioned, listed, archived and restored, imported."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from stigg import AuthenticationError, NotFoundError, Stigg, UnprocessableEntityError

from tests.api.conftest import Desk
from tests.api.stigg_sdk.conftest import async_stigg


def test_a_customer_is_provisioned_changed_archived_and_restored(stigg: Stigg) -> None:
    customers = stigg.v1.customers
    made = customers.provision(id="acme", name="Acme", email="a@acme.example").data
    assert (made.id, made.name, made.email, made.archived_at) == (
        "acme",
        "Acme",
        "a@acme.example",
        None,
    )
    assert customers.provision(id="nameless").data.name == "nameless"
    changed = customers.update("acme", name="Acme Ltd", metadata={"tier": "1"}).data
    assert (changed.name, changed.metadata, changed.email) == (
        "Acme Ltd",
        {"tier": "1"},
        "a@acme.example",
    )
    assert customers.archive("acme").data.archived_at is not None
    assert "acme" not in [each.id for each in customers.list(limit=100)]
    assert customers.unarchive("acme").data.archived_at is None
    assert customers.retrieve("acme").data.name == "Acme Ltd"
    assert list(customers.list_resources("acme")) == []
    with pytest.raises(NotFoundError):
        customers.unarchive("none")
    with pytest.raises(NotFoundError):
        customers.list_resources("none")


def test_a_customer_has_a_currency_a_language_and_a_coupon(stigg: Stigg) -> None:
    coupon: Any = {"amounts_off": None, "description": None, "metadata": None}
    stigg.v1.coupons.create(
        id="spring", name="Spring", percent_off=20, duration_in_months=None, **coupon
    )
    made = stigg.v1.customers.provision(
        id="acme",
        billing_currency="eur",
        billing_id="cus_1",
        coupon_id="spring",
        language="de-DE",
        timezone="Europe/Berlin",
    ).data
    assert (made.billing_currency, made.billing_id, made.coupon_id) == ("eur", "cus_1", "spring")
    assert (made.language, made.timezone) == ("de-DE", "Europe/Berlin")
    assert stigg.v1.customers.update("acme", coupon_id="").data.coupon_id is None
    stigg.v1.coupons.archive_coupon("spring")
    wrong: list[Any] = [{"coupon_id": "spring"}, {"timezone": "Mars"}, {"coupon_id": "none"}]
    for sent in wrong:
        with pytest.raises(UnprocessableEntityError):
            stigg.v1.customers.update("acme", **sent)


def test_customers_are_found_by_name_address_and_age(stigg: Stigg) -> None:
    customers = stigg.v1.customers
    customers.provision(id="a", name="Same", email="a@same.example")
    customers.provision(id="b", name="Same", email="b@same.example")
    assert [each.id for each in customers.list(name="Same", limit=1)] == ["a", "b"]
    assert [each.id for each in customers.list(email="b@same.example")] == ["b"]
    long_ago = datetime(2024, 1, 1, tzinfo=UTC)
    assert list(customers.list(created_at={"lte": long_ago})) == []


def test_customers_are_imported_all_or_none(stigg: Stigg) -> None:
    customers = stigg.v1.customers
    customers.provision(id="old", name="Old", email="o@old.example")
    told = customers.import_(
        customers=[
            {"id": "old", "name": "Older", "email": None, "metadata": {"from": "crm"}},
            {"id": "new", "name": None, "email": "n@new.example"},
        ]
    )
    assert told.data.new_customers == ["new"]
    old = customers.retrieve("old").data
    assert (old.name, old.email, old.metadata) == ("Older", None, {"from": "crm"})
    with pytest.raises(UnprocessableEntityError) as refused:
        customers.import_(
            customers=[
                {"id": "fine", "name": "Fine", "email": None},
                {"id": "odd", "name": "Odd", "email": "no address"},
            ]
        )
    assert "customers[1].email" in str(refused.value)
    with pytest.raises(NotFoundError):
        customers.retrieve("fine")


def test_a_wrong_key_opens_nothing(desk: Desk) -> None:
    async def asked() -> None:
        async with async_stigg(desk) as stigg:
            await stigg.with_options(api_key="server-wrong").v1.customers.retrieve("nordlicht")

    with pytest.raises(AuthenticationError):
        asyncio.run(asked())


def test_the_resources_of_a_customer_are_those_its_subscriptions_are_for(
    desk: Desk, stigg: Stigg
) -> None:
    stigg.v1.products.create_product(id="app", display_name="App", multiple_subscriptions=True)
    plans = stigg.v1.plans
    plans.create(id="free", display_name="Free", product_id="app")
    plans.update("free", charges={"pricing_type": "FREE", "pricing_models": []})
    plans.publish("free", migration_type="NEW_CUSTOMERS")
    stigg.v1.customers.provision(id="acme")
    for id, resource_id in (("s1", "site-b"), ("s2", "site-a"), ("s3", None)):
        where: Any = {} if resource_id is None else {"resource_id": resource_id}
        stigg.v1.subscriptions.provision(id=id, customer_id="acme", plan_id="free", **where)
    desk.at("2025-01-05")
    stigg.v1.subscriptions.update("s2", metadata={"tier": "1"})
    found = list(stigg.v1.customers.list_resources("acme", limit=1))
    noon = [datetime(2025, 1, day, 12, tzinfo=UTC) for day in (1, 5)]
    assert [(each.id, each.created_at, each.updated_at) for each in found] == [
        ("site-a", noon[0], noon[1]),
        ("site-b", noon[0], noon[0]),
    ]

    async def told() -> list[str]:
        async with async_stigg(desk) as client:
            return [each.id async for each in client.v1.customers.list_resources("acme")]

    assert asyncio.run(told()) == ["site-a", "site-b"]
