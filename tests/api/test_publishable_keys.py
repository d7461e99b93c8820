"""Publishable keys: the catalogue as published, one customer with its token, and no way around."""

from __future__ import annotations

import hmac
import re
from datetime import timedelta

import httpx
import pytest

from tests.api.conftest import Desk
from tests.api.keyholder import Keyholder, publishable, refused, scoped
from usance.api.admission import FOR_PUBLISHABLE_KEYS, rule_for
from usance.api.mount import ROUTERS
from usance.domain.api_keys.customer_tokens import customer_token
from usance.domain.api_keys.keys import Grace
from usance.domain.api_keys.scopes import KeyScope
from usance.flows.open_environment import create_key, revoke_key
from usance.flows.rotate_signing_secret import rotate_signing_secret
from usance.flows.runtime import Runtime, world_clock

NO_ROUTE = (403, "NotForPublishableKeys")
NO_TOKEN = (403, "CustomerTokenMissing")
BAD_TOKEN = (401, "CustomerTokenInvalid")
NOTHING = (404, "NotFound")
ORIGIN = {"Origin": "https://app.example"}


@pytest.fixture
def secret(desk: Desk) -> str:
    """The environment's signing secret."""
    return rotate_signing_secret(desk.runtime, desk.scope, grace=Grace.NOW)


@pytest.fixture
def browser(desk: Desk, secret: str) -> Keyholder:
    """A page of the customer acme; there is a customer beta, too."""
    for customer_id in ("acme", "beta"):
        assert desk.post("/customers", {"id": customer_id}).status_code == 201
    return publishable(desk, customer_token(secret, "acme"))


def offer(desk: Desk) -> None:
    """A plan published in one version and drafted in the next; one that was only drafted."""
    assert desk.post("/products", {"id": "app", "displayName": "App"}).status_code == 201
    assert desk.post("/products", {"id": "old", "displayName": "Old"}).status_code == 201
    assert desk.post("/products/old/archive").status_code == 200
    feature = {"id": "sign-on", "displayName": "Sign-on", "featureType": "BOOLEAN"}
    assert desk.post("/features", feature).status_code == 201
    for kind in ("plans", "addons"):
        for name in ("first", "secret"):
            body = {"id": name, "displayName": "Public", "productId": "app", "pricingType": "FREE"}
            assert desk.post(f"/{kind}", body).status_code == 201
        publish = desk.post(f"/{kind}/first/publish", {"migrationType": "NEW_CUSTOMERS"})
        assert publish.status_code == 200, publish.text
        assert desk.post(f"/{kind}/first/draft").status_code == 201
        changed = desk.http.patch(f"/api/v1/{kind}/first", json={"displayName": "Unpublished"})
        assert changed.status_code == 200
        entitlement = {"type": "FEATURE", "id": "sign-on"}
        added = desk.post(f"/{kind}/first/entitlements", {"entitlements": [entitlement]})
        assert added.status_code == 201, added.text


def test_without_a_token_it_sees_the_catalogue_as_published(desk: Desk) -> None:
    offer(desk)
    anybody = publishable(desk)
    for kind in ("plans", "addons"):
        seen = anybody.get(f"/{kind}").json()["data"]
        assert [(each["id"], each["displayName"]) for each in seen] == [("first", "Public")]
        one = anybody.get(f"/{kind}/first").json()["data"]
        assert (one["displayName"], one["status"], one["versionNumber"]) == (
            "Public",
            "PUBLISHED",
            1,
        )
        assert anybody.get(f"/{kind}/first/entitlements").json()["data"] == []
        assert anybody.get(f"/{kind}/first/charges").status_code == 200
        for path in ("secret", "secret/charges", "secret/entitlements"):
            assert refused(anybody.get(f"/{kind}/{path}")) == NOTHING
        assert anybody.get(f"/{kind}?status=DRAFT").json()["data"] == []
        both = anybody.get(f"/{kind}?status=DRAFT,PUBLISHED").json()["data"]
        assert [each["displayName"] for each in both] == ["Public"]
        assert desk.get(f"/{kind}/first").json()["data"]["displayName"] == "Unpublished"
    assert [each["id"] for each in anybody.get("/products").json()["data"]] == ["app"]
    assert anybody.get("/products?status=ARCHIVED").json()["data"] == []
    assert "sign-on" in [each["id"] for each in anybody.get("/features").json()["data"]]
    assert anybody.get("/features/sign-on").status_code == 200


def test_an_archived_plan_is_published_no_more(desk: Desk) -> None:
    offer(desk)
    desk.post("/plans/first/archive")
    assert publishable(desk).get("/plans").json()["data"] == []
    assert refused(publishable(desk).get("/plans/first")) == NOTHING


def test_without_a_token_it_sees_no_customer(desk: Desk) -> None:
    anybody = publishable(desk)
    for path in ("/customers/nordlicht", "/customers/nobody"):
        assert refused(anybody.get(path)) == NO_TOKEN
    assert refused(anybody.get("/plans?customerId=nordlicht")) == NO_TOKEN


def test_with_a_token_it_sees_its_own_customer(browser: Keyholder) -> None:
    assert browser.get("/customers/acme").json()["data"]["id"] == "acme"


def test_another_customer_looks_like_none(browser: Keyholder) -> None:
    theirs, nobodys = browser.get("/customers/beta"), browser.get("/customers/nobody")
    assert refused(theirs) == refused(nobodys) == NOTHING
    assert theirs.text.replace("beta", "nobody") == nobodys.text


def test_only_what_is_listed_is_open(desk: Desk, browser: Keyholder) -> None:
    """Every route of the API that is not in the list is closed, and nothing is changed by any."""
    opened = set()
    for router in ROUTERS:
        for route in router.routes:
            path, [method] = getattr(route, "path"), getattr(route, "methods")  # noqa: B009
            rule = rule_for(path, method)
            if rule.reach is not None:
                opened.add(f"{method} {path}")
                continue
            answer = browser.ask(method, re.sub(r"\{[^}]*\}", "acme", path), json={})
            assert refused(answer) == NO_ROUTE, f"{method} {path}"
    assert opened <= {f"GET {path}" for path in ALL_OF_THEM}
    assert {each.removeprefix("GET /api/v1/") for each in opened} >= {"plans", "customers/{id}"}


def test_the_list_is_what_was_agreed() -> None:
    """A route more is open to the whole world: think twice, then write it here, too."""
    agreed = {re.sub(r"\{[^}]*\}", "{}", path.removeprefix("/api/v1/")) for path in ALL_OF_THEM}
    assert set(FOR_PUBLISHABLE_KEYS) == agreed


ALL_OF_THEM = {
    "/api/v1/access/snapshot",
    "/api/v1/access/stream",
    "/api/v1/addons",
    "/api/v1/addons/{id}",
    "/api/v1/addons/{id}/charges",
    "/api/v1/addons/{addonId}/entitlements",
    "/api/v1/customers/{id}",
    "/api/v1/customers/{id}/entitlements",
    "/api/v1/customers/{id}/entitlements/check",
    "/api/v1/features",
    "/api/v1/features/{id}",
    "/api/v1/plans",
    "/api/v1/plans/{id}",
    "/api/v1/plans/{id}/charges",
    "/api/v1/plans/{planId}/entitlements",
    "/api/v1/plans/{id}/overage-charges",
    "/api/v1/products",
    "/api/v1/subscriptions",
    "/api/v1/subscriptions/{id}",
}


@pytest.mark.parametrize(
    "path",
    [
        "/customers",
        "/customers/",
        "/customers/beta/",
        "/customers/acme%2F..%2Fbeta",
        "/customers/acme/../beta",
        "/customers/..%2Fcustomers%2Fbeta",
        "/customers/%62eta",
        "/customers/beta%00",
        "/customers/acme%00",
        "/customers/acme%20",
        "/customers/ACME",
        "/customers//acme",
        "/customers/acme;beta",
        "/customers/beta?id=acme",
        "/customers/beta?customerId=acme",
        "/customers/acme?customerId=beta",
        "/customers/acme?customerId=acme&customerId=beta",
        "/customers/acme?customerId=beta&customerId=acme",
        "/customers/acme?customer_id=beta",
        "/customers/acme?payingCustomerId=beta",
        "/customers/acme?customerIds=acme,beta",
        "/customers/acme?customerIds[]=beta",
        "/customers/acme?CUSTOMERID=beta",
        "/customers/acme?%63ustomerId=beta",
        "/customers/acme/upcoming-invoices",
        "/customers/acme/invoices",
        "/customers/acme/contracts",
        "/../../api/v1/customers",
        "/plans/..%2Fcustomers",
        "/plans/%2e%2e/customers/beta",
    ],
)
def test_no_path_and_no_query_leads_to_another(browser: Keyholder, path: str) -> None:
    answer = raw(browser, f"/api/v1{path}")
    assert answer.status_code in (403, 404, 422), answer.text
    assert '"createdAt"' not in answer.text


def raw(holder: Keyholder, path: str) -> httpx.Response:
    """GET a path to the byte as it is written, redirects followed."""
    url = httpx.URL(str(holder.desk.http.base_url), raw_path=path.encode())
    headers = {**holder.headers, "X-API-KEY": holder.key}
    request = httpx.Request("GET", url, headers=headers)
    return holder.desk.http.send(request, follow_redirects=True)


def test_no_header_leads_to_a_write(browser: Keyholder) -> None:
    for header in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        for method in ("POST", "PATCH", "DELETE"):
            overridden = browser.ask("GET", "/api/v1/customers/acme", headers={header: method})
            assert overridden.json()["data"]["archivedAt"] is None
            hidden = browser.ask("POST", "/api/v1/customers/acme/archive", headers={header: "GET"})
            assert refused(hidden) == NO_ROUTE
    assert browser.ask("HEAD", "/api/v1/customers/beta").status_code in (404, 405)
    assert browser.ask("HEAD", "/api/v1/customers").status_code in (403, 405)
    assert browser.ask("OPTIONS", "/api/v1/customers/beta").status_code == 405
    assert browser.ask("TRACE", "/api/v1/customers/beta").status_code == 405


@pytest.mark.parametrize("rest", ["", "/check?featureId=seats", "/check?currencyId=tokens"])
def test_what_a_customer_may_use_is_told_with_its_token_alone(
    desk: Desk, browser: Keyholder, rest: str
) -> None:
    own, theirs = (f"/customers/{name}/entitlements{rest}" for name in ("acme", "beta"))
    for _ in range(2):  # what a check knows from before lets nobody else in
        assert browser.get(own).status_code == 200
        assert scoped(desk, KeyScope.ENTITLEMENTS_READ).get(theirs).status_code == 200
        assert desk.http.get(f"/api/v1{theirs}").status_code == 200
        assert refused(browser.get(theirs)) == NOTHING
        assert refused(browser.get(theirs.replace("beta", "nobody"))) == NOTHING
        assert refused(Keyholder(desk, browser.key).get(own)) == NO_TOKEN
        narrow = scoped(desk, KeyScope.CUSTOMERS_READ)
        assert refused(narrow.get(own)) == (403, "ForbiddenScope")
        more = f"{own}{'&' if '?' in own else '?'}customerId=beta"
        assert refused(browser.get(more)) == NOTHING
        assert browser.ask("HEAD", f"/api/v1{theirs}").status_code in (404, 405)


def test_a_check_that_knows_a_key_lets_it_in_no_longer_than_it_is_open(desk: Desk) -> None:
    key = create_key(desk.runtime, desk.scope, name="r", scopes=[KeyScope.ENTITLEMENTS_READ])
    holder = Keyholder(desk, key.secret)
    path = "/customers/nordlicht/entitlements/check?featureId=seats"
    assert [holder.get(path).status_code for _ in range(3)] == [200, 200, 200]
    revoke_key(desk.runtime, desk.scope, key.id)
    assert [holder.get(path).status_code for _ in range(3)] == [401, 401, 401]


def test_of_two_keys_or_two_tokens_none_is_good(browser: Keyholder, secret: str) -> None:
    url = f"{browser.desk.http.base_url}/api/v1/customers/acme"
    key, token = ("X-API-KEY", browser.key), ("X-CUSTOMER-KEY", customer_token(secret, "acme"))
    other_key = ("X-API-KEY", browser.desk.http.headers["x-api-key"])
    other_token = ("X-CUSTOMER-KEY", customer_token(secret, "beta"))
    assert httpx.get(url, headers=[key, token]).status_code == 200
    for headers in ([key, token, other_token], [key, other_token, token]):
        assert refused(httpx.get(url, headers=headers)) == BAD_TOKEN
    for headers in ([key, other_key, token], [other_key, key, token], [key, key, token]):
        assert refused(httpx.get(url, headers=headers)) == (401, "UNAUTHENTICATED")


def test_a_token_of_another_environment_opens_nothing(
    desk: Desk, stranger: Desk, browser: Keyholder
) -> None:
    theirs = rotate_signing_secret(stranger.runtime, stranger.scope, grace=Grace.NOW)
    token = customer_token(theirs, "acme")
    assert refused(publishable(desk, token).get("/customers/acme")) == BAD_TOKEN
    ours = Keyholder(stranger, publishable(stranger).key, browser.headers)
    assert refused(ours.get("/customers/acme")) == BAD_TOKEN


def test_where_there_is_no_secret_yet_no_token_is_good(desk: Desk) -> None:
    for secret in ("", "None", "null"):
        token = customer_token(secret, "nordlicht")
        assert refused(publishable(desk, token).get("/customers/nordlicht")) == BAD_TOKEN
    assert refused(publishable(desk, "").get("/customers/nordlicht")) == BAD_TOKEN


def test_a_bad_token_is_refused_even_where_none_is_needed(desk: Desk, secret: str) -> None:
    assert refused(publishable(desk, customer_token("x", "acme")).get("/plans")) == BAD_TOKEN
    assert publishable(desk, customer_token(secret, "acme")).get("/plans").status_code == 200


def test_a_token_may_expire(desk: Desk, secret: str, browser: Keyholder) -> None:
    now = world_clock()
    good = customer_token(secret, "acme", until=now + timedelta(minutes=1))
    over = customer_token(secret, "acme", until=now - timedelta(seconds=1))
    assert publishable(desk, good).get("/customers/acme").status_code == 200
    assert refused(publishable(desk, over).get("/customers/acme")) == (401, "CustomerTokenExpired")


def test_a_new_secret_leaves_the_old_tokens_their_grace(desk: Desk, browser: Keyholder) -> None:
    made = desk.post("/signing-secret/rotate", {"grace": "1_HOUR"}).json()["data"]
    assert browser.get("/customers/acme").status_code == 200
    newer = publishable(desk, customer_token(made["signingSecret"], "acme"))
    assert newer.get("/customers/acme").status_code == 200
    assert desk.post("/signing-secret/rotate", {"grace": "1_HOUR"}).status_code == 201
    assert refused(browser.get("/customers/acme")) == BAD_TOKEN, "two secrets at most"
    assert newer.get("/customers/acme").status_code == 200
    assert desk.post("/signing-secret/rotate", {"grace": "NOW"}).status_code == 201
    assert refused(newer.get("/customers/acme")) == BAD_TOKEN


def test_the_grace_of_a_secret_ends(desk: Desk, browser: Keyholder) -> None:
    before = Runtime(desk.runtime.database, clock=lambda: world_clock() - timedelta(hours=2))
    rotate_signing_secret(before, desk.scope, grace=Grace.ONE_HOUR)
    assert refused(browser.get("/customers/acme")) == BAD_TOKEN


def test_the_token_is_the_one_that_stigg_documents(desk: Desk, browser: Keyholder) -> None:
    secret = desk.post("/signing-secret/rotate", {}).json()["data"]["signingSecret"]
    signature = hmac.new(secret.encode(), b"acme", "sha256").hexdigest()
    page = publishable(desk, f"HMAC-SHA256 acme:{signature}")
    assert page.get("/customers/acme").status_code == 200


def test_a_server_key_needs_no_token_and_heeds_none(desk: Desk) -> None:
    headers = {"X-CUSTOMER-KEY": "HMAC-SHA256 someone:else"}
    assert desk.http.get("/api/v1/customers/nordlicht", headers=headers).status_code == 200


def test_pages_of_any_origin_may_read_with_it(desk: Desk, browser: Keyholder) -> None:
    asking = {
        **ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "x-api-key,x-customer-key,x-stainless-lang",
    }
    path = f"{desk.http.base_url}/api/v1/customers/acme"
    preflight = httpx.options(path, headers=asking)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert preflight.headers["access-control-allow-headers"] == "*"
    assert preflight.headers["access-control-allow-methods"] == "GET"
    assert "access-control-allow-credentials" not in preflight.headers
    for path in ("acme", "beta"):
        answer = browser.ask("GET", f"/api/v1/customers/{path}", headers=ORIGIN)
        assert answer.headers["access-control-allow-origin"] == "*"


def test_a_server_key_in_a_page_is_of_no_use_there(desk: Desk, server: str) -> None:
    answer = desk.http.get("/api/v1/customers/nordlicht", headers=ORIGIN)
    assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (200, False)
    elsewhere = httpx.options(
        f"{server}/health", headers={**ORIGIN, "Access-Control-Request-Method": "GET"}
    )
    assert "access-control-allow-origin" not in elsewhere.headers


def test_a_publishable_key_is_made_listed_rotated_and_revoked(desk: Desk) -> None:
    body = {"name": "web", "kind": "PUBLISHABLE"}
    made = desk.post("/api-keys", body).json()["data"]
    assert (made["key"][:7], made["scopes"], made["kind"]) == ("client-", [], "PUBLISHABLE")
    assert Keyholder(desk, made["key"]).get("/plans").status_code == 200
    new = desk.post(f"/api-keys/{made['id']}/rotate", {"grace": "NOW"}).json()["data"]
    assert new["key"].startswith("client-")
    assert Keyholder(desk, made["key"]).get("/plans").status_code == 401
    assert desk.post(f"/api-keys/{new['id']}/revoke").status_code == 200
    assert Keyholder(desk, new["key"]).get("/plans").status_code == 401
