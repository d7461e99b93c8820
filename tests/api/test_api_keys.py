"""Server keys: what their scopes let them do; made, rotated, listed, revoked over HTTP."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from tests.api.conftest import Desk
from tests.api.keyholder import Keyholder, refused, scoped
from usance.api.admission import rule_for
from usance.api.mount import ROUTERS
from usance.domain.api_keys.keys import Grace
from usance.domain.api_keys.scopes import Access, Area, KeyScope
from usance.flows.open_environment import create_key
from usance.flows.rotate_key import rotate_key
from usance.flows.runtime import Runtime, world_clock
from usance.store import api_keys


def made(desk: Desk | Keyholder, **body: object) -> dict[str, Any]:
    """A key made over HTTP."""
    answer = desk.post("/api-keys", {"name": "made", **body})
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["data"])


def opens(desk: Desk, secret: str) -> bool:
    return Keyholder(desk, secret).get("/products").status_code == 200


FORBIDDEN = (403, "ForbiddenScope")


def test_a_key_does_what_its_scope_says_and_nothing_else(desk: Desk) -> None:
    customers = scoped(desk, KeyScope.CUSTOMERS_WRITE)
    assert customers.post("/customers", {"id": "acme"}).status_code == 201
    assert customers.get("/customers/acme").status_code == 200
    answer = customers.get("/plans")
    assert refused(answer) == FORBIDDEN
    [detail] = answer.json()["error"]["details"]
    assert detail["expected"] == "a key with the scope CATALOGUE_READ"
    assert "CATALOGUE_READ" in answer.json()["error"]["message"]
    assert refused(customers.get("/customers/acme/upcoming-invoices")) == FORBIDDEN
    assert refused(customers.post("/contracts", {"customerId": "acme"})) == FORBIDDEN
    assert refused(customers.post("/clock", {"to": "2030-01-01"})) == FORBIDDEN


def test_every_route_has_its_area() -> None:
    routes = [route for router in ROUTERS for route in router.routes]
    paths = {getattr(route, "path") for route in routes}  # noqa: B009
    nowhere = sorted(path for path in paths if rule_for(path, "GET").area is None)
    assert nowhere == [], "name the area of each in AREAS of api/admission.py: FULL_ACCESS only"


def test_what_only_asks_takes_reading_and_a_beta_is_closed_to_pages() -> None:
    assert rule_for("/api/v1/subscriptions/preview", "POST").access is Access.READ
    assert rule_for("/api/v1/subscriptions/{id}", "PATCH").access is Access.WRITE
    assert rule_for("/api/v1/plans/{id}", "GET").reach is not None
    assert rule_for("/api/v1/plans/{id}", "PATCH").reach is None
    assert rule_for("/api/v1-beta/customers/{id}/entitlements/check", "GET").reach is None
    assert rule_for("/api/v2/usage", "POST").area is Area.USAGE
    assert rule_for("/api/v1/anything/else", "GET").area is None


def test_a_read_only_key_reads_everything_and_writes_nothing(desk: Desk) -> None:
    reads = scoped(desk, KeyScope.READ_ONLY)
    for path in ("/customers", "/plans", "/coupons", "/invoices", "/api-keys", "/clock"):
        assert reads.get(path).status_code == 200, path
    for path in ("/customers", "/events", "/api-keys", "/billing-runs", "/signing-secret/rotate"):
        answer = reads.post(path, {})
        assert refused(answer) == FORBIDDEN, path
        assert answer.json()["error"]["details"][0]["expected"].endswith("_WRITE")
    assert refused(reads.ask("PATCH", "/api/v1/customers/nordlicht", json={})) == FORBIDDEN
    assert refused(reads.ask("DELETE", "/api/v1/plans/x/draft")) == FORBIDDEN


def test_several_scopes_add_up(desk: Desk) -> None:
    both = scoped(desk, KeyScope.CATALOGUE_READ, KeyScope.COUPONS_WRITE)
    assert both.get("/products").status_code == 200
    assert both.post("/products", {"id": "p", "displayName": "P"}).status_code == 403
    assert both.get("/coupons").status_code == 200


def test_a_refused_request_is_not_read_and_leaves_its_idempotency_key_free(desk: Desk) -> None:
    reads = scoped(desk, KeyScope.READ_ONLY)
    key = {"Idempotency-Key": "k"}
    answer = reads.ask("POST", "/api/v1/customers", content=b"{not json", headers=key)
    assert refused(answer) == FORBIDDEN
    assert desk.post("/customers", {"id": "acme"}, key="k").status_code == 201


def test_no_header_makes_a_read_a_write_or_a_write_a_read(desk: Desk) -> None:
    reads = scoped(desk, KeyScope.READ_ONLY)
    for header in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        hidden = reads.ask("GET", "/api/v1/customers", headers={header: "POST"})
        assert (hidden.status_code, "pagination" in hidden.json()) == (200, True)
        open_ = reads.ask("POST", "/api/v1/customers", json={"id": "x"}, headers={header: "GET"})
        assert refused(open_) == FORBIDDEN
    assert refused(reads.post("/customers?_method=GET", {"id": "x"})) == FORBIDDEN
    assert desk.get("/customers/x").status_code == 404


def test_a_key_is_shown_once_and_listed_without_it(desk: Desk) -> None:
    new = made(desk, scopes=["READ_ONLY", "USAGE_WRITE"])
    assert new["key"].startswith("server-")
    assert (new["status"], new["endsWith"]) == ("ACTIVE", new["key"][-4:])
    assert opens(desk, new["key"])
    listed = desk.get("/api-keys", limit=100).json()["data"]
    [found] = [each for each in listed if each["id"] == new["id"]]
    assert found["scopes"] == ["READ_ONLY", "USAGE_WRITE"]
    assert found["lastUsedAt"] is not None
    assert new["key"] not in desk.get("/api-keys").text + desk.get(f"/api-keys/{new['id']}").text


def test_a_revoked_key_opens_nothing_and_says_so(desk: Desk) -> None:
    new = made(desk)
    assert desk.post(f"/api-keys/{new['id']}/revoke").json()["data"]["status"] == "REVOKED"
    assert not opens(desk, new["key"])
    assert refused(desk.post(f"/api-keys/{new['id']}/revoke")) == (404, "NotFound")
    assert refused(desk.post(f"/api-keys/{new['id']}/rotate", {})) == (404, "NotFound")


def test_keys_of_another_environment_are_nobodys(desk: Desk, stranger: Desk) -> None:
    theirs = made(stranger)
    assert refused(desk.get(f"/api-keys/{theirs['id']}")) == (404, "NotFound")
    for act in ("revoke", "rotate"):
        assert refused(desk.post(f"/api-keys/{theirs['id']}/{act}", {})) == (404, "NotFound")
    assert opens(stranger, theirs["key"])


def test_a_key_hands_on_no_more_than_it_has(desk: Desk) -> None:
    keeper = scoped(desk, KeyScope.KEYS_WRITE, KeyScope.CUSTOMERS_READ)
    assert refused(keeper.post("/api-keys", {"name": "up"})) == FORBIDDEN
    for scope in ("READ_ONLY", "CUSTOMERS_WRITE", "USAGE_READ", "FULL_ACCESS"):
        assert refused(keeper.post("/api-keys", {"name": "up", "scopes": [scope]})) == FORBIDDEN
    assert made(keeper, scopes=["CUSTOMERS_READ", "KEYS_READ"])["status"] == "ACTIVE"
    full = made(desk)
    assert refused(keeper.post(f"/api-keys/{full['id']}/rotate", {})) == FORBIDDEN
    assert refused(keeper.post("/api-keys", {"name": "up", "kind": "PUBLISHABLE"})) == FORBIDDEN
    assert refused(keeper.post("/signing-secret/rotate", {})) == FORBIDDEN
    assert opens(desk, full["key"])


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["ALL"]}, "scopes[0]"),
        ({"name": "x", "kind": "ROOT"}, "kind"),
        ({"name": "x", "expiresAt": "2001-01-01T00:00:00Z"}, "expiresAt"),
        ({"name": "x", "expiresAt": "2101-01-01T00:00:00"}, "expiresAt"),
    ],
)
def test_an_unfit_key_is_refused(desk: Desk, body: dict[str, object], path: str) -> None:
    answer = desk.post("/api-keys", body)
    assert answer.status_code == 422
    assert [each["path"] for each in answer.json()["error"]["details"]] == [path]


def test_a_secret_is_not_kept_for_an_idempotency_key(desk: Desk) -> None:
    new = made(desk)
    for path in ("/api-keys", f"/api-keys/{new['id']}/rotate", "/signing-secret/rotate"):
        assert refused(desk.post(path, {"name": "x"}, key="k")) == (422, "InvalidIdempotencyKey")
    assert opens(desk, new["key"])


def test_a_rotated_key_goes_on_for_its_grace(desk: Desk) -> None:
    old = made(desk, scopes=["CATALOGUE_READ"])
    new = desk.post(f"/api-keys/{old['id']}/rotate", {"grace": "24_HOURS"}).json()["data"]
    assert (new["replaces"], new["scopes"]) == (old["id"], old["scopes"])
    assert new["key"] != old["key"]
    assert opens(desk, old["key"])
    assert opens(desk, new["key"])
    kept = desk.get(f"/api-keys/{old['id']}").json()["data"]
    assert (kept["status"], new["expiresAt"]) == ("EXPIRING", None)
    tomorrow = desk.runtime.clock() + timedelta(hours=24)
    with desk.runtime.transaction(desk.scope) as tx:
        left = tomorrow - api_keys.one(tx, old["id"]).expires_at
    assert timedelta() <= left < timedelta(minutes=5)
    assert refused(desk.post(f"/api-keys/{old['id']}/rotate", {})) == (409, "KeyReplaced")


def test_of_two_who_rotate_a_key_at_once_one_does(desk: Desk) -> None:
    old = made(desk, scopes=["CATALOGUE_READ"])
    start = threading.Barrier(4)

    def rotate(_: int) -> int:
        start.wait()
        return desk.post(f"/api-keys/{old['id']}/rotate", {"grace": "1_HOUR"}).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(rotate, range(4))) == [201, 409, 409, 409]
    assert opens(desk, old["key"])


def test_a_key_rotated_now_closes_now(desk: Desk) -> None:
    old = made(desk, scopes=["CATALOGUE_READ"])
    new = desk.post(f"/api-keys/{old['id']}/rotate", {"grace": "NOW"}).json()["data"]
    assert not opens(desk, old["key"])
    assert opens(desk, new["key"])
    assert desk.get(f"/api-keys/{old['id']}").json()["data"]["status"] == "EXPIRED"


def test_the_grace_ends_by_the_clock_of_the_world(desk: Desk) -> None:
    """A sandbox's own clock, which stands in 2025, closes no key."""
    before = Runtime(desk.runtime.database, clock=lambda: world_clock() - timedelta(days=8))
    key = create_key(before, desk.scope, name="old")
    assert opens(desk, key.secret)
    rotate_key(before, desk.scope, key.id, grace=Grace.SEVEN_DAYS)
    assert not opens(desk, key.secret)


def test_a_key_made_to_expire_does(desk: Desk) -> None:
    soon = world_clock() + timedelta(hours=1)
    new = made(desk, expiresAt=soon.isoformat())
    assert new["status"] == "EXPIRING"
    assert opens(desk, new["key"])
    before = Runtime(desk.runtime.database, clock=lambda: world_clock() - timedelta(hours=2))
    past = create_key(before, desk.scope, name="x", expires_at=world_clock() - timedelta(hours=1))
    assert not opens(desk, past.secret)


def test_that_a_key_was_used_is_written_once_a_minute(desk: Desk) -> None:
    new = made(desk)

    def used() -> object:
        with desk.runtime.transaction(desk.scope) as tx:
            return api_keys.one(tx, new["id"]).last_used_at

    assert used() is None
    assert opens(desk, new["key"])
    first = used()
    assert first is not None
    assert opens(desk, new["key"])
    assert used() == first


def test_the_first_key_of_a_sandbox_has_full_access_whatever_it_is_asked(desk: Desk) -> None:
    key = create_key(desk.runtime, desk.scope, name="default")
    found = desk.get(f"/api-keys/{key.id}").json()["data"]
    assert (found["kind"], found["scopes"]) == ("SERVER", ["FULL_ACCESS"])
