"""Snapshots, their stream and explanations over HTTP; and that no check is ever late."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.conftest import FIRST_DAY, Desk
from tests.api.keyholder import publishable, scoped
from tests.store.held import ACME, Offers, choice, gives, number, switch
from usance.domain.api_keys.customer_tokens import customer_token
from usance.domain.api_keys.keys import Grace
from usance.domain.api_keys.scopes import KeyScope
from usance.domain.catalog import Aggregation, Feature, Meter, MeterType
from usance.domain.ids import FeatureId
from usance.domain.metering.events import UsageEvent
from usance.domain.plans.entitlements import ResetPeriod
from usance.flows.ingest_usage import ingest_usage
from usance.flows.open_environment import move_clock
from usance.flows.rotate_signing_secret import rotate_signing_secret
from usance.flows.runtime import world_clock
from usance.store import api_keys, subscriptions

CALLS = Feature(
    id=FeatureId("calls"),
    display_name="Calls",
    meter_type=MeterType.INCREMENTAL,
    meter=Meter("called", Aggregation.COUNT),
)


@pytest.fixture
def acme(desk: Desk) -> Offers:
    """Acme has ten calls a month, single sign-on and Europe."""
    features = (CALLS, switch("sso"), choice("region", "eu", "us"), number("size", MeterType.NONE))
    offers = Offers(desk.runtime, desk.scope).open(*features)
    held = (gives("calls", 10, reset_period=ResetPeriod.MONTH), gives("sso"))
    offers.subscribe(offers.plan("pro", *held, gives("region", enum_values=("eu",))))
    return offers


def call(desk: Desk, *keys: str) -> None:
    """Acme calls, once for each key."""
    events = [
        UsageEvent(
            customer_id=ACME,
            event_name="called",
            idempotency_key=key,
            occurred_at=FIRST_DAY,
            dimensions={},
        )
        for key in keys
    ]
    ingest_usage(desk.runtime, desk.scope, events)


def ask(desk: Desk, **query: Any) -> dict[str, Any]:
    """What a check answers."""
    answer = desk.get(f"/customers/{ACME}/entitlements/check", **query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


def test_a_snapshot_says_all_that_decides(desk: Desk, acme: Offers) -> None:
    call(desk, "1", "2", "3")
    found = desk.get("/access/snapshot", customerId=ACME).json()["data"]
    assert found["position"].isdecimal()
    assert (found["customerId"], found["resourceId"]) == (ACME, None)
    assert (found["accessDeniedReason"], found["validUntil"]) == (None, None)
    assert sorted(found["features"]) == ["calls", "region", "sso"]
    assert found["features"]["region"]["values"] == ["eu"]
    calls = found["features"]["calls"]
    [allowance] = calls.pop("allowances")
    assert calls == {
        "featureType": "NUMBER",
        "kind": "METERED",
        "isGranted": True,
        "deniedReason": None,
        "featureStatus": "NEW",
        "displayName": "Calls",
        "values": [],
        "budgetExceeded": False,
        "validUntil": None,
    }
    assert allowance == {
        "limit": "10",
        "isSoft": False,
        "reset": {
            "period": "MONTH",
            "count": 1,
            "anchor": "2025-01-01T12:00:00Z",
            "zone": "UTC",
            "since": None,
        },
        "usageScope": "*",
        "currentUsage": "3",
        "windowStart": "2025-01-01T12:00:00Z",
        "windowEnd": "2025-02-01T12:00:00Z",
    }


def test_a_snapshot_of_nobody_says_so(desk: Desk, acme: Offers) -> None:
    found = desk.get("/access/snapshot", customerId="nobody").json()["data"]
    assert (found["accessDeniedReason"], found["features"]) == ("CustomerNotFound", {})
    assert desk.get("/access/snapshot").status_code == 422


def test_an_explanation_names_every_source_and_those_that_decide(desk: Desk, acme: Offers) -> None:
    acme.promote(gives("calls", 5, reset_period=ResetPeriod.MONTH))
    path = f"/customers/{ACME}/entitlements/explain"
    found = desk.get(path, featureId="calls").json()["data"]
    assert [each["status"] for each in found["subscriptions"]] == ["ACTIVE"]
    [calls] = found["features"]
    assert (calls["isGranted"], calls["limit"], calls["currentUsage"]) == (True, "10", "0")
    assert {(each["by"], each["limit"], each["decides"]) for each in calls["sources"]} == {
        ("PLAN", "10", True),
        ("PROMOTION", "5", False),
    }
    assert len(desk.get(path).json()["data"]["features"]) == 3


@contextmanager
def listening(desk: Desk, ids: str, **more: str) -> Iterator[Iterator[dict[str, Any]]]:
    """The snapshots that come down a stream."""
    query = {"customerIds": ids, **more}
    with desk.http.stream("GET", "/api/v1/access/stream", params=query, timeout=10) as answer:
        assert answer.status_code == 200, answer.read()
        yield snapshots(answer)


def snapshots(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    position = ""
    for line in answer.iter_lines():
        if line.startswith("id: "):
            position = line.removeprefix("id: ")
        if line.startswith("data: "):
            found = json.loads(line.removeprefix("data: "))
            assert found["position"] == position
            yield found


def test_a_stream_begins_with_what_is_and_tells_every_change(desk: Desk, acme: Offers) -> None:
    acme.customer("other")
    with listening(desk, f"{ACME},other") as news:
        first = {each["customerId"]: each for each in (next(news), next(news))}
        assert first["other"]["accessDeniedReason"] == "NoActiveSubscription"
        assert usage_of(first[ACME]) == "0"
        call(desk, "1")
        assert usage_of(next(news)) == "1"
        acme.promote(gives("size", 3))
        assert "size" in next(news)["features"]
        acme.promote(gives("sso"), to="other")
        assert list(next(news)["features"]) == ["sso"]
        move_clock(desk.runtime, desk.scope, FIRST_DAY + timedelta(days=31))
        moved = [next(news), next(news)]
        assert {usage_of(each) for each in moved if each["customerId"] == ACME} == {"0"}


def usage_of(snapshot: dict[str, Any]) -> str:
    [allowance] = snapshot["features"]["calls"]["allowances"]
    return str(allowance["currentUsage"])


def test_a_stream_that_goes_on_misses_nothing(desk: Desk, acme: Offers) -> None:
    with listening(desk, ACME) as news:
        position = next(news)["position"]
    call(desk, "1", "2")
    with listening(desk, ACME, position=position) as news:
        assert usage_of(next(news)) == "2"
    refused = desk.get("/access/stream", customerIds=ACME, position="yesterday")
    assert refused.json()["error"]["code"] == "InvalidPosition"
    assert desk.get("/access/stream").json()["error"]["code"] == "MissingField"


def test_what_a_slow_transaction_changes_is_told_when_it_commits(desk: Desk, acme: Offers) -> None:
    with listening(desk, ACME) as news:
        next(news)
        with desk.runtime.transaction(desk.scope) as slow:
            kept = subscriptions.one(slow, "sub-1").subscription
            subscriptions.save(slow, replace(kept, resource_id="site"), at=FIRST_DAY)
            call(desk, "1")
            assert usage_of(next(news)) == "1"
        assert next(news)["features"] == {}


def test_a_closed_key_ends_its_streams_and_checks(desk: Desk, acme: Offers) -> None:
    assert ask(desk, featureId="sso")["isGranted"]
    with listening(desk, ACME) as news:
        next(news)
        with desk.runtime.transaction(desk.scope) as tx:
            [key] = api_keys.every(tx)
            api_keys.save_revoked(tx, key.id, at=desk.runtime.clock())
        assert list(news) == []
    answer = desk.get(f"/customers/{ACME}/entitlements/check", featureId="sso")
    assert answer.status_code == 401


def test_a_closed_key_is_told_nothing_that_changed_as_it_was_closed(
    desk: Desk, acme: Offers
) -> None:
    with listening(desk, ACME) as news:
        next(news)
        with desk.runtime.transaction(desk.scope) as tx:
            kept = subscriptions.one(tx, "sub-1").subscription
            subscriptions.save(tx, replace(kept, resource_id="site"), at=FIRST_DAY)
            [key] = api_keys.every(tx)
            api_keys.save_revoked(tx, key.id, at=desk.runtime.clock())
        assert list(news) == []


def test_a_page_listens_no_longer_than_its_token_holds(desk: Desk, acme: Offers) -> None:
    secret = rotate_signing_secret(desk.runtime, desk.scope, grace=Grace.NOW)
    soon = world_clock() + timedelta(seconds=3)
    page = publishable(desk, customer_token(secret, ACME, until=soon))
    headers = {**page.headers, "X-API-KEY": page.key}
    url = f"/api/v1/access/stream?customerId={ACME}"
    with desk.http.stream("GET", url, headers=headers, timeout=10) as answer:
        assert answer.status_code == 200
        assert "event: snapshot" in "".join(answer.iter_text())
    assert world_clock() < soon + timedelta(seconds=5)


USUAL = [
    {"featureId": "calls", "requestedUsage": "3"},
    {"featureId": "calls", "requestedUsage": "11"},
    {"featureId": "region", "requestedValues": "eu,us"},
    {"featureId": "nothing"},
    {"featureId": "sso", "resourceId": "site"},
    {"currencyId": "tokens"},
]
REFUSED = [
    {},
    {"featureId": "a", "currencyId": "b"},
    {"featureId": "calls", "requestedUsage": "-1"},
]


@pytest.mark.parametrize("query", [*USUAL, *REFUSED], ids=str)
def test_a_check_is_answered_alike_on_either_way(
    desk: Desk, acme: Offers, query: dict[str, str]
) -> None:
    """At once, once everything for it is known; or through the framework, as for a person."""
    path = f"/api/v1/customers/{ACME}/entitlements/check"
    named = {"X-Usance-Actor": "Ada"}
    first, again = (desk.http.get(path, params=query) for _ in range(2))
    slowly = desk.http.get(path, params=query, headers=named)
    assert (first.status_code == 200) is (query in USUAL)
    told = [each.json() for each in (first, again, slowly)]
    for each in told:
        each.get("data", {}).pop("usageUpdatedAt", None)
    assert told[0] == told[1] == told[2]
    assert first.status_code == again.status_code == slowly.status_code


def test_nobody_else_s_key_is_let_in_by_what_is_remembered(
    desk: Desk, stranger: Desk, acme: Offers
) -> None:
    assert ask(desk, featureId="sso")["isGranted"]
    path = f"/api/v1/customers/{ACME}/entitlements/check"
    theirs = stranger.http.get(path, params={"featureId": "sso"}).json()["data"]
    assert theirs["accessDeniedReason"] == "CustomerNotFound"
    wrong = desk.http.get(path, params={"featureId": "sso"}, headers={"X-API-KEY": "server-x"})
    assert wrong.status_code == 401


def test_a_page_asks_of_its_own_customer_and_of_no_other(desk: Desk, acme: Offers) -> None:
    acme.customer("other").promote(gives("sso"), to="other")
    secret = rotate_signing_secret(desk.runtime, desk.scope, grace=Grace.NOW)
    page = publishable(desk, customer_token(secret, ACME))
    for _ in range(2):  # what is remembered of a key is not whose token came with it
        own = page.get(f"/customers/{ACME}/entitlements/check?featureId=sso")
        assert own.json()["data"]["isGranted"]
        theirs = page.get("/customers/other/entitlements/check?featureId=sso")
        assert theirs.status_code == 404
        without = publishable(desk).get(f"/customers/{ACME}/entitlements/check?featureId=sso")
        assert without.json()["error"]["code"] == "CustomerTokenMissing"
    assert page.get(f"/access/snapshot?customerId={ACME}").status_code == 200
    assert page.get("/access/snapshot?customerId=other").status_code == 404
    assert page.get(f"/access/stream?customerId={ACME}&customerIds=other").status_code == 404
    headers = {**page.headers, "X-API-KEY": page.key}
    query = {"customerId": ACME}
    with desk.http.stream("GET", "/api/v1/access/stream", params=query, headers=headers) as news:
        assert next(snapshots(news))["customerId"] == ACME


def test_a_check_is_never_older_than_what_was_committed_before_it(desk: Desk, acme: Offers) -> None:
    """Ten readers ask all the time; whoever changes something asks once and sees it."""
    stop = threading.Event()
    seen: list[Any] = []

    def read() -> None:
        with httpx.Client(base_url=desk.http.base_url, headers=desk.http.headers) as http:
            while not stop.is_set():
                path = f"/api/v1/customers/{ACME}/entitlements/check"
                seen.append(http.get(path, params={"featureId": "sso"}).json()["data"])

    with ThreadPoolExecutor(10) as pool:
        readers = [pool.submit(read) for _ in range(10)]
        try:
            kept = subscription(desk)
            for turn in range(20):
                ends_at = FIRST_DAY if turn % 2 == 0 else None
                kept = acme.change(kept, ends_at=ends_at)
                assert ask(desk, featureId="sso")["isGranted"] is (ends_at is None)
        finally:
            stop.set()
        for each in readers:
            each.result()
    assert {each["isGranted"] for each in seen} == {True, False}


def subscription(desk: Desk) -> Any:
    """The subscription of Acme."""
    with desk.runtime.transaction(desk.scope) as tx:
        return replace(
            subscriptions.one(tx, "sub-1").subscription, starts_at=FIRST_DAY - timedelta(days=1)
        )


def test_fifty_at_once_pass_a_hard_limit_by_no_more_than_was_in_flight(
    desk: Desk, acme: Offers
) -> None:
    """Each asks for one and then uses it; at most those that were let in together go beyond."""
    workers, limit = 8, 10

    def use(index: int) -> bool:
        with httpx.Client(base_url=desk.http.base_url, headers=desk.http.headers) as http:
            path = f"/api/v1/customers/{ACME}/entitlements/check"
            query: dict[str, str | int] = {"featureId": "calls", "requestedUsage": 1}
            granted = bool(http.get(path, params=query).json()["data"]["isGranted"])
        if granted:
            call(desk, f"call-{index}")
        return granted

    with ThreadPoolExecutor(workers) as pool:
        granted = sum(pool.map(use, range(50)))
    assert limit <= granted <= limit + workers - 1
    assert ask(desk, featureId="calls")["currentUsage"] == granted


def test_who_may_not_ask_is_not_told_what_is_wrong_with_the_question(desk: Desk) -> None:
    path = f"/api/v1/customers/{ACME}/entitlements/check"
    queries: tuple[dict[str, str], ...] = (
        {},
        {"featureId": "sso", "requestedUsage": "many"},
        {"featureId": "a\0"},
    )
    for query in queries:
        assert desk.http.get(path, params=query).status_code == 422
        for key in ("", "server-nobody"):
            headers = {"X-API-KEY": key}
            answer = httpx.get(f"{desk.http.base_url}{path}", params=query, headers=headers)
            assert answer.status_code == 401
        narrow = scoped(desk, KeyScope.CUSTOMERS_WRITE)
        assert narrow.ask("GET", path, params=query).status_code == 403
        assert publishable(desk).ask("GET", path, params=query).status_code == 403


def test_what_is_remembered_of_a_key_lets_in_nothing_odd_beside_it(
    desk: Desk, acme: Offers
) -> None:
    url = f"{desk.http.base_url}/api/v1/customers/{ACME}/entitlements/check?featureId=sso"
    key = ("X-API-KEY", desk.http.headers["x-api-key"])
    for _ in range(2):
        assert httpx.get(url, headers=[key]).status_code == 200
        assert httpx.get(url, headers=[key, key]).status_code == 401
        assert httpx.get(url, headers=[key, ("X-API-KEY", "server-other")]).status_code == 401
        assert httpx.get(url, headers=[key, ("X-Usance-Actor", "no <person>")]).status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        {"requestedusage": "5"},
        {"requested_usage": "5"},
        {"requestedUsage ": "5"},
        {"resource": "berlin"},
        {"requestedUsage": "1e400"},
        {"requestedUsage": "NaN"},
        {"requestedUsage": "Infinity"},
        {"requestedUsage": "-1"},
        {"requestedUsage": "1_000"},
        {"requestedUsage": "\u0661\u0662"},
        {"requestedUsage": "9" * 400},
        {"featureId": "s" * 256},
        {"featureId": ""},
        {"resourceId": "a b"},
    ],
)
def test_a_question_that_is_misspelled_is_refused_rather_than_let_through(
    desk: Desk, acme: Offers, query: dict[str, str]
) -> None:
    for _ in range(2):
        assert desk.get(f"/customers/{ACME}/entitlements/check", featureId="sso").status_code == 200
        answer = desk.get(f"/customers/{ACME}/entitlements/check", **{"featureId": "sso"} | query)
        assert answer.status_code == 422, answer.text


def test_somebody_who_cannot_be_read_keeps_news_from_nobody_else(
    desk: Desk, stranger: Desk, acme: Offers
) -> None:
    """Whatever is wrong with what one customer has: here an instant past all reckoning."""
    acme.customer("other").promote(gives("sso"), to="other")
    with desk.runtime.transaction(desk.scope) as tx:
        far = datetime(9990, 1, 1, tzinfo=UTC)
        tx.run(MOVE_FAR, id=ACME, at=far)
    with listening(desk, f"{ACME},other") as news, listening(stranger, "nordlicht") as theirs:
        assert next(news)["customerId"] == "other"
        assert next(theirs)["customerId"] == "nordlicht"
        acme.promote(gives("size", 3), to="other")
        assert "size" in next(news)["features"]
        with stranger.runtime.transaction(stranger.scope) as tx:
            tx.run(ARCHIVE, id="nordlicht", at=FIRST_DAY)
        assert next(theirs)["accessDeniedReason"] == "CustomerIsArchived"


MOVE_FAR = "UPDATE customers SET clock_at = %(at)s WHERE tenant_id = %(tenant_id)s AND id = %(id)s"
ARCHIVE = (
    "UPDATE customers SET archived_at = %(at)s WHERE tenant_id = %(tenant_id)s AND id = %(id)s"
)
