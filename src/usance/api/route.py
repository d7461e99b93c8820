"""What every route of the API does before its handler: key and scope, body, idempotency; in that
order.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from usance.api.admission import Rule, refuse_beyond, rule_for
from usance.api.caller import (
    ACTOR,
    CUSTOMER_TOKEN,
    Caller,
    authenticate,
    in_the_name_of,
    rights_of,
)
from usance.api.once import answer_once, cannot_be_kept, keyed
from usance.api.queries import join_lists, refuse_unknown
from usance.api.reading import (
    JSON,
    ReadRequest,
    media_type_of,
    read_body,
    read_json,
    refuse_nul,
    refuse_other_media,
)
from usance.flows.runtime import Runtime, Scope

MEDIA_TYPES = "x-media-types"  # of openapi_extra: which notations of a body a route reads
REPEATS = "x-repeats-safely"
SHOWN_ONCE = "x-shown-once"  # its answer holds a secret, which is kept nowhere


@dataclass(frozen=True, slots=True)
class Door:
    """What the API opens to: the runtime, how large a body may be, where customers reach us.

    `public_url` None: whatever address the request came to.
    """

    runtime: Runtime
    max_body_bytes: int
    public_url: str | None

    def admit(self, request: Request, rule: Rule) -> Caller:
        """Who asks, if they may. It asks the database: call it in a thread.

        Raises Unauthenticated; Invalid (InvalidActor); CustomerTokenInvalid, CustomerTokenExpired;
        ForbiddenScope, NotForPublishableKeys, CustomerTokenMissing, NotFound (admission.py).
        """
        key = authenticate(self.runtime, request.headers.getlist("x-api-key"))
        rights = rights_of(self.runtime, key, request.headers.getlist(CUSTOMER_TOKEN))
        scope = in_the_name_of(Scope(key.tenant_id, f"key:{key.id}"), request.headers.get(ACTOR))
        public_url = self.public_url or str(request.base_url).rstrip("/")
        caller = Caller(self.runtime, scope, public_url, rights)
        refuse_beyond(rule, request, caller)
        return caller


def open_door(app: FastAPI, door: Door) -> None:
    """Have the routes of `app` use it."""
    app.state.door = door


class ApiRoute(APIRoute):
    """A route behind a key, whose body was read exactly, done once per idempotency key."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with what comes before it."""
        answer = super().get_route_handler()
        extra = self.openapi_extra or {}
        media_types = tuple(extra.get(MEDIA_TYPES, (JSON,)))
        repeats = bool(extra.get(REPEATS))
        methods = list(self.methods or ())
        assert len(methods) == 1, "a route has one method, and its rule goes by that"
        rule = rule_for(self.path_format, methods[0])
        known = frozenset(_query_names(self.dependant))

        async def handle(request: Request) -> Response:
            door: Door = request.app.state.door
            request.scope["query_string"] = join_lists(request.scope["query_string"])
            caller = await run_in_threadpool(door.admit, request, rule)
            refuse_nul(request)
            refuse_unknown(request.query_params, known)
            content = await read_body(request, limit=door.max_body_bytes)
            media_type = media_type_of(request)
            if content:
                refuse_other_media(media_type, media_types)
            plain = read_json(content) if content and media_type == JSON else None
            read = ReadRequest(request, content, plain)

            async def answer_as(caller: Caller) -> Response:
                read.state.caller = caller
                return await answer(read)

            wanted = keyed(request, content)
            if wanted is not None and extra.get(SHOWN_ONCE):
                raise cannot_be_kept(wanted)
            if wanted is None:
                return await answer_as(caller)
            return await answer_once(wanted, caller, answer_as, repeats=repeats)

        return handle


def resource(name: str, *, tag: str) -> APIRouter:
    """The router of a resource, below /api/v1."""
    return APIRouter(prefix=f"/api/v1/{name}", tags=[tag], route_class=ApiRoute)


def _query_names(asked: Dependant) -> Iterator[str]:
    """The parameters of a route's query, those that its dependencies read too."""
    yield from (each.alias for each in asked.query_params)
    for each in asked.dependencies:
        yield from _query_names(each)
