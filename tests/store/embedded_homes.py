"""Look into the home of an embedded PostgreSQL, from outside."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from usance.store.embedded.locks import try_alone
from usance.store.embedded.places import Places, places_in


def places(home: Path) -> Places:
    return places_in(home / "postgres-18")


def postmaster_of(home: Path) -> int:
    return int((places(home).data / "postmaster.pid").read_text().split()[0])


def one(url: str, query: str) -> object:
    """The first column of the one row that `query` gives."""
    with psycopg.connect(url) as there:
        row = there.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def wait_for(what: Callable[[], bool], *, named: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"not within {seconds} s: {named}"
        time.sleep(0.02)


def wait_until_stopped(home: Path) -> None:
    """Until no supervisor is left and, by that, no server."""
    control = home / "postgres-18"
    if control.exists():
        wait_for(lambda: _is_free(control / "supervisor.lock"), named=f"{home} is left")
        assert not (control / "server/data/postmaster.pid").exists()


def _is_free(lock: Path) -> bool:
    taken = try_alone(lock)
    if taken is not None:
        os.close(taken)
    return taken is not None
