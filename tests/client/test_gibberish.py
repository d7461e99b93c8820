"""Whatever answers in the server's place: checks go on, and no usage is taken for delivered."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.client.conftest import Clients, until
from tests.client.double import Double, allowance, feature
from usance_client import Decision, UsanceClient
from usance_client.transport import LONGEST_AFTER, Unreachable, lines_of, raise_for

Talk = Callable[[socket.socket], None]


def said(content: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """An HTTP answer."""
    named = {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + content


@contextmanager
def whoever(talk: Talk) -> Iterator[str]:
    """Somebody at an address who talks so to each who comes."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[socket.socket] = []

    def answer(connection: socket.socket) -> None:
        try:
            connection.recv(65_536)
            talk(connection)
        except OSError:
            pass  # they hung up
        finally:
            connection.close()

    def listen() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def asked(url: str) -> Decision:
    """What a client of that address says of acme; what it reports stays with it."""
    client = UsanceClient("key", url, flush_interval=0.02, timeout=0.5)
    try:
        decision = client.check("acme", "api-calls", 1)
        client.report_usage("acme", "api-calls", 1)
        assert not client.flush(0.1), "nobody took it"
        assert client.status.pending == 1
        assert client.status.is_stale
        return decision
    finally:
        client.close(timeout=0)


ANSWERS = {
    "a page of a gateway": said(b"<html>Sign in</html>", Content_Type="text/html"),
    "a list": said(b"[]"),
    "nothing": said(b"null"),
    "an object of something else": said(b'{"ok": true}'),
    "very deep": said(b"[" * 100_000),
    "no text": said(b"\xff\xfe{"),
    "not what it says it is": said(b"abc", Content_Encoding="gzip"),
    "half of it": said(b"{", Content_Length="100"),
    "no HTTP": b"hello\r\n\r\n",
    "silence": b"",
    "its own failure": said(b"oops", "500 Internal Server Error"),
    "a refusal that is none": said(b"[]", "400 Bad Request"),
    "somewhere else": said(b"", "302 Found", Location="http://127.0.0.1:1/"),
    "much later": said(b"", "503 Service Unavailable", Retry_After="99999999999"),
    "later, in odd digits": said(b"", "503 Service Unavailable", Retry_After="\u00b2"),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_who_does_not_answer_as_the_api_does_is_no_server(answer: bytes) -> None:
    with whoever(lambda connection: connection.sendall(answer)) as url:
        assert asked(url).is_fallback


SNAPSHOTS = {
    "of somebody else": b'{"data": {"customerId": "beta", "features": {}}}',
    "of nobody": b'{"data": {"features": {}}}',
    "a number that fills memory": b'{"data": {"customerId": "acme", "features": {"api-calls": '
    b'{"kind": "METERED", "isGranted": true, "allowances": [{"limit": "1e999999999"}]}}}}',
    "an instant before time": b'{"data": {"customerId": "acme", "features": {}, '
    b'"validUntil": "0001-01-01T00:00:00+23:00"}}',
}


@pytest.mark.parametrize("content", SNAPSHOTS.values(), ids=SNAPSHOTS)
def test_a_snapshot_that_makes_no_sense_is_not_believed(content: bytes) -> None:
    with (
        whoever(lambda connection: connection.sendall(said(content))) as url,
        UsanceClient("key", url, timeout=0.5) as client,
    ):
        assert client.check("acme", "api-calls").is_fallback
        assert client.status.is_stale


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"])
def test_a_server_that_sends_a_byte_now_and_then_holds_nobody_up(head: bytes) -> None:
    def trickle(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(100):
            connection.sendall(b"H")
            time.sleep(0.1)

    with whoever(trickle) as url, UsanceClient("key", url, timeout=0.3) as client:
        begun = time.monotonic()
        assert client.check("acme", "api-calls").is_fallback
        assert time.monotonic() - begun < 2


def test_a_server_that_is_busy_for_a_year_is_asked_again_before() -> None:
    for header, after in (("99999999999", LONGEST_AFTER), ("7", 7), ("²", None), ("-1", None)):
        headers = {b"Retry-After": header.encode("latin-1")}
        with pytest.raises(Unreachable) as problem:
            raise_for(httpx.Response(503, headers=headers))
        assert problem.value.after == after


def test_names_may_hold_what_looks_like_the_end_of_a_line(connect: Clients, server: Double) -> None:
    odd = "one\u2028two\u0085three\x0b\x1cfour"
    client = connect(customers=["acme"])
    until(lambda: client.status.connected_streams)
    server.is_plain = True
    server.give("acme", api_calls=feature("METERED", allowance("50", "3"), displayName=odd))
    until(lambda: client.check("acme", "api-calls", 47))


def test_lines_end_as_the_standard_says_wherever_the_network_cuts_them() -> None:
    text = "a\nb\r\nc\rd\u2028e\n\n\r\n"
    for size in range(1, len(text) + 1):
        parts = (text[first : first + size] for first in range(0, len(text), size))
        assert list(lines_of(parts)) == ["a", "b", "c", "d\u2028e", "", ""]


def test_news_that_cannot_be_read_leave_what_was_known_stale(
    connect: Clients, server: Double
) -> None:
    server.give("beta", api_calls=feature("METERED", allowance("10", "3")))
    client = connect(customers=["acme", "beta"])
    until(lambda: not client.check("acme", "api-calls").is_stale)
    server.give("acme", api_calls=feature("METERED", allowance("many", "3")))
    until(lambda: client.check("acme", "api-calls").is_stale)
    assert client.check("acme", "api-calls", 7), "nobody is locked out"
    assert not client.check("beta", "api-calls").is_stale

    server.give("acme", api_calls=feature("METERED", allowance("50", "3")))
    until(lambda: client.check("acme", "api-calls", 47))
    assert not client.check("acme", "api-calls").is_stale
