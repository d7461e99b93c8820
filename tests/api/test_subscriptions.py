"""Subscriptions on the bare wire: other clients' habits, and many clients at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import pytest

from tests.api.conftest import Desk
from usance.store import subscriptions

FEATURES = [
    {"id": "seats", "displayName": "Seats", "featureType": "NUMBER", "meterType": "FLUCTUATING"},
    {"id": "calls", "displayName": "Calls", "featureType": "NUMBER", "meterType": "INCREMENTAL"},
]
FEE = {
    "billingModel": "FLAT_FEE",
    "pricePeriods": [{"billingPeriod": "MONTHLY", "price": {"amount": 20, "currency": "eur"}}],
}


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """An app with a free, a paid and a custom plan; the company's customers buy it."""

    def sent(path: str, body: object) -> None:
        assert desk.post(path, body).status_code in (200, 201)

    sent("/products", {"id": "app", "displayName": "App"})
    for feature in FEATURES:
        sent("/features", feature)
    for plan, kind in (("free", "FREE"), ("basic", "PAID"), ("own", "CUSTOM")):
        sent("/plans", {"id": plan, "displayName": plan, "productId": "app"})
        charges = {"pricingType": kind, "pricingModels": [FEE] if kind == "PAID" else []}
        edited = desk.http.patch(f"/api/v1/plans/{plan}", json={"charges": charges})
        assert edited.status_code == 200
        sent(f"/plans/{plan}/publish", {"migrationType": "NEW_CUSTOMERS"})
    return desk


def provision(desk: Desk, plan: str = "basic", **more: object) -> httpx.Response:
    """Ask for a subscription of the first customer."""
    return desk.post("/subscriptions", {"customerId": "nordlicht", "planId": plan, **more})


def running(desk: Desk, **query: str) -> list[dict[str, Any]]:
    """What is active."""
    return list(desk.get("/subscriptions", status="ACTIVE", **query).json()["data"])


def at_once(jobs: Sequence[Callable[[], httpx.Response]]) -> list[int]:
    """The statuses of requests that were sent together."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [each.result().status_code for each in [pool.submit(job) for job in jobs]]


def test_lists_take_words_joined_by_commas_and_bounds_in_brackets(shop: Desk) -> None:
    assert provision(shop).status_code == 201
    for query, found in (
        ("status=ACTIVE,IN_TRIAL", 1),
        ("status=ACTIVE%2CIN_TRIAL&pricingType=PAID%2CFREE", 1),
        ("status=EXPIRED,CANCELED", 0),
        ("createdAt[gte]=2025-01-01T00:00:00Z&createdAt[lt]=2025-01-02T00:00:00.000Z", 1),
        ("createdAt%5Bgt%5D=2025-01-02T00%3A00%3A00%2B00%3A00", 0),
        ("limit=1&after=", 422),
    ):
        answer = shop.http.get(f"/api/v1/subscriptions?{query}")
        seen = answer.status_code if answer.status_code != 200 else len(answer.json()["data"])
        assert seen == found, query


def test_numbers_are_json_numbers_however_they_are_written(shop: Desk) -> None:
    text = (
        '{"customerId": "nordlicht", "planId": "own", "id": "s", "unitQuantity": null,'
        ' "minimumSpend": {"amount": 1e2, "currency": "EUR"},'
        ' "budget": {"limit": 1234.50, "hasSoftLimit": true},'
        ' "entitlements": [{"id": "calls", "type": "FEATURE", "usageLimit": 10.0}],'
        ' "priceOverrides": [{"baseCharge": true, "amount": 0.1, "currency": "EUR"}],'
        ' "addons": [], "resourceId": null, "payingCustomerId": null, "billingId": null,'
        ' "billingInformation": {"invoiceDaysUntilDue": 14.0}}'
    )
    headers = {"Content-Type": "application/json; charset=utf-8"}
    made = shop.http.post("/api/v1/subscriptions", content=text.encode(), headers=headers)
    assert made.status_code == 201, made.text
    shown = made.json()["data"]["subscription"]
    assert shown["minimumSpend"] == {"amount": 100, "currency": "eur"}
    assert shown["budget"] == {"limit": 1234.5, "hasSoftLimit": True}
    assert [(p["amount"], p["baseCharge"]) for p in shown["prices"]] == [(0.1, True)]
    assert '"limit":1234.5' in made.text.replace(" ", "")
    assert shown["createdAt"].endswith("Z")


def test_a_cancel_without_a_body_is_one_as_the_product_says(shop: Desk) -> None:
    made = provision(shop, "free").json()["data"]["id"]
    for headers in ({}, {"Content-Type": "application/json"}):
        answer = shop.http.post(f"/api/v1/subscriptions/{made}/cancel", headers=headers)
        assert answer.status_code == (409 if headers else 200)
    again = provision(shop, "free").json()["data"]["id"]
    empty = shop.http.post(f"/api/v1/subscriptions/{again}/cancel", json={})
    assert empty.json()["data"]["status"] == "CANCELED"


def test_what_is_no_json_is_said_to_be_none(shop: Desk) -> None:
    for content, kind, status in (
        (b"{", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"customerId=nordlicht", "application/x-www-form-urlencoded", 415),
    ):
        answer = shop.http.post(
            "/api/v1/subscriptions", content=content, headers={"Content-Type": kind}
        )
        assert answer.status_code == status
    assert running(shop) == []


def test_null_clears_what_may_be_cleared_and_nothing_sent_changes_nothing(shop: Desk) -> None:
    made = provision(
        shop,
        "own",
        cancellationDate="2025-06-01T00:00:00Z",
        budget={"limit": 5, "hasSoftLimit": False},
        appliedCoupon={"discount": {"name": "x", "percentOff": 5}},
        metadata={"a": "b"},
    ).json()["data"]["id"]
    path = f"/api/v1/subscriptions/{made}"
    same = shop.http.patch(path, json={}).json()["data"]
    assert same["cancellationDate"] == "2025-06-01T00:00:00Z"
    assert (same["budget"]["limit"], same["metadata"]) == (5, {"a": "b"})
    cleared = shop.http.patch(
        path, json={"cancellationDate": None, "budget": None, "appliedCoupon": None, "metadata": {}}
    ).json()["data"]
    assert (cleared["cancellationDate"], cleared["budget"], cleared["coupons"]) == (None, None, [])
    assert cleared["metadata"] == {}
    said = {
        "salesforceId": "sf",
        "billingId": "b",
        "billingInformation": {"invoiceDaysUntilDue": 7},
    }
    kept = shop.http.patch(path, json=said).json()["data"]
    assert (kept["salesforceId"], kept["billingId"]) == ("sf", "b")
    with shop.runtime.transaction(shop.scope) as tx:
        assert subscriptions.one(tx, made).subscription.days_until_due == 7
    for name in ("planId", "resourceId", "startDate"):
        refused = shop.http.patch(path, json={name: "other"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "UnknownField")


def test_of_many_at_once_one_is_active_in_the_end(shop: Desk) -> None:
    plans = ["basic", "free", "own"] * 3
    now = "IMMEDIATE"
    jobs = [partial(provision, shop, plan, scheduleStrategy=now) for plan in plans]
    statuses = at_once(jobs)
    assert set(statuses) == {201}
    assert len(running(shop)) == 1
    every = shop.get("/subscriptions").json()["data"]
    assert len(every) == len(plans)
    ended = [each for each in every if each["status"] == "CANCELED"]
    assert len(ended) + 1 == len(plans)


def test_one_id_many_times_at_once_is_one_subscription(shop: Desk) -> None:
    statuses = at_once([lambda: provision(shop, id="the-one") for _ in range(6)])
    assert set(statuses) <= {200, 201}
    assert [each["id"] for each in shop.get("/subscriptions").json()["data"]] == ["the-one"]


def test_two_that_go_to_one_customer_at_once_are_not_both_there(shop: Desk) -> None:
    first = provision(shop).json()["data"]["id"]
    other = shop.post("/subscriptions", {"customerId": "minato", "planId": "basic"})
    second = other.json()["data"]["id"]
    to = {"targetCustomerId": "halewood"}
    assert shop.post("/customers", {"id": "halewood"}).status_code == 201

    def hand(subscription_id: str) -> Callable[[], httpx.Response]:
        return lambda: shop.post(f"/subscriptions/{subscription_id}/delegate", to)

    assert sorted(at_once([hand(first), hand(second)])) == [200, 409]
    assert len(running(shop, customerId="halewood")) == 1
    assert len(running(shop)) == 2


def test_a_contract_is_made_once_by_many_with_its_subscriptions(shop: Desk) -> None:
    new = {"newSubscription": {"customerId": "nordlicht", "planId": "own"}}
    body = {"customerId": "nordlicht", "contractId": "c", "subscriptions": [new]}
    statuses = at_once([lambda: shop.post("/contracts", body) for _ in range(5)])
    assert sorted(statuses) == [200, 200, 200, 200, 201]
    assert len(shop.get("/subscriptions").json()["data"]) == 1


def test_an_idempotency_key_provisions_and_bills_once(shop: Desk) -> None:
    body = {"customerId": "nordlicht", "planId": "basic"}
    first = shop.post("/subscriptions", body, key="k")
    again = shop.post("/subscriptions", body, key="k")
    assert first.content == again.content
    assert len(shop.get("/subscriptions").json()["data"]) == 1
