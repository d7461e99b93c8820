"""Servers other than ours: an older one, and one whose only login is a superuser."""

from __future__ import annotations

import shutil
import socket
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, quote, urlsplit

from tests.store.embedded_homes import places, wait_until_stopped
from usance.store.database import one_connection
from usance.store.embedded.cluster import Cluster, attach

SOCKET = ".s.PGSQL.5432"
PARAMETER, READY = b"S", b"Z"


@contextmanager
def server_that_says(version: str, url: str) -> Iterator[str]:
    """The URL of the same database, behind a server that calls itself by another version.

    A relay: all it changes is the server_version that a server reports when one connects.
    """
    folder = Path(tempfile.mkdtemp(prefix="usance-relay-"))
    behind = parse_qs(urlsplit(url).query)["host"][0]
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / SOCKET))
        listening.listen()
        relay = Thread(target=_relay, args=(listening, f"{behind}/{SOCKET}", version), daemon=True)
        relay.start()
        yield url.replace(quote(behind, ""), quote(str(folder), ""))
        listening.shutdown(socket.SHUT_RDWR)
        relay.join(timeout=10)
    shutil.rmtree(folder)


@contextmanager
def superuser_cluster(home: Path) -> Iterator[Cluster]:
    """A cluster of one's own whose login, as on many a small server, is a superuser."""
    with attach(home):
        pass
    wait_until_stopped(home)
    guests = places(home).data / "pg_hba.conf"
    guests.write_text("local all postgres trust\n" + guests.read_text())
    with attach(home) as cluster:
        as_postgres = cluster.url_for("usance").replace("//usance@", "//postgres@")
        with one_connection(as_postgres) as connection:
            connection.execute("ALTER ROLE usance SUPERUSER")
        yield cluster


def _relay(listening: socket.socket, behind: str, version: str) -> None:
    with suppress(OSError):
        while True:
            client, _ = listening.accept()
            with client, socket.socket(socket.AF_UNIX) as server:
                server.connect(behind)
                answering = Thread(target=_answer, args=(server, client, version), daemon=True)
                answering.start()
                while sent := client.recv(65536):
                    server.sendall(sent)
                server.shutdown(socket.SHUT_WR)
                answering.join(timeout=10)


def _answer(server: socket.socket, client: socket.socket, version: str) -> None:
    """Message by message until the server is ready, then as it comes."""
    with suppress(OSError), server.makefile("rb") as messages:
        kind = b""
        while kind != READY and (kind := messages.read(1)):
            (length,) = struct.unpack("!i", messages.read(4))
            body = messages.read(length - 4)
            if kind == PARAMETER and body.startswith(b"server_version\0"):
                body = b"server_version\0" + version.encode() + b"\0"
            client.sendall(kind + struct.pack("!i", len(body) + 4) + body)
        while sent := messages.read1(65536):
            client.sendall(sent)
