"""A POST with an Idempotency-Key is carried out once.

The first request claims its key, does its work and keeps its answer in one transaction (the flows
it calls join it). Sent again within 24 hours of the world's time:

- while the first is under way: 409 RequestUnderWay, with Retry-After;
- after it was done: the same answer to the byte, with `Idempotent-Replayed: true`;
- with another method, path, query, body or person (X-Usance-Actor): 422 IdempotencyKeyReused.

Only what was done is remembered. A refusal did nothing, so the same key may be tried again. And
when this server, or the database, dies at any moment, the transaction is gone with all it did, or
has committed with its answer: a repeated request finds either, and never a key that is stuck.

A route that `repeats` safely by itself and works in many transactions (a billing run) only holds
its key meanwhile and keeps its answer at the end; a crash between is healed by running it again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

from anyio import CancelScope
from fastapi import Request, Response
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool

from usance.api.caller import ACTOR, Caller
from usance.api.errors import IdempotencyKeyReused, RequestUnderWay
from usance.domain.errors import Invalid, Problem
from usance.store import idempotency
from usance.store.database import Tx
from usance.store.idempotency import KeptAnswer

HEADER = "Idempotency-Key"
REPLAYED = {"idempotent-replayed": "true"}
LONGEST = 255


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A key, and the hash of the request it came with."""

    key: str
    request_hash: bytes


def keyed(request: Request, content: bytes) -> KeyedRequest | None:
    """The request's key, None without one. Raises Invalid (InvalidIdempotencyKey)."""
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST":
        return None
    if not 1 <= len(key) <= LONGEST or not key.isascii() or not key.isprintable():
        expected = f"1 to {LONGEST} printable ASCII characters, such as a UUID"
        raise Invalid(Problem("InvalidIdempotencyKey", HEADER, ascii(key[:80])[1:-1], expected))
    digest = sha256()
    media_type = request.headers.get("content-type", "")
    person = request.headers.get(ACTOR, "")
    for asked in (request.method, request.url.path, request.url.query, media_type, person):
        digest.update(asked.encode() + b"\0")
    digest.update(content)
    return KeyedRequest(key, digest.digest())


def cannot_be_kept(wanted: KeyedRequest) -> Invalid:
    """The refusal of a key where the answer is a secret: to repeat it, it would have to be kept."""
    expected = "none: the answer is shown once and kept nowhere"
    return Invalid(Problem("InvalidIdempotencyKey", HEADER, wanted.key[:80], expected))


async def answer_once(
    wanted: KeyedRequest,
    caller: Caller,
    answer: Callable[[Caller], Awaitable[Response]],
    *,
    repeats: bool,
) -> Response:
    """What `answer` answers, or answered before. Raises RequestUnderWay, IdempotencyKeyReused."""
    with CancelScope(shield=True):  # a client that hangs up does not cut the transaction in two
        async with contextmanager_in_threadpool(caller.transaction()) as tx:
            before = await run_in_threadpool(_claimed, tx, caller, wanted)
            if before is not None:
                response = _replayed(before)
            else:
                response = await answer(caller if repeats else caller.joined(tx))
                await run_in_threadpool(_keep, tx, caller, wanted, response)
    return response


def _claimed(tx: Tx, caller: Caller, wanted: KeyedRequest) -> KeptAnswer | None:
    if not idempotency.claim(tx, wanted.key):
        raise RequestUnderWay
    before = idempotency.kept(tx, wanted.key, at=caller.runtime.clock())
    if before is not None and before.request_hash != wanted.request_hash:
        raise IdempotencyKeyReused
    return before


def _keep(tx: Tx, caller: Caller, wanted: KeyedRequest, response: Response) -> None:
    body = bytes(response.body)
    kept = KeptAnswer(wanted.request_hash, response.status_code, body)
    idempotency.save(tx, wanted.key, kept, at=caller.runtime.clock())


def _replayed(before: KeptAnswer) -> Response:
    return Response(before.body, before.status_code, REPLAYED, media_type="application/json")
