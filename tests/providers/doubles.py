"""Services of others, played by a real HTTP server on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Answer = tuple[int, bytes]


@dataclass(slots=True)
class Service:
    """A server that answers what `answer` says, and remembers what it was asked, and with which
    headers; its own `headers` go with every answer.
    """

    answer: Callable[[str, Any], Answer]
    asked: list[tuple[str, Any]] = field(default_factory=list)
    url: str = ""
    heard: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def says(self, plain: object, status: int = 200) -> None:
        """From now on it answers that."""
        content = plain if isinstance(plain, bytes) else json.dumps(plain).encode()
        self.answer = lambda _path, _body: (status, content)


@contextmanager
def service(plain: object = None, status: int = 200) -> Iterator[Service]:
    """A service on a free port that answers that until it is told otherwise."""
    played = Service(lambda _path, _body: (200, b"{}"))
    played.says({} if plain is None else plain, status)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            self._answer(json.loads(self.rfile.read(length)))

        def _answer(self, body: Any) -> None:
            played.asked.append((self.path, body))
            played.heard.append({name.lower(): value for name, value in self.headers.items()})
            code, content = played.answer(self.path, body)
            self.send_response(code)
            self.send_header("content-length", str(len(content)))
            for name, value in played.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        played.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield played
        finally:
            server.shutdown()
            thread.join()
