"""Lists, page by page: each row once, in one order, while others are added; forward and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from stigg import Stigg

from tests.api.conftest import Desk
from tests.api.stigg_sdk.offers import flat, offer, sell_an_app
from tests.api.stigg_sdk.test_promotions import given


@dataclass(frozen=True, slots=True)
class Listed:
    """A list: where it is, how a row of that name comes into it, what rows are known by."""

    path: str
    add: Callable[[Stigg, str], object]
    by: str = "id"


def _custom(stigg: Stigg, name: str) -> object:
    product: Any = {"id": name, "display_name": name}
    stigg.v1.products.create_product(**product)
    offer(stigg, f"plan-{name}", None, product_id=name)
    return stigg.v1.subscriptions.provision(id=name, customer_id="ada", plan_id=f"plan-{name}")


def _coupon(stigg: Stigg, name: str) -> object:
    rest: Any = {"amounts_off": None, "description": None, "metadata": None}
    return stigg.v1.coupons.create(
        id=name, name=name, percent_off=5, duration_in_months=None, **rest
    )


def _gift(stigg: Stigg, name: str) -> object:
    stigg.v1.features.create_feature(id=name, display_name=name, feature_type="BOOLEAN")
    grants: Any = [given(name, "1 week")]
    return stigg.v1.customers.promotional_entitlements.create(
        "ada", promotional_entitlements=grants
    )


LISTS = {
    "products": Listed(
        "/products",
        lambda stigg, name: stigg.v1.products.create_product(id=name, display_name=name),
    ),
    "features": Listed(
        "/features",
        lambda stigg, name: stigg.v1.features.create_feature(
            id=name, display_name=name, feature_type="BOOLEAN"
        ),
    ),
    "coupons": Listed("/coupons", _coupon),
    "plans": Listed(
        "/plans?productId=app",
        lambda stigg, name: stigg.v1.plans.create(id=name, display_name=name, product_id="app"),
    ),
    "addons": Listed(
        "/addons?productId=app",
        lambda stigg, name: stigg.v1.addons.create(id=name, display_name=name, product_id="app"),
    ),
    "customers": Listed("/customers", lambda stigg, name: stigg.v1.customers.provision(id=name)),
    "subscriptions": Listed("/subscriptions?customerId=ada", _custom),
    "contracts": Listed(
        "/contracts?customerExternalId=ada",
        lambda stigg, name: stigg.v1.contracts.create(customer_id="ada", contract_id=name),
        by="contractId",
    ),
    "promotional entitlements": Listed(
        "/customers/ada/promotional-entitlements", _gift, by="featureId"
    ),
    "integrations": Listed(
        "/customers/ada/integrations",
        lambda stigg, name: stigg.v1.customers.integrations.link(
            "ada", body_id=name, vendor_identifier="STRIPE", synced_entity_id=name
        ),
    ),
    "resources": Listed(
        "/customers/ada/resources",
        lambda stigg, name: stigg.v1.subscriptions.provision(
            customer_id="ada", plan_id="free", resource_id=name
        ),
    ),
}
EACH = pytest.mark.parametrize("listed", LISTS.values(), ids=LISTS.keys())


@pytest.fixture
def sold(stigg: Stigg) -> Stigg:
    """An app to sell."""
    sell_an_app(stigg)
    return stigg


def page(desk: Desk, listed: Listed, **asked: object) -> tuple[list[str], Any]:
    """The ids of a page, and where to go on."""
    joint = "&" if "?" in listed.path else "?"
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    answer = desk.http.get(f"/api/v1{listed.path}{joint}{query}")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return [row[listed.by] for row in body["data"]], body["pagination"]


def onward(desk: Desk, listed: Listed, limit: int) -> Iterator[list[str]]:
    """Page after page."""
    ids, at = page(desk, listed, limit=limit)
    yield ids
    while at["next"] is not None:
        ids, at = page(desk, listed, limit=limit, after=at["next"])
        yield ids


@EACH
def test_each_row_comes_once_while_others_are_added(
    sold: Stigg, desk: Desk, listed: Listed
) -> None:
    for name in ("x1", "x2", "x3"):
        listed.add(sold, name)
    whole, _ = page(desk, listed, limit=100)
    assert [each for each in whole if each in ("x1", "x2", "x3")] == ["x1", "x2", "x3"]
    seen: list[str] = []
    for count, ids in enumerate(onward(desk, listed, limit=1)):
        seen += ids
        if count == len(whole) - 2:
            listed.add(sold, "x4")
    assert seen == [*whole, "x4"]

    ids, at = page(desk, listed, limit=2)
    while at["next"] is not None:
        ids, at = page(desk, listed, limit=2, after=at["next"])
    back = list(reversed(ids))
    while at["prev"] is not None:
        ids, at = page(desk, listed, limit=2, before=at["prev"])
        back += reversed(ids)
    assert back == list(reversed(seen)), "the way back is the way there"


@EACH
@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("after=%21", "after"),
        ("before=%21", "before"),
        ("after=YQ&before=YQ", "before"),
    ],
)
def test_a_page_that_is_none_is_refused(desk: Desk, listed: Listed, query: str, path: str) -> None:
    desk.post("/customers", {"id": "ada"})
    joint = "&" if "?" in listed.path else "?"
    refused = desk.http.get(f"/api/v1{listed.path}{joint}{query}")
    [detail] = refused.json()["error"]["details"]
    assert (refused.status_code, detail["path"]) == (422, path)
    assert detail["expected"]


@EACH
def test_older_words_for_a_cursor_do_the_same(sold: Stigg, desk: Desk, listed: Listed) -> None:
    for name in ("x1", "x2"):
        listed.add(sold, name)
    _, at = page(desk, listed, limit=1)
    second, back = page(desk, listed, limit=1, after=at["next"])
    assert page(desk, listed, limit=1, starting_after=at["next"])[0] == second
    assert page(desk, listed, limit=1, ending_before=back["prev"])[0]


def test_charges_come_page_by_page_too(sold: Stigg, desk: Desk) -> None:
    sold.v1.plans.create_draft("basic")
    models: Any = [flat(5), {**flat(7), "billing_model": "PER_UNIT", "feature_id": "seats"}]
    sold.v1.plans.update("basic", charges={"pricing_type": "PAID", "pricing_models": models})
    charges = Listed("/plans/basic/charges", lambda _stigg, _name: None)
    whole, _ = page(desk, charges, limit=100)
    assert len(whole) == len(set(whole)) == 4
    assert [each for ids in onward(desk, charges, limit=3) for each in ids] == whole
