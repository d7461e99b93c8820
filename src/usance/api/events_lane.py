"""The lane for usage events: past routing and framework, for batches in which nothing is odd.

Who is let in by the usual way holds a pass for a minute: meanwhile the transaction that keeps a
batch looks itself whether the key is still open. Whatever is not as usual (a key's first batch of a
minute, an odd text, a refusal, an outage) goes the usual way, from the beginning, and is answered
there: no rule stands here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from fastapi.concurrency import run_in_threadpool
from psycopg import OperationalError
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usance.api.caller import Caller
from usance.api.route import Door
from usance.documents.event_text import read_event_text
from usance.domain.errors import DomainError
from usance.domain.metering.receipts import Outcome, Receipts
from usance.flows import runtime
from usance.flows.ingest_usage import ingest_usage

PATH = "/api/v1/events"
UNUSUAL = {
    b"content-encoding",
    b"expect",
    b"idempotency-key",
    b"origin",
    b"transfer-encoding",
    b"x-customer-key",
    b"x-usance-actor",
}
JSON = (b"content-type", b"application/json")
ENCODER = msgspec.json.Encoder()
A_MINUTE = timedelta(minutes=1)  # after it, that a key was used is written down again
MOST_KEYS = 1000
LONGEST = 12  # digits of a body's length


@dataclass(frozen=True, slots=True)
class Pass:
    """Who was let in, and until when only the database's word is needed that the key is open."""

    scope: runtime.Scope
    key_id: str
    until: datetime


class Passes:
    """The keys that reported events by the usual way within a minute."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self._passes: dict[str, Pass] = {}

    def give(self, request: Request, caller: Caller) -> None:
        """Remember who was let in by a request that has nothing unusual about it."""
        key = usual_key(request.scope["headers"])
        if key is None:
            return
        if len(self._passes) >= MOST_KEYS:
            self._passes.clear()
        key_id = caller.scope.actor.removeprefix("key:")
        until = self.door.runtime.clock() + A_MINUTE
        self._passes[key] = Pass(caller.scope, key_id, until)

    def held(self, key: str | None) -> Pass | None:
        """The pass of a key, while it is good."""
        found = None if key is None else self._passes.get(key)
        if found is None or self.door.runtime.clock() >= found.until:
            return None
        return found


class EventsLane:
    """Takes usual batches in, and passes everything else on."""

    def __init__(self, app: ASGIApp, passes: Passes) -> None:
        self._app = app
        self._passes = passes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        held = self._held(scope)
        if held is None:
            await self._app(scope, receive, send)
            return
        read = _Body(receive)
        content = await read.whole()
        answer = None if content is None else await run_in_threadpool(self._answer, held, content)
        if answer is None:
            await self._app(scope, read.again, send)
            return
        headers = [JSON, (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def _held(self, scope: Scope) -> Pass | None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            return None
        if scope["query_string"] or not _is_usual_length(scope, self._passes.door.max_body_bytes):
            return None
        return self._passes.held(usual_key(scope["headers"]))

    def _answer(self, held: Pass, content: bytes) -> bytes | None:
        events = read_event_text(content)
        if events is None:
            return None
        try:
            told = ingest_usage(self._passes.door.runtime, held.scope, events, key_id=held.key_id)
        except (DomainError, OperationalError, PoolTimeout):
            return None
        return written(told)


class _Body:
    """The body of a request, read once here and, if need be, once more by somebody else."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._messages: list[Message] = []

    async def whole(self) -> bytes | None:
        """All of it; None when whoever sends it went away."""
        while True:
            message = await self._receive()
            self._messages.append(message)
            if message["type"] != "http.request":
                return None
            if not message.get("more_body"):
                return b"".join(each.get("body", b"") for each in self._messages)

    async def again(self) -> Message:
        """As `receive`, from the beginning."""
        return self._messages.pop(0) if self._messages else await self._receive()


class _ReceiptsWire(msgspec.Struct, gc=False):
    accepted: int
    unmatched: int
    duplicate: int
    receipts: list[_ReceiptWire]


class _ReceiptWire(msgspec.Struct, rename="camel", gc=False):
    idempotency_key: str
    outcome: Outcome


class _Wire(msgspec.Struct, gc=False):
    data: _ReceiptsWire


def written(told: Receipts) -> bytes:
    """The answer to a batch."""
    receipts = [_ReceiptWire(*each) for each in told.receipts]
    accepted, unmatched, duplicate = map(told.count, Outcome)
    return ENCODER.encode(_Wire(_ReceiptsWire(accepted, unmatched, duplicate, receipts)))


def usual_key(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The key of a request of JSON that has nothing else about it."""
    key = None
    for name, value in headers:
        if name in UNUSUAL or (name == b"x-api-key" and key is not None):
            return None
        if name == b"content-type" and value != JSON[1]:
            return None
        if name == b"x-api-key":
            key = value
    return None if key is None else key.decode("latin-1")


def _is_usual_length(scope: Scope, limit: int) -> bool:
    """Whether it says how long it is, once, and that it is not too long."""
    told = [value for name, value in scope["headers"] if name == b"content-length"]
    return (
        len(told) == 1 and len(told[0]) <= LONGEST and told[0].isdigit() and int(told[0]) <= limit
    )
