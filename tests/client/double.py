"""A small server that speaks what the client needs of ours: snapshots, their stream, usage.

It is slow, late or gone when a test wants it to be, as ours is not.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from copy import deepcopy
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Wire = dict[str, Any]
NOTHING: Mapping[str, str] = {}


def feature(kind: str, *allowances: Wire, **said: Any) -> Wire:
    """One feature of a snapshot."""
    return {
        "featureType": "NUMBER" if kind in ("METERED", "CONFIGURATION") else kind,
        "kind": kind,
        "isGranted": True,
        "deniedReason": None,
        "featureStatus": "ACTIVE",
        "displayName": "A feature",
        "values": [],
        "allowances": list(allowances),
        "budgetExceeded": False,
        "validUntil": None,
        **said,
    }


def allowance(limit: str | None, used: str = "0", **said: Any) -> Wire:
    """One allowance of a feature, without a window unless it is said."""
    return {
        "limit": limit,
        "isSoft": False,
        "reset": None,
        "usageScope": "*",
        "currentUsage": used,
        "windowStart": None,
        "windowEnd": None,
        **said,
    }


def monthly(limit: str, used: str, start: str, end: str, anchor: str) -> Wire:
    """An allowance that counts from zero each month."""
    reset = {"period": "MONTH", "count": 1, "anchor": anchor, "zone": "UTC"}
    return allowance(limit, used, reset=reset, windowStart=start, windowEnd=end)


class Double:
    """What the server knows, and how it misbehaves. Its port stays when it is gone and back."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.customers: dict[str, dict[str, Wire]] = {}
        self.position = 100
        self.changed_at: dict[str, int] = {}
        self.seen: dict[str, Wire] = {}  # usage and events by their keys, as they came first
        self.batches: list[int] = []
        self.asked: list[str] = []
        self.resumed: list[str | None] = []
        self.followed: list[list[str]] = []
        self.refused_features: set[str] = set()
        self.before_usage: Callable[[], None] = lambda: None
        self.after_usage: Callable[[], None] = lambda: None
        self.is_pushing = True
        self.is_busy = False
        self.is_plain = False  # JSON as our server writes it: characters as they are
        self.is_open = False
        self._connections: set[socket.socket] = set()
        self._port = 0
        self.open()

    @property
    def url(self) -> str:
        """Where it is, or was."""
        return f"http://127.0.0.1:{self._port}"

    def open(self) -> None:
        """Listen, on the port of before."""
        self.is_open = True
        self._http = Listener(("127.0.0.1", self._port), self)
        self._port = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    def shut(self) -> None:
        """Be gone, in the middle of whatever it does."""
        with self.changed:
            self.is_open = False
            self.changed.notify_all()
        self._http.shutdown()
        self._thread.join()
        for connection in list(self._http.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._http.server_close()

    def give(self, customer_id: str, **features: Wire) -> None:
        """What a customer has from now on; underscores in names are hyphens."""
        with self.changed:
            named = {name.replace("_", "-"): each for name, each in features.items()}
            self.customers[customer_id] = named
            self._moved(customer_id)

    def used(self, customer_id: str, feature_id: str) -> Decimal:
        """What it counted."""
        with self.changed:
            counted = self.customers[customer_id][feature_id]["allowances"][0]["currentUsage"]
        return Decimal(counted)

    def snapshot(self, customer_id: str, resource_id: str | None = None) -> Wire:
        """What a customer has now."""
        features = self.customers.get(customer_id)
        return {
            "customerId": customer_id,
            "resourceId": resource_id,
            "position": str(self.position),
            "accessDeniedReason": "CustomerNotFound" if features is None else None,
            "validUntil": None,
            "features": deepcopy(features or {}),
        }

    def take(self, reports: list[Wire], *, is_usage: bool) -> None:
        """Count what was not counted under its key."""
        with self.changed:
            self.batches.append(len(reports))
            for report in reports:
                if report["idempotencyKey"] not in self.seen:
                    self.seen[report["idempotencyKey"]] = report
                    if is_usage:
                        self._count(report)

    def _count(self, report: Wire) -> None:
        customer_id = report["customerId"]
        for each in self.customers[customer_id][report["featureId"]]["allowances"]:
            value, before = Decimal(report["value"]), Decimal(each["currentUsage"])
            is_set = report["updateBehavior"] == "SET"
            each["currentUsage"] = format(value if is_set else before + value, "f")
        self._moved(customer_id)

    def _moved(self, customer_id: str) -> None:
        self.position += 1
        self.changed_at[customer_id] = self.position
        self.changed.notify_all()


class Listener(ThreadingHTTPServer):
    """Its front: a thread a connection."""

    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], double: Double) -> None:
        self.double = double
        self.connections: set[socket.socket] = set()
        super().__init__(address, Conversation)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up in the middle is no error here."""


class Conversation(BaseHTTPRequestHandler):
    """Requests of one connection."""

    protocol_version = "HTTP/1.1"
    server: Listener

    def setup(self) -> None:
        """Be known, so as to be cut."""
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        """Be forgotten."""
        self.server.connections.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """A snapshot, or the stream."""
        url = urlsplit(self.path)
        query = {name: each[0] for name, each in parse_qs(url.query).items()}
        double = self.server.double
        if url.path == "/api/v1/access/stream":
            self._stream(query["customerIds"].split(","), query.get("position"))
            return
        if url.path != "/api/v1/access/snapshot":
            self._answer(404, {"detail": "another server"})
            return
        with double.changed:
            double.asked.append(query["customerId"])
            snapshot = double.snapshot(query["customerId"], query.get("resourceId"))
        self._answer(200, {"data": snapshot})

    def do_POST(self) -> None:
        """Usage, or events."""
        double = self.server.double
        length = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(length), parse_float=Decimal)
        if self.path not in ("/api/v1/usage", "/api/v1/events"):
            error = {"code": "NOT_FOUND", "message": "There is no such route.", "details": []}
            self._answer(404, {"error": error})
            return
        double.before_usage()
        is_usage = self.path == "/api/v1/usage"
        reports = body["usages" if is_usage else "events"]
        if refused := double.refused_features & {each.get("featureId") for each in reports}:
            error = {"code": "FeatureNotFound", "message": f"{refused}", "details": []}
            self._answer(422, {"error": error})
            return
        if double.is_busy:
            error = {"code": "Busy", "message": "somebody else's request", "details": []}
            self._answer(409, {"error": error}, {"x-should-retry": "true", "Retry-After": "0"})
            return
        double.take(reports, is_usage=is_usage)
        double.after_usage()
        self._answer(201, {"data": []})

    def _answer(self, status: int, body: Wire, headers: Mapping[str, str] = NOTHING) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, customer_ids: list[str], position: str | None) -> None:
        double = self.server.double
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b": here\n\n")
        told = int(position or 0)
        with double.changed:
            double.resumed.append(position)
            double.followed.append(customer_ids)
        while True:
            with double.changed:
                news = [
                    each
                    for each in customer_ids
                    if double.is_pushing and double.changed_at.get(each, 0) > told
                ]
                if not double.is_open:
                    break
                if not news:
                    double.changed.wait(0.2)
                    self.wfile.write(b":\n\n")
                    continue
                told = double.position
                is_ascii = not double.is_plain
                texts = [json.dumps(double.snapshot(each), ensure_ascii=is_ascii) for each in news]
            for text in texts:
                self.wfile.write(f"event: snapshot\nid: {told}\ndata: {text}\n\n".encode())
        self.close_connection = True
