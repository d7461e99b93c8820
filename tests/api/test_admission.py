"""Every route of the application and who gets in, asked of each as it stands: none is forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute, Route

from tests.api.conftest import Desk, server, stranger
from tests.api.keyholder import Keyholder, publishable, refused
from usance.api.admission import FOR_PUBLISHABLE_KEYS, rule_for
from usance.api.cross_origin import PREFIX
from usance.domain.api_keys.customer_tokens import customer_token
from usance.domain.api_keys.keys import Grace
from usance.domain.api_keys.scopes import Access, Area, KeyScope, allows, needed_for
from usance.flows.open_environment import create_key, revoke_key
from usance.flows.rotate_signing_secret import rotate_signing_secret
from usance.flows.runtime import Runtime
from usance.main import application
from usance.settings import Settings
from usance.store.database import Database

__all__ = ["server", "stranger"]
OPEN = {"/health", "/openapi.json"}  # to anybody, as documented; nobody's own is in them
HOSTED = "/i/"  # pages by links that are signed (tests/hosted)
SECRET = "Confidential GmbH"
STRANGERS = ("", "x", "server-", "client-", "server-" + "A" * 43, "client-" + "A" * 43, "A" * 300)


class Asking(NamedTuple):
    """A method and the path of a route, as it is written in the code."""

    method: str
    path: str

    def of(self, name: str) -> str:
        """The path, with that in place of every id."""
        return re.sub(r"\{[^}]*\}", name, self.path)


def every_route(database: Database) -> Iterator[Asking]:
    """Whatever the application answers, in the API document or not."""
    app = application(Runtime(database), Settings(home=Path("/nowhere")))
    assert isinstance(app, FastAPI)
    yield from within(app.routes)


def within(found: Iterable[BaseRoute]) -> Iterator[Asking]:
    """The routes in these, and in the routers among them."""
    for route in found:
        router = getattr(route, "original_router", None)
        if router is not None:
            around = getattr(route, "include_context")  # noqa: B009
            assert not around.prefix, "its paths say where it is"
            yield from within(router.routes)
            continue
        assert isinstance(route, Route), f"{route} is no plain route: who is let in there?"
        yield from (Asking(each, route.path) for each in sorted(route.methods or ()))


@pytest.fixture(scope="module")
def routes(database: Database) -> list[Asking]:
    """The routes that take a key."""
    found = [each for each in every_route(database) if each.path not in OPEN]
    behind = [each for each in found if not each.path.startswith(HOSTED)]
    assert len(behind) > 150
    assert {each.path for each in behind} > {CHECK, SNAPSHOT, STREAM}
    return behind


CHECK = "/api/v1/customers/{id}/entitlements/check"
SNAPSHOT, STREAM = "/api/v1/access/snapshot", "/api/v1/access/stream"


def test_nothing_but_the_api_and_what_is_documented_as_open_answers(database: Database) -> None:
    outside = {each.path for each in every_route(database) if not each.path.startswith("/api/")}
    assert {path for path in outside if not path.startswith(HOSTED)} == OPEN


def test_without_an_open_key_no_route_answers(desk: Desk, routes: list[Asking]) -> None:
    revoked = create_key(desk.runtime, desk.scope, name="gone")
    revoke_key(desk.runtime, desk.scope, revoked.id)
    with httpx.Client(base_url=desk.http.base_url, timeout=30) as http:
        for asking in routes:
            answer = http.request(asking.method, asking.of("nordlicht"))
            assert refused(answer) == (401, "UNAUTHENTICATED"), asking
            key = {"X-API-KEY": revoked.secret}
            answer = http.request(asking.method, asking.of("nordlicht"), headers=key)
            assert refused(answer) == (401, "UNAUTHENTICATED"), asking
        for strange in STRANGERS:
            answer = http.get("/api/v1/customers", headers={"X-API-KEY": strange})
            assert refused(answer) == (401, "UNAUTHENTICATED")


def test_each_route_takes_its_own_scope_and_no_other(desk: Desk, routes: list[Asking]) -> None:
    """With every scope but those that open it a route is closed, before anything is looked at."""
    keys = {
        each: create_key(desk.runtime, desk.scope, name=each, scopes=[each]) for each in KeyScope
    }
    for asking in routes:
        rule = rule_for(asking.path, asking.method)
        assert isinstance(rule.area, Area), f"{asking}: name its area in api/admission.py"
        assert rule.access is Access.WRITE or asking.method in ("GET", "POST"), asking
        lacking = [each for each in KeyScope if not allows([each], rule.area, rule.access)]
        assert needed_for(rule.area, rule.access) not in lacking
        assert len(lacking) >= len(KeyScope) - 4
        nearest = [each for each in lacking if each.startswith(rule.area)] or lacking[:1]
        for scope in (*nearest, lacking[hash(asking.path) % len(lacking)]):
            answer = Keyholder(desk, keys[scope].secret).ask(*asking_of(asking), json={})
            assert refused(answer) == (403, "ForbiddenScope"), (asking, scope)


def asking_of(asking: Asking) -> tuple[str, str]:
    """The method, and a path with a customer's id in it."""
    return asking.method, asking.of("nordlicht")


def test_the_key_of_another_environment_finds_nothing(
    desk: Desk, stranger: Desk, routes: list[Asking]
) -> None:
    """Ids of ours are nobody's there, whatever is done with them; and nothing of ours is told."""
    ours = [*filled(desk)]
    before = told(desk, routes)
    for asking in routes:
        for name in ours if "{" in asking.path else ours[:1]:
            if asking.path in (STREAM, "/api/v1/signing-secret/rotate"):
                continue
            body: object = None if asking.method == "GET" else {}
            answer = stranger.http.request(asking.method, asking.of(name), json=body)
            assert SECRET not in answer.text, asking
            assert answer.status_code < 500, (asking, answer.text)
            if "{" in asking.path and not asking.path.startswith(ABOUT_ACCESS):
                assert answer.status_code in (404, 422), (asking, answer.text)
    assert told(desk, routes) == before


ABOUT_ACCESS = "/api/v1/customers/{id}/entitlements"  # says CustomerNotFound, as the SDKs expect


def filled(desk: Desk) -> Iterator[str]:
    """One of each that is easily made, under ids that the other environment has not."""
    made = {
        "customers": {"id": "ours-customer", "name": SECRET},
        "products": {"id": "ours-product", "displayName": SECRET},
        "features": {"id": "ours-feature", "displayName": SECRET, "featureType": "BOOLEAN"},
        "plans": {"id": "ours-plan", "displayName": SECRET, "productId": "ours-product"},
        "addons": {"id": "ours-addon", "displayName": SECRET, "productId": "ours-product"},
        "coupons": {"id": "ours-coupon", "name": SECRET, "percentOff": 5},
        "api-keys": {"name": SECRET},
    }
    for path, body in made.items():
        answer = desk.post(f"/{path}", body)
        assert answer.status_code == 201, answer.text
        yield str(answer.json()["data"]["id"])


def told(desk: Desk, routes: list[Asking]) -> dict[str, object]:
    """All that lists say, but when keys were last used."""
    skipped = (STREAM, "/api/v1/api-keys")
    lists = [
        each.path
        for each in routes
        if each.method == "GET" and "{" not in each.path and each.path not in skipped
    ]
    return {path: desk.http.get(path).text for path in lists}


def test_a_page_gets_nothing_but_what_is_published_and_its_own_customers(
    desk: Desk, routes: list[Asking]
) -> None:
    """With a token of one customer every route is asked for another's: refused, or published."""
    secret = rotate_signing_secret(desk.runtime, desk.scope, grace=Grace.NOW)
    assert desk.post("/customers", {"id": "acme"}).status_code == 201
    theirs = desk.post("/customers", {"id": "theirs", "name": SECRET})
    assert theirs.status_code == 201
    assert desk.http.headers["x-api-key"][:7].encode() != PREFIX
    page, nobody = publishable(desk, customer_token(secret, "acme")), publishable(desk)
    for asking in routes:
        for name in ("theirs", "acme"):
            query = f"{asking.of(name)}?customerId=theirs&customerIds=theirs"
            for holder, path in ((page, asking.of("theirs")), (page, query), (nobody, query)):
                answer = holder.ask(asking.method, path)
                assert SECRET not in answer.text, (asking, path)
                if steps_of(asking) not in CATALOGUE or path == query:
                    assert answer.status_code in (403, 404, 422), (asking, path, answer.text)


def steps_of(asking: Asking) -> str:
    """As the table of what publishable keys reach names it."""
    return re.sub(r"\{[^}]*\}", "{}", asking.path.removeprefix("/api/v1/"))


CATALOGUE = {
    each
    for each in FOR_PUBLISHABLE_KEYS
    if each.split("/")[0]
    in (
        "plans",
        "addons",
        "features",
        "products",
    )
}
