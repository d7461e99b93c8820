"""Let web pages of any origin read with publishable keys, and with no other.

A page's first question (a preflight) carries no key, so it is told what may be asked: GET. The
answer itself is shown to the page only where its key is publishable: a server key that got into a
page is of no use there.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usance.domain.api_keys.keys import KeyKind

Headers = Sequence[tuple[bytes, bytes]]

PREFIX = KeyKind.PUBLISHABLE.prefix.encode()
SHOWN: Headers = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"*"),
)
MAY_ASK: Headers = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-max-age", b"7200"),
)


class CrossOrigin:
    """Answers preflights below /api/, and marks answers to publishable keys as readable."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if b"origin" not in headers:
            await self.app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await send({"type": "http.response.start", "status": 204, "headers": MAY_ASK})
            await send({"type": "http.response.body", "body": b""})
        elif headers.get(b"x-api-key", b"").startswith(PREFIX):
            await self.app(scope, receive, _marking(send))
        else:
            await self.app(scope, receive, send)


def _marking(send: Send) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *SHOWN]}
        await send(message)

    return marked
