"""The lane for checks: past routing and framework, for what can be answered at once.

Whatever is not as usual (the first check with a key, a browser's, a refusal, an outage) goes the
usual way and is answered there: no rule stands here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl

import msgspec
from psycopg import OperationalError
from starlette.types import ASGIApp, Receive, Scope, Send

from usance.api.access.checking import Checks
from usance.api.access.question import Question, question_from
from usance.api.errors import Unauthenticated
from usance.domain.errors import Invalid

CHECK = re.compile(r"/api/v1/customers/([A-Za-z0-9_|.:@-]{1,255})/entitlements/check")
UNUSUAL = {b"origin", b"x-customer-key", b"x-usance-actor"}
ENCODER = msgspec.json.Encoder()
JSON = (b"content-type", b"application/json")


class Lane:
    """Answers usual checks, and passes everything else on."""

    def __init__(self, app: ASGIApp, checks: Checks) -> None:
        self._app = app
        self._checks = checks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["method"] == "GET":
            found = CHECK.fullmatch(scope["path"])
            body = None if found is None else await self._answer(scope, found[1])
            if body is not None:
                headers = [JSON, (b"content-length", b"%d" % len(body))]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": body})
                return
        await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, customer_id: str) -> bytes | None:
        key = _usual_key(scope["headers"])
        question = _usual_question(customer_id, scope["query_string"])
        if key is None or question is None:
            return None
        try:
            answer = await self._checks.at_once(key, question)
        except (Unauthenticated, OperationalError):
            return None
        return None if answer is None else ENCODER.encode({"data": answer})


def _usual_key(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The key of a request that has nothing else about it."""
    key = None
    for name, value in headers:
        if name in UNUSUAL or (name == b"x-api-key" and key is not None):
            return None
        if name == b"x-api-key":
            key = value
    return None if key is None else key.decode("latin-1")


def _usual_question(customer_id: str, query: bytes) -> Question | None:
    """What is asked, each thing once, without brackets, and nothing that has to be refused."""
    if b"[" in query or b"%5" in query:
        return None
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True)
        asked = dict(pairs)
        if len(asked) < len(pairs) or any("\0" in text for pair in pairs for text in pair):
            return None
        return question_from(customer_id, asked, [asked.get("requestedValues", "")])
    except (Invalid, UnicodeDecodeError):
        return None
