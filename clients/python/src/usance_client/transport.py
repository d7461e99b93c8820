"""Transport: what is asked of the server over HTTP, and what its answers mean."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from usance_client.reports import Route
from usance_client.snapshot import MalformedSnapshot, Snapshot, no_customer, snapshot_from

FOR_GOOD = {400, 409, 413, 422}  # asking again will not be answered otherwise
AGAIN = "x-should-retry"  # said of a 409 that met somebody else's request
UNKNOWN_WHO = {"CustomerNotFound", "CustomerIsArchived", "CustomerResourceNotFound"}
HEARTBEATS_MISSED = 3
HEARTBEAT_SECONDS = 15
LONGEST_AFTER = 300.0  # seconds; who is told to come back next year comes and looks before
LARGEST = 50_000_000  # bytes of an answer
EVENTS = "text/event-stream"
ENDS = re.compile("\r\n|\r|\n")


class Unreachable(Exception):
    """No answer that counts, for now. `after`: in how many seconds to try again, if it was said."""

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class Refused(Exception):
    """The server understood, and says no."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Message:
    """A line of a stream that ends something: a heartbeat, or an event with its id."""

    event: str = ""
    id: str = ""
    data: str = ""


class Interruptible(Protocol):
    """Who is told of the connection that a stream comes through, so as to cut it."""

    def connected(self, connection: socket.socket | None) -> None:
        """The connection, or None when it is over."""


class Transport:
    """A server, and the key to it. Threads may share it."""

    def __init__(
        self, base_url: str, api_key: str, *, timeout: float, headers: Mapping[str, str]
    ) -> None:
        """`timeout` in seconds, for each step of a request but those of a stream."""
        self._base_url, self._timeout = base_url.rstrip("/"), timeout
        self._headers = {
            "User-Agent": "usance-client/0.1.0",
            "Content-Type": "application/json",
            **headers,
            "X-API-KEY": api_key,
        }
        self._http = self._opened()

    def renew(self) -> None:
        """Connect anew, leaving the connections to the process this one was forked from."""
        self._http = self._opened()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def snapshot(self, customer_id: str, resource_id: str | None) -> Snapshot:
        """What they have now. Raises Unreachable, Refused, MalformedSnapshot."""
        query = {"customerId": customer_id}
        if resource_id is not None:
            query["resourceId"] = resource_id
        try:
            answer = self._asked("GET", "/api/v1/access/snapshot", params=query)
        except Refused as refusal:
            if refusal.code in UNKNOWN_WHO:
                return no_customer(customer_id, resource_id, refusal.code)
            raise
        found = snapshot_from(_told(answer))
        if found.key != (customer_id, resource_id):
            raise MalformedSnapshot(f"{found.key} was told where {customer_id!r} was asked about")
        return found

    def report(self, route: Route, bodies: Sequence[str], *, patience: float) -> None:
        """Send usage or events, and wait for so many seconds. Raises Unreachable, and Refused:
        none of them was taken.
        """
        name = "usages" if route is Route.USAGE else "events"
        content = f'{{"{name}":[{",".join(bodies)}]}}'.encode()
        # That it was taken is said by who answers as the API does, not by any 200 of a gateway.
        _told(self._asked("POST", f"/api/v1/{route}", patience=patience, content=content))

    @contextmanager
    def stream(
        self, customer_ids: Sequence[str], position: str | None, watcher: Interruptible
    ) -> Iterator[Iterator[Message]]:
        """News of these customers since that position, for as long as the connection holds.

        Raises Unreachable, Refused.
        """
        query = {"customerIds": ",".join(customer_ids)}
        headers = {"Accept": EVENTS}
        if position:
            query["position"] = headers["Last-Event-ID"] = position
        patience = httpx.Timeout(self._timeout, read=HEARTBEATS_MISSED * HEARTBEAT_SECONDS)
        try:
            with self._http.stream(
                "GET", "/api/v1/access/stream", params=query, headers=headers, timeout=patience
            ) as answer:
                if answer.status_code != httpx.codes.OK:
                    answer.read()
                    raise_for(answer)
                kind = answer.headers.get("Content-Type", "")
                if not kind.startswith(EVENTS):
                    raise Unreachable(f"no stream, but {kind[:80]!r}")
                watcher.connected(answer.extensions["network_stream"].get_extra_info("socket"))
                try:
                    yield messages(lines_of(answer.iter_text()))
                finally:
                    watcher.connected(None)
        except (httpx.HTTPError, OSError) as problem:
            raise Unreachable(f"{type(problem).__name__}: {problem}") from problem

    def _asked(
        self, method: str, path: str, *, patience: float | None = None, **request: Any
    ) -> httpx.Response:
        """The answer, read whole within `patience` seconds after it began."""
        seconds = self._timeout if patience is None else patience
        try:
            with self._http.stream(method, path, timeout=seconds, **request) as answer:
                content = _read(answer, time.monotonic() + seconds)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, RuntimeError) as problem:
            raise Unreachable(f"{type(problem).__name__}: {problem}") from problem
        whole = httpx.Response(
            answer.status_code, headers=_undressed(answer.headers), content=content
        )
        raise_for(whole)
        return whole

    def _opened(self) -> httpx.Client:
        return httpx.Client(base_url=self._base_url, headers=self._headers, timeout=self._timeout)


def _read(answer: httpx.Response, deadline: float) -> bytes:
    """All of it; a server that sends on and on, or a byte now and then, is none."""
    parts: list[bytes] = []
    size = 0
    for part in answer.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > LARGEST or time.monotonic() > deadline:
            raise httpx.ReadTimeout("the answer has no end")
    return b"".join(parts)


def _undressed(headers: httpx.Headers) -> list[tuple[bytes, bytes]]:
    """What is left to say of content that was unpacked."""
    packed = (b"content-encoding", b"content-length", b"transfer-encoding")
    return [(name, value) for name, value in headers.raw if name.lower() not in packed]


def _told(answer: httpx.Response) -> Any:
    """What the API says. Raises Unreachable when whoever answered is not the API."""
    try:
        return read_json(answer.text)["data"]
    except (ValueError, LookupError, TypeError, RecursionError):
        kind = answer.headers.get("Content-Type", "")
        raise Unreachable(f"no answer of the API, but {kind[:80]!r}") from None


def raise_for(answer: httpx.Response) -> None:
    """Raise Refused or Unreachable unless it went well.

    A refusal is one only when it is told the way the API tells it and will be the same next time:
    a wrong address, a route that an older server lacks, or a proxy must not make usage refused.
    """
    if answer.is_success:
        return
    code, message = _error_of(answer)
    is_for_good = answer.status_code in FOR_GOOD or code in UNKNOWN_WHO
    if code and is_for_good and answer.headers.get(AGAIN) != "true":
        raise Refused(answer.status_code, code, message)
    wait = answer.headers.get("Retry-After", "")
    is_number = wait.isascii() and wait.isdecimal()
    after = min(float(wait[:9]), LONGEST_AFTER) if is_number else None
    raise Unreachable(f"the server answers {answer.status_code} {code or ''}".rstrip(), after=after)


def _error_of(answer: httpx.Response) -> tuple[str, str]:
    try:
        error = answer.json()["error"]
        return str(error["code"]), str(error.get("message", ""))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "", ""


def lines_of(texts: Iterator[str]) -> Iterator[str]:
    """The lines of an event stream. They end as its standard says, and nowhere else: names may
    hold what other readers take for an end (U+0085, U+2028).
    """
    rest = ""
    for text in texts:
        held = "\r" if text.endswith("\r") else ""  # half of an end, maybe
        *whole, rest = ENDS.split((rest + text).removesuffix("\r"))
        rest += held
        if len(rest) > LARGEST:
            raise httpx.ReadError("a line has no end")
        yield from whole


def messages(lines: Iterator[str]) -> Iterator[Message]:
    """The messages of an event stream; a comment is a message without anything in it."""
    fields: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith(":"):
            yield Message()
        elif line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
        elif fields:
            event, identity = (fields.get(name, [""])[-1] for name in ("event", "id"))
            yield Message(event, identity, "\n".join(fields.get("data", ())))
            fields = {}


def read_json(text: str) -> Any:
    """What it says; decimal fractions stay text, for a binary float cannot hold them."""
    return json.loads(text, parse_float=str)
