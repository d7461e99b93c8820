"""Batches of events past routing: the same answers, and nobody gets in who would not otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Receive, Send
from starlette.types import Scope as Asked

from tests.api.conftest import Desk
from usance.api.caller import FULL_RIGHTS, Caller
from usance.api.events_lane import EventsLane, Passes
from usance.api.route import Door
from usance.flows.open_environment import create_key
from usance.flows.runtime import Runtime, Scope
from usance.store import api_keys

NOTHING_ELSE: Mapping[str, str] = {}
BY_NAME = {"X-Usance-Actor": "Ada"}  # such a request goes the usual way


def event(key: str, **more: Any) -> dict[str, Any]:
    return {
        "customerId": "nordlicht",
        "eventName": "api_calls",
        "idempotencyKey": key,
        "timestamp": "2025-01-01T10:00:00Z",
        "dimensions": {"calls": 3},
        **more,
    }


def post(desk: Desk, body: object, headers: Mapping[str, str] = NOTHING_ELSE) -> httpx.Response:
    return desk.http.post("/api/v1/events", json=body, headers=dict(headers))


@dataclass
class Usual:
    """An application that only says that it was reached, and by what."""

    bodies: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Asked, receive: Receive, send: Send) -> None:
        self.bodies.append(await Request(scope, receive).body())
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@dataclass
class Counter:
    """A lane, what lies beyond it, and a key with a pass to it."""

    runtime: Runtime
    scope: Scope
    lane: EventsLane
    usual: Usual
    headers: dict[str, str]

    def ask(
        self,
        content: bytes,
        headers: Mapping[str, str] = NOTHING_ELSE,
        path: str = "/api/v1/events",
    ) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.lane)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
                sent = {**self.headers, **headers}
                return await http.post(path, content=content, headers=sent)

        return asyncio.run(asked())

    def is_answered(self, *asked: Any, **more: Any) -> bool:
        """Whether the lane answers it, or the usual way does, with the whole body before it."""
        before = len(self.usual.bodies)
        status = self.ask(*asked, **more).status_code
        if len(self.usual.bodies) == before:
            assert status == 200
            return True
        assert self.usual.bodies[-1] == asked[0]
        return False


@pytest.fixture
def counter(desk: Desk) -> Counter:
    made = create_key(desk.runtime, desk.scope, name="sender")
    headers = {"X-API-KEY": made.secret, "Content-Type": "application/json"}
    usual, passes = Usual(), Passes(Door(desk.runtime, 10_000, None))
    scope = Scope(desk.scope.tenant_id, f"key:{made.id}")
    caller = Caller(desk.runtime, scope, "http://test", FULL_RIGHTS)
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    passes.give(Request({"type": "http", "headers": raw}), caller)
    return Counter(desk.runtime, desk.scope, EventsLane(usual, passes), usual, headers)


ORDINARY = b'{"events":[{"customerId":"nordlicht","eventName":"api_calls","idempotencyKey":"k1"}]}'


def test_an_ordinary_batch_is_answered_past_routing(counter: Counter) -> None:
    assert counter.is_answered(ORDINARY)
    assert counter.ask(ORDINARY).json() == {
        "data": {
            "accepted": 0,
            "unmatched": 0,
            "duplicate": 1,
            "receipts": [{"idempotencyKey": "k1", "outcome": "DUPLICATE"}],
        }
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-KEY": "sk_test_another"},
        {"Idempotency-Key": "once"},
        {"X-Usance-Actor": "Ada"},
        {"X-CUSTOMER-KEY": "token"},
        {"Origin": "https://example.com"},
        {"Content-Type": "application/yaml"},
        {"Content-Encoding": "gzip"},
        {"Content-Length": "99999"},
    ],
)
def test_an_unusual_request_goes_the_usual_way(counter: Counter, headers: dict[str, str]) -> None:
    assert not counter.is_answered(ORDINARY, headers)


@pytest.mark.parametrize(
    "path", ["/api/v1/events/", "/api/v1/events?a=1", "/api/v1/events/estimate"]
)
def test_another_address_goes_the_usual_way(counter: Counter, path: str) -> None:
    assert not counter.is_answered(ORDINARY, path=path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        ORDINARY.replace(b"api_calls", b"usage:api_calls"),
        ORDINARY.replace(b'"k1"', b'"k1","timestamp":"2999-01-01T00:00:00Z"'),
        ORDINARY.replace(b'"k1"', b'"k1","reverses":"k0"'),
    ],
)
def test_what_is_odd_or_refused_goes_the_usual_way_whole(counter: Counter, content: bytes) -> None:
    assert not counter.is_answered(content)


def test_a_pass_is_good_for_a_minute(counter: Counter, desk: Desk) -> None:
    class Clock:
        moved = timedelta()

        def __call__(self) -> datetime:
            return desk.runtime.clock() + self.moved

    clock = Clock()
    runtime = Runtime(desk.runtime.database, clock=clock)
    passes = Passes(Door(runtime, 10_000, None))
    raw = [(name.lower().encode(), value.encode()) for name, value in counter.headers.items()]
    caller = Caller(runtime, Scope(desk.scope.tenant_id, "key:k"), "http://test", FULL_RIGHTS)
    passes.give(Request({"type": "http", "headers": raw}), caller)
    key = counter.headers["X-API-KEY"]
    assert passes.held(key) is not None
    clock.moved = timedelta(seconds=61)
    assert passes.held(key) is None
    assert passes.held(None) is None


def test_a_key_that_was_closed_within_the_minute_keeps_nothing(
    counter: Counter, desk: Desk
) -> None:
    assert counter.is_answered(ORDINARY)
    with desk.runtime.transaction(desk.scope) as tx:
        for key in api_keys.every(tx):
            api_keys.save_revoked(tx, key.id, at=desk.runtime.clock())
    assert not counter.is_answered(ORDINARY.replace(b"k1", b"k2"))
    with desk.runtime.transaction(desk.scope) as tx:
        kept = tx.all("SELECT idempotency_key FROM usage_events WHERE tenant_id = %(tenant_id)s")
    assert [row.idempotency_key for row in kept] == ["k1"]


def test_a_closed_key_is_refused_at_its_next_batch(desk: Desk) -> None:
    assert post(desk, {"events": [event("k1")]}).status_code == 200
    assert post(desk, {"events": [event("k2")]}).status_code == 200
    with desk.runtime.transaction(desk.scope) as tx:
        [key] = api_keys.every(tx)
        api_keys.save_revoked(tx, key.id, at=desk.runtime.clock())
    answer = post(desk, {"events": [event("k3")]})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    "events",
    [
        [],
        [event("a"), event("b", eventName="nobody-listens"), event("a")],
        [event("a"), event("a", resourceId="berlin"), event("a", timestamp=None)],
        [event("a"), event("a-back", dimensions=None, reverses="a", timestamp=None)],
        [event("a", dimensions={"calls": 0.30000000000000004, "region": "é"})],
        [event("a"), event("b", customerId="?", resourceId="", timestamp="2025-02-30T00:00:00Z")],
        [event("a", timestamp="2025-01-02T12:00:00Z")],
        [event("a", more=1), event("b", dimensions={"calls": None, "": 1})],
        [event("a")] * 1001,
        [event("a", eventName="usage:value")],
    ],
)
def test_either_way_gives_the_same_answer(
    desk: Desk, stranger: Desk, events: list[dict[str, Any]]
) -> None:
    for each in (desk, stranger):
        assert post(each, {"events": [event("first")]}).status_code == 200
    for _ in range(2):
        past, usual = post(desk, {"events": events}), post(stranger, {"events": events}, BY_NAME)
        assert past.status_code == usual.status_code
        assert past.content == usual.content
        assert past.headers["content-type"] == usual.headers["content-type"]


def test_fifty_batches_at_one_moment_are_each_kept_once(desk: Desk) -> None:
    batches = [[event(f"k{(start + index) % 60}") for index in range(20)] for start in range(50)]
    post(desk, {"events": [event("first")]})
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda batch: post(desk, {"events": batch}), batches))
    assert {answer.status_code for answer in answers} == {200}
    told = [answer.json()["data"] for answer in answers]
    assert sum(each["accepted"] + each["unmatched"] for each in told) == 60
    assert sum(each["duplicate"] for each in told) == 50 * 20 - 60
