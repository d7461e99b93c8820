"""A database and a queue of the test's own: a worker takes every job it finds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.conftest import new_sandbox
from tests.worker.kinds import FAST, KINDS
from tests.worker.one_worker import NEVER
from tests.worker.traces import make_tables
from usance.flows.runtime import Runtime, Scope
from usance.store.database import Database
from usance.worker.loop import work


@pytest.fixture
def queue(own_database: Database) -> Database:
    """An empty queue, in a database that also keeps the traces of its jobs."""
    make_tables(own_database)
    return own_database


@pytest.fixture
def acme(queue: Database) -> Scope:
    """A tenant in that database."""
    return new_sandbox(queue)


@contextmanager
def worker_thread(queue: Database, *, cron: str = NEVER) -> Iterator[None]:
    """A worker beside the test, in its process; it has stopped when this ends."""
    stop = threading.Event()
    pace = replace(FAST, billing_cron=cron)
    thread = threading.Thread(
        target=work, args=(Runtime(queue),), kwargs={"handlers": KINDS, "pace": pace, "stop": stop}
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=60)
        assert not thread.is_alive(), "a worker told to stop stops"
