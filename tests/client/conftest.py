"""A client with a server of the tests' own that can be slow, late or gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client.double import Double, allowance, feature
from usance_client import UsanceClient

Clients = Callable[..., UsanceClient]


@pytest.fixture
def server() -> Iterator[Double]:
    """A server where acme may make ten calls, of which it made three."""
    double = Double()
    double.give("acme", api_calls=feature("METERED", allowance("10", "3")))
    yield double
    if double.is_open:
        double.shut()


@pytest.fixture
def connect(server: Double, tmp_path: Path) -> Iterator[Clients]:
    """Clients of that server, closed in the end; `cache="name"` gives one a cache."""
    opened: list[UsanceClient] = []

    def build(*, cache: str = "", below: str = "", **said: Any) -> UsanceClient:
        path = tmp_path / cache if cache else None
        said = {"flush_interval": 0.05, "timeout": 1.0, **said}
        client = UsanceClient("key", server.url + below, cache_path=path, **said)
        opened.append(client)
        return client

    yield build
    for client in opened:
        client.close(timeout=0.2)


def until(is_so: Callable[[], object], *, seconds: float = 5) -> None:
    """Wait for what happens on another thread; fail when it does not."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.005)
