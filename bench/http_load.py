"""Load: the same request again and again over so many connections, answered one by one.

Written on sockets, so that who asks costs little beside who answers.
"""

from __future__ import annotations

import selectors
import socket
import time

LENGTH = b"content-length: "
END = b"\r\n\r\n"


class _Connection:
    """A connection that waits for an answer at any time."""

    def __init__(self, port: int, request: bytes) -> None:
        self._request = request
        self._received = b""
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(request)

    def take(self) -> bytes | None:
        """The answer, once all of it is here; then it asks again."""
        part = self.socket.recv(65536)
        assert part, "the server hung up"
        self._received += part
        head, end, body = self._received.partition(END)
        if not end:
            return None
        length = int(head.lower().split(LENGTH)[1].split(b"\r\n")[0])
        if len(body) < length:
            return None
        assert head.startswith(b"HTTP/1.1 200"), head
        self._received = b""
        self.socket.sendall(self._request)
        return body


def request_for(path: str, key: str) -> bytes:
    """A GET of that path."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nX-API-KEY: {key}\r\n\r\n".encode()


def answers_a_second(port: int, request: bytes, *, connections: int, seconds: float) -> float:
    """How many requests are answered a second, by so many who ask at once."""
    with selectors.DefaultSelector() as waiting:
        held = [_Connection(port, request) for _ in range(connections)]
        for each in held:
            waiting.register(each.socket, selectors.EVENT_READ, each)
        answered, start = 0, time.perf_counter()
        while (now := time.perf_counter()) - start < seconds:
            for key, _ in waiting.select(1):
                answered += key.data.take() is not None
        for each in held:
            each.socket.close()
    return answered / (now - start)
