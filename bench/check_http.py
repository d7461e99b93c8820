"""Check over HTTP: of a metered entitlement, beside a bare endpoint that does one point query.

Both are served by the same server in a process of its own, from the same database, and asked by the
same eight who wait for an answer each. In turns, and the median of each counts.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import httpx

from bench.figure import Figure, at_least
from bench.holding import HOLDER, METERED, hold
from bench.http_load import answers_a_second, request_for
from bench.population import database, settle
from usance.flows.open_environment import create_key

CONNECTIONS = 8
SECONDS = 0.5
TURNS = 15
GOAL = 0.8
PATH = f"/api/v1/customers/{HOLDER}/entitlements/check?featureId={METERED}&requestedUsage=1"


def run() -> Iterator[Figure]:
    """At least GOAL times as many answers a second as the bare endpoint gives."""
    with database() as own:
        runtime, scope = hold(own, 20)
        key = create_key(runtime, scope, name="bench").secret
        settle(own)
        asked = request_for(PATH, key)
        with (
            _serving("usance", own.url) as ours,
            _serving("bare", own.url, scope.tenant_id) as bare,
        ):
            _expect_granted(ours, key)
            _measure(ours, asked), _measure(bare, asked)  # statements are prepared
            checks, limits = [], []
            for _ in range(TURNS):
                checks.append(_measure(ours, asked))
                limits.append(_measure(bare, asked))
    yield at_least(
        "check_http",
        value=median(checks),
        limit=median(limits),
        goal=GOAL,
        unit="requests/s",
        note=f"{CONNECTIONS} connections; a check in {CONNECTIONS / median(checks) * 1e3:.1f} ms",
    )


def _measure(port: int, asked: bytes) -> float:
    return answers_a_second(port, asked, connections=CONNECTIONS, seconds=SECONDS)


def _expect_granted(port: int, key: str) -> None:
    """The first of all checks counts the usage, and it is what is asked about."""
    answer = httpx.get(f"http://127.0.0.1:{port}{PATH}", headers={"X-API-KEY": key}, timeout=10)
    found = answer.json()["data"]
    assert (found["isGranted"], found["currentUsage"]) == (True, 100), found


@contextmanager
def _serving(kind: str, url: str, *more: str) -> Iterator[int]:
    port = _free_port()
    command = [sys.executable, "-m", "bench.http_server", kind, url, str(port), *more]
    with subprocess.Popen(command) as process:
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as any_free:
        any_free.bind(("127.0.0.1", 0))
        return int(any_free.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"nobody answers on port {port}")
