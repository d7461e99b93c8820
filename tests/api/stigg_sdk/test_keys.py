"""Scoped and publishable keys, through Stigg's SDK."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from stigg import AsyncStigg, AuthenticationError, NotFoundError, PermissionDeniedError, Stigg

from tests.api.conftest import Desk
from tests.api.keyholder import Keyholder, publishable, scoped
from usance.domain.api_keys.customer_tokens import customer_token
from usance.domain.api_keys.keys import Grace
from usance.domain.api_keys.scopes import KeyScope
from usance.flows.rotate_signing_secret import rotate_signing_secret


def options(holder: Keyholder) -> dict[str, Any]:
    """What the SDK is opened with."""
    return {
        "base_url": str(holder.desk.http.base_url),
        "api_key": holder.key,
        "default_headers": dict(holder.headers),
        "max_retries": 0,
        "_strict_response_validation": True,
    }


@pytest.fixture
def page(desk: Desk, stigg: Stigg) -> Keyholder:
    """A web page of Ada's, who has a free plan; Grace has it, too."""
    stigg.v1.products.create_product(id="app", display_name="App")
    stigg.v1.plans.create(id="free", display_name="Free", product_id="app", pricing_type="FREE")
    stigg.v1.plans.publish("free", migration_type="NEW_CUSTOMERS")
    for name in ("ada", "grace"):
        stigg.v1.customers.provision(id=name)
        stigg.v1.subscriptions.provision(id=f"sub-{name}", customer_id=name, plan_id="free")
    secret = rotate_signing_secret(desk.runtime, desk.scope, grace=Grace.NOW)
    return publishable(desk, customer_token(secret, "ada"))


def test_a_key_with_a_scope_does_that_and_no_more(desk: Desk) -> None:
    with Stigg(**options(scoped(desk, KeyScope.CUSTOMERS_WRITE))) as customers:
        assert customers.v1.customers.provision(id="ada").data.id == "ada"
        assert [each.id for each in customers.v1.customers.list(limit=100)]
        with pytest.raises(PermissionDeniedError, match="CATALOGUE_WRITE"):
            customers.v1.products.create_product(id="app", display_name="App")
        with pytest.raises(PermissionDeniedError, match="SUBSCRIPTIONS_READ"):
            customers.v1.subscriptions.retrieve("sub-1")
        with pytest.raises(PermissionDeniedError, match="USAGE_WRITE"):
            customers.v1.events.report(events=[])


def test_a_page_reads_its_customer_and_no_other(page: Keyholder) -> None:
    with Stigg(**options(page)) as browser:
        assert browser.v1.customers.retrieve("ada").data.id == "ada"
        mine = browser.v1.subscriptions.list(customer_id="ada")
        assert [each.id for each in mine] == ["sub-ada"]
        assert browser.v1.subscriptions.retrieve("sub-ada").data.plan_id == "free"
        assert [each.id for each in browser.v1.plans.list()] == ["free"]
        for other in ("sub-grace", "sub-nobody"):
            with pytest.raises(NotFoundError, match=f"There is no subscription '{other}'"):
                browser.v1.subscriptions.retrieve(other)
        with pytest.raises(NotFoundError):
            browser.v1.subscriptions.list(customer_id="grace")
        with pytest.raises(NotFoundError):
            browser.v1.subscriptions.list()
        with pytest.raises(PermissionDeniedError, match="NotForPublishableKeys"):
            browser.v1.subscriptions.cancel("sub-ada")
        with pytest.raises(PermissionDeniedError, match="NotForPublishableKeys"):
            browser.v1.customers.list()


def test_a_page_reads_asynchronously(page: Keyholder) -> None:
    async def read() -> None:
        async with AsyncStigg(**options(page)) as browser:
            assert (await browser.v1.customers.retrieve("ada")).data.id == "ada"
            with pytest.raises(NotFoundError):
                await browser.v1.customers.retrieve("grace")
        bare = Keyholder(page.desk, page.key)
        async with AsyncStigg(**options(bare)) as anybody:
            assert [each.id async for each in anybody.v1.plans.list()] == ["free"]
            with pytest.raises(PermissionDeniedError, match="CustomerTokenMissing"):
                await anybody.v1.customers.retrieve("ada")
        forged = Keyholder(page.desk, page.key, {"X-CUSTOMER-KEY": customer_token("x", "ada")})
        async with AsyncStigg(**options(forged)) as stranger:
            with pytest.raises(AuthenticationError, match="CustomerTokenInvalid"):
                await stranger.v1.customers.retrieve("ada")

    asyncio.run(read())


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?customerId=",
        "?customerId=grace",
        "?customerId=ada&customerId=grace",
        "?customerId=grace&customerId=ada",
        "?customerId=ada&customerId=ada",
        "?customerId=ada,grace",
        "?customerId[]=grace",
        "?customerId[]=ada&customerId[]=grace",
        "?customerId[0]=ada&customerId=grace",
        "?customerId=ada&customerId%5B%5D=grace",
        "?customerId=ada%00",
        "?customerId=%20ada",
        "?customer_id=ada",
        "?customerId=ada&payingCustomerId=grace",
        "?CustomerId=ada",
    ],
)
def test_a_list_names_its_own_customer_once(page: Keyholder, query: str) -> None:
    answer = page.get(f"/subscriptions{query}")
    assert answer.status_code == 404, answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/subscriptions/sub-grace?customerId=ada",
        "/subscriptions/sub-ada%00",
        "/subscriptions/sub-ada/../sub-grace",
        "/subscriptions/sub-ada%2F..%2Fsub-grace",
        "/subscriptions/%20sub-ada",
        "/subscriptions/SUB-ADA",
    ],
)
def test_a_path_names_its_own_subscription(page: Keyholder, path: str) -> None:
    assert page.get(path).status_code == 404
