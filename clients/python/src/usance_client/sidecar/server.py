"""The server: local HTTP in front of a client, a thread for each connection."""

from __future__ import annotations

import json
import logging
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from usance_client.client import UsanceClient
from usance_client.outbox import UsageNotTaken
from usance_client.quantity import quantity
from usance_client.sidecar.metrics import exposition
from usance_client.sidecar.wire import (
    NotAccepted,
    decision_wire,
    status_wire,
    take_events,
    take_usage,
)

MOST_BYTES = 4_000_000
MOST_FIELDS = 100  # of a query
log = logging.getLogger("usance_client")

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
JSON = "application/json"
OK, ACCEPTED = 200, 202
Query = Mapping[str, str]


class Sidecar:
    """It listens from when it is made, and answers between `with` and its end."""

    def __init__(self, client: UsanceClient, host: str, port: int) -> None:
        """Port 0: any free one. Raises OSError when it cannot listen there."""
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._host, self._client = host, client
        self._http = Listener(host, port, self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.1,))

    @property
    def url(self) -> str:
        """Where it listens."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def is_private(self) -> bool:
        """Whether it listens to its own machine alone."""
        return self._host in LOOPBACK

    def is_meant(self, host: str) -> bool:
        """Whether a request names this host: a page in a browser may not ask under its own name."""
        if not self.is_private:
            return True
        try:
            return (urlsplit(f"//{host}").hostname or "") in LOOPBACK
        except ValueError:
            return False

    def get(self, path: str, query: Query) -> tuple[int, str, str]:
        """Status, content type and content of a GET. Raises NotAccepted."""
        match path:
            case "/check":
                return OK, JSON, _json({"data": self._check(query)})
            case "/entitlements":
                return OK, JSON, _json({"data": self._entitlements(query)})
            case "/health":
                return OK, JSON, _json(status_wire(self._client.status))
            case "/metrics":
                return OK, "text/plain; version=0.0.4", self._metrics()
        raise NotAccepted("NotFound", "path", path, "a route of the sidecar", 404)

    def post(self, path: str, body: Any) -> tuple[int, str, str]:
        """Status, content type and content of a POST. Raises NotAccepted, UsageNotTaken."""
        takers: dict[str, Callable[[UsanceClient, Any], list[str]]] = {
            "/usage": take_usage,
            "/events": take_events,
        }
        if path not in takers:
            raise NotAccepted("NotFound", "path", path, "a route of the sidecar", 404)
        keys = takers[path](self._client, body)
        self._count("reports", path.removeprefix("/"), by=len(keys))
        return ACCEPTED, JSON, _json({"data": {"accepted": len(keys), "idempotencyKeys": keys}})

    def _check(self, query: Query) -> dict[str, Any]:
        customer_id, feature_id = _needed(query, "customerId"), _needed(query, "featureId")
        try:
            requested = quantity(query.get("requestedUsage") or "0")
            if requested < 0:
                raise ValueError
        except ValueError:
            value = query["requestedUsage"][:80]
            raise NotAccepted(
                "InvalidRequestedUsage", "requestedUsage", value, "a number, zero or more"
            ) from None
        # A whole number takes the shortest way through the client.
        is_whole = requested == (whole := int(requested))
        decision = self._client.check(
            customer_id,
            feature_id,
            whole if is_whole else requested,
            requested_values=[each for each in query.get("requestedValues", "").split(",") if each],
            resource_id=query.get("resourceId"),
        )
        outcome = "fallback" if decision.is_fallback else "stale" if decision.is_stale else "fresh"
        self._count("checks", outcome)
        return decision_wire(decision)

    def _entitlements(self, query: Query) -> dict[str, Any]:
        customer_id, resource_id = _needed(query, "customerId"), query.get("resourceId")
        found = self._client.entitlements(customer_id, resource_id=resource_id)
        self._count("lists", "all")
        return {
            "customerId": customer_id,
            "resourceId": resource_id,
            "entitlements": {name: decision_wire(each) for name, each in found.items()},
        }

    def _metrics(self) -> str:
        with self._lock:
            counts = dict(self._counts)
        return exposition(self._client.status, counts)

    def _count(self, what: str, which: str, *, by: int = 1) -> None:
        with self._lock:
            self._counts[what, which] += by


class Listener(ThreadingHTTPServer):
    """Its front."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int, sidecar: Sidecar) -> None:
        self.sidecar = sidecar
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), Conversation)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Whoever hung up is no error; anything else is one of ours, and is told."""
        if not isinstance(sys.exception(), OSError):
            log.exception("a request of %s failed", client_address)


class Conversation(BaseHTTPRequestHandler):
    """The requests of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one write for head and content
    timeout = 120
    server: Listener

    def do_GET(self) -> None:
        """Answer a question."""
        self._answer(lambda: self.server.sidecar.get(*self._asked()))

    def do_POST(self) -> None:
        """Take in reports."""
        self._answer(lambda: self.server.sidecar.post(self._asked()[0], self._body()))

    def log_message(self, format: str, *args: Any) -> None:
        """Every check a line would be too much."""

    def _answer(self, ask: Callable[[], tuple[int, str, str]]) -> None:
        try:
            self._refuse_pages()
            status, kind, content = ask()
        except NotAccepted as problem:
            self.close_connection = True  # the body may not have been read
            status, kind, content = problem.status, JSON, _json(problem.wire())
        except UsageNotTaken as problem:
            error = {"code": "UsageNotTaken", "message": str(problem), "details": []}
            status, kind, content = 503, JSON, _json({"error": error})
        encoded = content.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(encoded)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(encoded)

    def _asked(self) -> tuple[str, Query]:
        """Path and query. Raises NotAccepted."""
        try:
            url = urlsplit(self.path)
            return url.path, dict(parse_qsl(url.query, max_num_fields=MOST_FIELDS))
        except ValueError as problem:
            raise NotAccepted("InvalidAddress", "", str(problem)[:80], "an address") from None

    def _refuse_pages(self) -> None:
        """No page of a browser may ask, whatever name it came under. Raises NotAccepted."""
        sidecar, host = self.server.sidecar, self.headers.get("Host", "")
        if not sidecar.is_meant(host):
            raise NotAccepted("WrongHost", "Host", host[:80], "localhost", 403)
        origin: str = self.headers.get("Origin") or self.headers.get("Sec-Fetch-Site") or "none"
        if sidecar.is_private and origin != "none":
            raise NotAccepted("FromAPage", "Origin", origin[:80], "no page of a browser", 403)

    def _body(self) -> Any:
        # No page of a browser may send this type elsewhere without asking, and is not answered.
        kind = self.headers.get("Content-Type", "")
        if kind.split(";")[0].strip() != JSON:
            raise NotAccepted("InvalidContentType", "Content-Type", kind[:80], JSON, 415)
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            expected = f"at most {MOST_BYTES} bytes, and how many they are"
            raise NotAccepted("InvalidLength", "Content-Length", length[:80], expected, 413)
        try:
            content = self.rfile.read(int(length))
            return json.loads(content, parse_float=Decimal, object_pairs_hook=_object)
        except (ValueError, RecursionError) as problem:
            raise NotAccepted("InvalidJson", "", str(problem)[:80], "JSON") from None


def _needed(query: Query, name: str) -> str:
    if not query.get(name):
        raise NotAccepted("MissingParameter", name, "", "an id")
    return query[name]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a field stands twice in one object")
    return found


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False)
