"""Ingest: usage events over HTTP, against the same batches sent straight to the same PostgreSQL.

Batches of 1,000 from four clients at a time: 1 % of the events were sent before, 5 % are of the
month before. Of every customer two windows are counted live, so each batch also adds to counters;
the limit does so by the same statement, on texts that were written before its clock starts.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any, TypeVar

import msgspec

from bench.figure import Figure, at_least, seconds
from bench.population import database, settle
from usance.domain.catalog import Aggregation, Feature, Meter, MeterType
from usance.domain.entitlements.windows import Window
from usance.domain.ids import CustomerId, FeatureId
from usance.domain.metering.batches import read_batch
from usance.flows.define_feature import define_feature
from usance.flows.open_environment import create_key, open_environment
from usance.flows.runtime import Runtime, Scope
from usance.store import usage_counters, usage_events, usage_locks
from usance.store.database import Database
from usance.store.usage_counters import CounterWindow

GOAL = 0.7
CLIENTS = 4
BATCH = 1000
WARM = 6 * CLIENTS  # batches by which connections are made, and their statements prepared
BATCHES = WARM + 52
CUSTOMERS = 100
REPEATED = 100  # each hundredth event was sent before
LATE = 20  # each twentieth is of the month before
TIMES = 3
CALLS = Meter("api_calls", Aggregation.SUM, "calls")
NAMES = [f"customer-{number:04}" for number in range(CUSTOMERS)]
NOW = datetime.now(UTC)

T = TypeVar("T")
Batch = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Straight:
    """A batch as the statement takes it."""

    customer_ids: list[str]
    events: str


def run() -> Iterator[Figure]:
    """Events a second over HTTP, at least GOAL of those that PostgreSQL takes by itself."""
    with database() as opened:
        limits, values = [], []
        for _ in range(TIMES):
            limits.append(_straight(opened))
            values.append(_over_http(opened))
        value, limit = max(values), max(limits)
        yield at_least(
            "ingest",
            value=value,
            limit=limit,
            goal=GOAL,
            unit="events/s",
            note=f"{CLIENTS} clients, batches of {BATCH:,} / the same statement alone",
        )


def _straight(opened: Database) -> float:
    """The statement alone, its texts written before, from as many connections."""
    scope = _environment(opened)
    batches = [_prepared(batch) for batch in _batches()]

    def send(prepared: Straight) -> None:
        at = datetime.now(UTC)
        with opened.transaction(scope.tenant_id) as tx:
            usage_locks.share(tx, prepared.customer_ids)
            tx.all(usage_events.APPEND, events=prepared.events, received_at=at)

    return _rate(batches, send)


def _over_http(opened: Database) -> float:
    """A server of its own, as in production, and clients that keep their connections."""
    scope = _environment(opened)
    key = create_key(Runtime(opened), scope, name="bench").secret
    bodies = [msgspec.json.encode({"events": batch}) for batch in _batches()]
    headers = {"X-API-KEY": key, "Content-Type": "application/json"}
    clients = threading.local()
    with served(opened) as (host, port):

        def send(body: bytes) -> None:
            if not hasattr(clients, "own"):
                clients.own = HTTPConnection(host, port)
            clients.own.request("POST", "/api/v1/events", body, headers)
            answer = clients.own.getresponse()
            text = answer.read()
            assert answer.status == 200, text

        return _rate(bodies, send)


@contextmanager
def served(opened: Database) -> Iterator[tuple[str, int]]:
    """`usance serve` on that database, on a free port."""
    server = subprocess.Popen(
        [sys.executable, "-m", "usance.cli.app", "serve", "--port", "0", "--no-worker"],
        env={**os.environ, "USANCE_DATABASE_URL": opened.url},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        told = next(line for line in server.stdout if "http://" in line)
        host, port = told.split("http://")[1].split("/")[0].split(":")
        _until_it_answers(host, int(port))
        yield host, int(port)
    finally:
        server.terminate()
        server.wait()


def _until_it_answers(host: str, port: int) -> None:
    for _ in range(200):
        with suppress(ConnectionError):
            connection = HTTPConnection(host, port)
            connection.request("GET", "/health")
            assert connection.getresponse().status == 200
            return
        time.sleep(0.05)
    raise AssertionError("the server does not answer")


def _rate(batches: Sequence[T], send: Callable[[T], None]) -> float:
    """Events a second, CLIENTS at a time; the first few only warm up: a server runs all day."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(send, batches[:WARM]))
        timed = batches[WARM:]
        took = seconds(lambda: list(pool.map(send, timed)))
    return len(timed) * BATCH / took


def _environment(opened: Database) -> Scope:
    """A new one with a metered feature, and two windows of each customer counted live."""
    runtime, scope = Runtime(opened), Scope(f"bench-{secrets.token_hex(4)}", "bench")
    open_environment(runtime, scope.tenant_id, name="Bench", kind="SANDBOX")
    feature = Feature(
        id=FeatureId("api-calls"),
        display_name="API calls",
        meter_type=MeterType.INCREMENTAL,
        meter=CALLS,
    )
    define_feature(runtime, scope, feature)
    windows = [None, Window(NOW - timedelta(days=15), NOW + timedelta(days=15))]
    counted = {
        (customer, window): CounterWindow(CustomerId(customer), feature.id, CALLS, window)
        for customer in NAMES
        for window in windows
    }
    with opened.transaction(scope.tenant_id) as tx:
        usage_counters.current(tx, counted)
    settle(opened)
    return scope


def _batches() -> list[Batch]:
    """As a sender writes them: new keys, but for a few of the batch before."""
    batches: list[Batch] = []
    for _ in range(BATCHES):
        batch = [_event(index) for index in range(BATCH)]
        if batches:
            batch[::REPEATED] = batches[-1][::REPEATED]
        batches.append(batch)
    return batches


def _event(index: int) -> dict[str, Any]:
    at = NOW - (timedelta(days=30) if index % LATE == 1 else timedelta(minutes=index))
    return {
        "customerId": NAMES[index % CUSTOMERS],
        "eventName": CALLS.event_name,
        "idempotencyKey": secrets.token_hex(12),
        "timestamp": at.isoformat(timespec="milliseconds"),
        "dimensions": {"calls": index % 50 + 0.5, "region": "eu", "status": "ok"},
    }


def _prepared(batch: Batch) -> Straight:
    """The text the store would write of it."""
    firsts = {event.key: event for event in reversed(read_batch(batch))}
    events = [firsts[key] for key in sorted(firsts)]
    text = usage_events.TO_JSON.encode(events).decode()
    return Straight(sorted({event.customer_id for event in events}), text)
