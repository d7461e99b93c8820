"""Snapshots and their stream over HTTP, for clients that decide by themselves."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import JSONResponse, StreamingResponse
from msgspec import to_builtins

from usance.api.access.checking import key_id_of
from usance.api.access.routes import TAG, ResourceId
from usance.api.access.snapshot import SnapshotWire, snapshot
from usance.api.access.streams import Streams
from usance.api.caller import Asked, Caller
from usance.api.envelope import Single
from usance.api.fields import ID_PATTERN
from usance.api.route import resource
from usance.domain.errors import Invalid, Problem, refuse_if
from usance.domain.ids import REF, CustomerId
from usance.store import access_changes, access_views
from usance.store.access_views import Asked as AskedAccess

MOST = 1000  # customers of a stream
POSITION = 20  # digits
OF_TOKENS = 900.0  # seconds, after which a customer token has to be shown again

router = resource("access", tag=TAG)


@router.get(
    "/snapshot",
    operation_id="readAccessSnapshot",
    summary="All that decides what a customer may use",
    response_model=Single[SnapshotWire],
)
def read_snapshot(
    caller: Asked,
    customer_id: Annotated[str, Query(alias="customerId", pattern=ID_PATTERN, max_length=255)],
    resource_id: ResourceId = None,
) -> JSONResponse:
    """To decide by oneself, until `validUntil` or until the stream says otherwise."""
    asked = AskedAccess(CustomerId(customer_id), resource_id)
    now = caller.runtime.clock()
    with caller.transaction() as tx:
        here = access_changes.position(tx, at=now)
        view = access_views.views(tx, [asked], now=now)[asked]
    return JSONResponse({"data": to_builtins(snapshot(view, here))})


@router.get(
    "/stream",
    operation_id="streamAccess",
    summary="Snapshots of customers, at first and on each change",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream(
    request: Request,
    caller: Asked,
    customer_ids: Annotated[
        str | None, Query(alias="customerIds", description="Ids joined by commas.")
    ] = None,
    customer_id: Annotated[
        str | None, Query(alias="customerId", description="One, as publishable keys name theirs.")
    ] = None,
    position: Annotated[
        str | None,
        Query(description="The id of the last event that came; `Last-Event-ID` says the same."),
    ] = None,
) -> StreamingResponse:
    """Server-sent events: `event: snapshot`, `id` a position, `data` a snapshot. It begins with one
    of each customer, so nothing is missed, from whatever position it goes on. A comment every 15
    seconds says that it lives.
    """
    _refuse_no_position(position or request.headers.get("last-event-id"))
    ids = _ids(customer_ids, customer_id)
    streams: Streams = request.app.state.streams
    longest = _longest(caller)
    news = streams.listen(caller.scope.tenant_id, key_id_of(caller), ids, longest=longest)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(news, media_type="text/event-stream", headers=headers)


def _longest(caller: Caller) -> float | None:
    """For how many seconds whoever came with a customer token listens: no longer than it holds."""
    if not caller.rights.is_publishable:
        return None
    until = caller.rights.until
    left = OF_TOKENS if until is None else until - caller.runtime.clock().timestamp()
    return min(OF_TOKENS, left)


def _ids(joined: str | None, one: str | None) -> list[str]:
    """The customers that are named. Raises Invalid (MissingField, InvalidId, TooMany)."""
    found = [*(joined or "").split(","), one or ""]
    ids = list(dict.fromkeys(each.strip() for each in found if each.strip()))
    if not ids:
        raise Invalid(Problem("MissingField", "customerIds", "", "ids joined by commas"))
    expected = "1 to 255 letters, digits and _ | . : @ -, beginning with a letter or digit"
    problems = [
        Problem("InvalidId", f"customerIds[{index}]", each[:80], expected)
        for index, each in enumerate(ids)
        if not REF.fullmatch(each)
    ]
    if len(ids) > MOST:
        problems.append(Problem("TooMany", "customerIds", str(len(ids)), f"at most {MOST}"))
    refuse_if(problems)
    return ids


def _refuse_no_position(text: str | None) -> None:
    """Raises Invalid (InvalidPosition)."""
    if text and not (text.isascii() and text.isdecimal() and len(text) <= POSITION):
        expected = "the id of an event of this stream"
        raise Invalid(Problem("InvalidPosition", "position", text[:80], expected))
