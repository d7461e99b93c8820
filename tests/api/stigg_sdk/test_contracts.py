"""Contracts, through Stigg's SDK: made with what is provisioned on them, all of it or nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from stigg import ConflictError, NotFoundError, Stigg, UnprocessableEntityError

from tests.api.conftest import Desk
from tests.api.stigg_sdk.conftest import async_stigg
from tests.api.stigg_sdk.offers import offer, sell_an_app


@pytest.fixture
def offered(stigg: Stigg) -> Stigg:
    """An app and an archive to sell."""
    sell_an_app(stigg)
    stigg.v1.products.create_product(id="archive", display_name="Archive")
    offer(stigg, "vault", None, product_id="archive")
    return stigg


def new(plan_id: str, **more: Any) -> Any:
    """A subscription to be provisioned for Ada."""
    return {"new_subscription": {"customer_id": "ada", "plan_id": plan_id, **more}}


def subscribed(stigg: Stigg, plan_id: str = "enterprise", **more: Any) -> str:
    """One that is there already; its id."""
    made = stigg.v1.subscriptions.provision(**{"customer_id": "ada", "plan_id": plan_id, **more})
    return made.data.id


def sold(stigg: Stigg, contract_id: str) -> set[str]:
    """The subscriptions on a contract."""
    shown = stigg.v1.contracts.retrieve(contract_id).data
    return {each.subscription_id for each in shown.subscriptions}


def test_a_contract_is_made_with_its_subscriptions(offered: Stigg) -> None:
    vault = subscribed(offered, "vault")
    body: Any = {
        "customer_id": "ada",
        "contract_id": "ada-2025",
        "name": "Ada 2025",
        "po_number": "PO-1",
        "activation_start_date": "2025-01-01T00:00:00Z",
        "activation_end_date": "2026-01-01T00:00:00Z",
        "subscriptions": [
            new("enterprise", id="ada-app", addons=[{"id": "extra", "quantity": 2}]),
            {"existing_subscription_id": vault},
        ],
    }
    made = offered.v1.contracts.create(**body).data
    assert (made.contract_id, made.state, made.billing_state) == ("ada-2025", "DRAFT", "DRAFT")
    assert (made.name, made.po_number, made.customer_external_id) == ("Ada 2025", "PO-1", "ada")
    assert made.activation_end_date is not None
    assert made.activation_end_date.date().isoformat() == "2026-01-01"
    shown = {
        (each.subscription_id, each.plan_display_name, each.product_display_name)
        for each in made.subscriptions
    }
    assert shown == {("ada-app", "Enterprise", "App"), (vault, "Vault", "Archive")}
    app = offered.v1.subscriptions.retrieve("ada-app").data
    assert (app.contract_id, app.status, app.pricing_type) == ("ada-2025", "ACTIVE", "CUSTOM")
    again = offered.v1.contracts.with_raw_response.create(**{**body, "name": "Other"})
    assert again.status_code == 200
    assert offered.v1.contracts.retrieve("ada-2025").data.name == "Ada 2025"
    assert len(list(offered.v1.subscriptions.list())) == 2, "the same id, the same contract"


@pytest.mark.parametrize(
    ("wrong", "code", "path"),
    [
        (new("pro"), "PlanNotCustom", "subscriptions[1].newSubscription.planId"),
        (new("none"), "PlanNotFound", "subscriptions[1].newSubscription.planId"),
        (
            new("vault", customer_id="grace"),
            "SubscriptionOfAnotherCustomer",
            "subscriptions[1].newSubscription.customerId",
        ),
        (new("enterprise"), "ProductCovered", "subscriptions[1].newSubscription.planId"),
        (
            new("vault", start_date="soon"),
            "InvalidDate",
            "subscriptions[1].newSubscription.startDate",
        ),
        (
            {"existing_subscription_id": "none"},
            "SubscriptionNotFound",
            "subscriptions[1].existingSubscriptionId",
        ),
        ({}, "InvalidSubscription", "subscriptions[1]"),
        (
            {**new("vault"), "existing_subscription_id": "x"},
            "InvalidSubscription",
            "subscriptions[1]",
        ),
    ],
)
def test_one_that_fails_undoes_all_of_it(offered: Stigg, wrong: Any, code: str, path: str) -> None:
    with pytest.raises(UnprocessableEntityError) as refused:
        offered.v1.contracts.create(
            customer_id="ada", contract_id="c", subscriptions=[new("enterprise"), wrong]
        )
    body: Any = refused.value.body
    [detail] = body["error"]["details"]
    assert (body["error"]["code"], detail["path"]) == (code, path)
    assert list(offered.v1.subscriptions.list()) == []
    with pytest.raises(NotFoundError):
        offered.v1.contracts.retrieve("c")


def test_what_does_not_fit_a_contract_is_said(offered: Stigg) -> None:
    own, others = subscribed(offered), subscribed(offered, "vault", customer_id="grace")
    paid = subscribed(offered, "pro", resource_id="site")
    over = subscribed(offered, "vault")
    offered.v1.subscriptions.cancel(over, cancellation_time="IMMEDIATE")
    offered.v1.contracts.create(customer_id="ada", contract_id="first", subscriptions=[])
    offered.v1.contracts.create(
        customer_id="ada", contract_id="other", subscriptions=[{"existing_subscription_id": own}]
    )
    for ref, code in (
        (own, "SubscriptionOnContract"),
        (others, "SubscriptionOfAnotherCustomer"),
        (paid, "SubscriptionNotCustom"),
        (over, "SubscriptionOver"),
    ):
        with pytest.raises(UnprocessableEntityError) as refused:
            offered.v1.contracts.update("first", subscription_ids=[ref])
        assert code in str(refused.value)
        assert "subscriptionIds[0]" in str(refused.value)
    assert sold(offered, "first") == set()


def test_the_set_of_a_contract_is_replaced_and_what_leaves_goes_on(offered: Stigg) -> None:
    app, vault = subscribed(offered), subscribed(offered, "vault")
    contracts = offered.v1.contracts
    contracts.create(customer_id="ada", contract_id="c", subscriptions=[])
    contracts.update("c", subscription_ids=[app])
    assert sold(offered, "c") == {app}
    shown = contracts.update("c", subscription_ids=[vault]).data
    assert [each.subscription_id for each in shown.subscriptions] == [vault]
    left = offered.v1.subscriptions.retrieve(app).data
    assert (left.status, left.contract_id) == ("ACTIVE", None)
    contracts.update("c", name="Renamed")
    assert sold(offered, "c") == {vault}, "what is not sent stays"
    contracts.update("c", subscription_ids=[])
    assert sold(offered, "c") == set()


def test_subscriptions_are_put_on_and_taken_off_one_by_one(offered: Stigg, desk: Desk) -> None:
    app, vault = subscribed(offered), subscribed(offered, "vault")
    offered.v1.contracts.create(customer_id="ada", contract_id="c")
    path = "/contracts/c/subscriptions"
    added = desk.post(path, {"subscriptions": [{"existingSubscriptionId": app}]})
    assert added.status_code == 200
    assert [each["subscriptionId"] for each in added.json()["data"]["subscriptions"]] == [app]
    assert desk.post(path, {"subscriptionIds": [app, vault]}).status_code == 200
    assert sold(offered, "c") == {app, vault}, "what is on it already stays"
    another = {"newSubscription": {"customerId": "ada", "planId": "enterprise", "id": "app-2"}}
    refused = desk.post(path, {"subscriptions": [another]})
    assert refused.json()["error"]["code"] == "ProductCovered"
    for _ in range(2):
        gone = desk.http.delete(f"/api/v1{path}/{app}")
        assert gone.status_code == 200
    assert sold(offered, "c") == {vault}
    assert offered.v1.subscriptions.retrieve(app).data.status == "ACTIVE"
    assert desk.http.delete(f"/api/v1{path}/none").status_code == 404
    assert desk.post("/contracts/none/subscriptions", {"subscriptionIds": [app]}).status_code == 404


def test_an_archived_contract_ends_what_is_on_it(offered: Stigg, desk: Desk) -> None:
    app, vault = subscribed(offered), subscribed(offered, "vault")
    offered.v1.contracts.create(
        customer_id="ada", contract_id="c", subscriptions=[{"existing_subscription_id": app}]
    )
    gone = offered.v1.contracts.delete("c").data
    assert gone.state == "CANCELED"
    ended = offered.v1.subscriptions.retrieve(app).data
    assert (ended.status, ended.cancel_reason) == ("CANCELED", "Immediate")
    assert offered.v1.subscriptions.retrieve(vault).data.status == "ACTIVE"
    with pytest.raises(ConflictError):
        offered.v1.contracts.update("c", subscription_ids=[vault])
    late = desk.post("/contracts/c/subscriptions", {"subscriptionIds": [vault]})
    assert late.json()["error"]["code"] == "ContractCanceled"


def test_a_contract_may_bill_nothing_until_it_is_asked_to(offered: Stigg, desk: Desk) -> None:
    made = offered.v1.contracts.create(customer_id="ada", contract_id="c", setup_billing=False).data
    assert (made.billing_state, made.billing_id) == (None, None)
    item = {"name": "Fee", "pricingModelId": "flat-fee", "rows": [{"price": "10"}]}
    refused = desk.post("/contracts/c/billing/items", {"lineItems": [item], "currency": "EUR"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "BillingNotSetUp")
    assert offered.v1.contracts.update("c", setup_billing=False).data.billing_state is None
    assert offered.v1.contracts.update("c", setup_billing=True).data.billing_state == "DRAFT"
    kept = offered.v1.contracts.update("c", setup_billing=False).data
    assert kept.billing_state == "DRAFT", "billing is never removed"


def test_the_days_of_a_draft_move_and_those_agreed_do_not(offered: Stigg, desk: Desk) -> None:
    offered.v1.contracts.create(customer_id="ada", contract_id="c")
    moved = offered.v1.contracts.update(
        "c", activation_start_date="2025-02-01T00:00:00Z", activation_end_date="2026-02-01"
    ).data
    assert moved.activation_start_date is not None
    assert moved.activation_start_date.date().isoformat() == "2025-02-01"
    with pytest.raises(UnprocessableEntityError):
        offered.v1.contracts.update("c", activation_end_date="2025-01-01")
    agreed = desk.sign("nordlicht-2025.yaml")
    same = offered.v1.contracts.update(agreed, activation_start_date="2025-01-01T00:00:00Z").data
    assert same.state == "ACTIVE"
    with pytest.raises(ConflictError) as refused:
        offered.v1.contracts.update(agreed, activation_end_date="2027-01-01T00:00:00Z")
    assert "TermIsAgreed" in str(refused.value)


def test_contracts_are_listed_and_the_asynchronous_sdk_makes_them_too(
    offered: Stigg, desk: Desk
) -> None:
    async def life() -> list[object]:
        async with async_stigg(desk) as stigg:
            contracts = stigg.v1.contracts
            made = await contracts.create(
                customer_id="ada", contract_id="c", subscriptions=[new("enterprise")]
            )
            seen: list[object] = [len(made.data.subscriptions)]
            seen.append((await contracts.retrieve("c")).data.state)
            seen.append((await contracts.update("c", name="Renamed")).data.name)
            seen.append([each.contract_id async for each in contracts.list(state="DRAFT")])
            seen.append((await contracts.delete("c")).data.state)
            return seen

    assert asyncio.run(life()) == [1, "DRAFT", "Renamed", ["c"], "CANCELED"]
    listed = offered.v1.contracts.list(customer_external_id="ada", name="Renamed")
    assert [(each.contract_id, len(each.subscriptions)) for each in listed] == [("c", 1)]


def test_another_environment_puts_nothing_on_it(offered: Stigg, stranger: Desk) -> None:
    app = subscribed(offered)
    offered.v1.contracts.create(customer_id="ada", contract_id="c")
    path = "/contracts/c/subscriptions"
    assert stranger.post(path, {"subscriptionIds": [app]}).status_code == 404
    assert stranger.http.delete(f"/api/v1{path}/{app}").status_code == 404
    body = {"customerId": "nordlicht", "subscriptions": [{"existingSubscriptionId": app}]}
    assert stranger.post("/contracts", body).json()["error"]["code"] == "SubscriptionNotFound"
    assert sold(offered, "c") == set()
