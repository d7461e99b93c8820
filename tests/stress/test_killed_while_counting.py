"""Usage survives kill -9: whatever was sent again, each event and report is counted once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import new_sandbox
from usance.domain.catalog import Aggregation, Feature, Meter, MeterType
from usance.domain.customer import Address, Customer
from usance.domain.ids import CustomerId, FeatureId
from usance.flows.define_feature import define_feature
from usance.flows.open_environment import create_key
from usance.flows.runtime import Runtime
from usance.flows.set_up_company import save_customer
from usance.store import usage_counters
from usance.store.database import Database
from usance.store.usage_counters import CounterWindow

CUSTOMERS = [CustomerId(f"c{index}") for index in range(4)]
SUM = Meter("called", Aggregation.SUM, "calls")
CALLS = Feature(
    id=FeatureId("calls"), display_name="Calls", meter_type=MeterType.INCREMENTAL, meter=SUM
)
DESKS = Feature(id=FeatureId("desks"), display_name="Desks", meter_type=MeterType.FLUCTUATING)
BATCH, BATCHES, REPORTS = 250, 24, 5
SENT_BEFORE_THE_KILL = 5
COUNT = """
SELECT count(*) FILTER (WHERE event_name = 'called') AS events,
       count(*) FILTER (WHERE event_name = 'usage:desks') AS reports
  FROM usage_events
"""

Request = tuple[str, dict[str, Any]]


@contextmanager
def server(database: Database, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`usance serve` in a process of its own; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "usance.cli.app", "serve", "--port", "0", "--no-worker"],
        env={**os.environ, "USANCE_DATABASE_URL": database.url, "USANCE_HOME": str(folder)},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        told = next(line for line in process.stdout if "http://" in line)
        yield process, told[told.index("http://") :].strip().removesuffix("/api/v1")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def requests() -> list[Request]:
    """Batches of events, and of reports with keys."""
    events = [
        {
            "customerId": CUSTOMERS[index % 4],
            "eventName": "called",
            "idempotencyKey": f"e{index}",
            "dimensions": {"calls": 1},
        }
        for index in range(BATCH * BATCHES)
    ]
    sent: list[Request] = []
    for number in range(BATCHES):
        sent.append(("events", {"events": events[number * BATCH : (number + 1) * BATCH]}))
        reports = [
            {
                "customerId": CUSTOMERS[index % 4],
                "featureId": "desks",
                "value": 1,
                "idempotencyKey": f"r{number}-{index}",
            }
            for index in range(REPORTS)
        ]
        sent.append(("usage", {"usages": reports}))
    return sent


def send(url: str, key: str, every: Sequence[Request], done: threading.Semaphore) -> int:
    """Four at a time, as long as somebody answers; how many were answered."""

    def one(asked: Request) -> bool:
        path, body = asked
        try:
            answer = httpx.post(
                f"{url}/api/v1/{path}", json=body, headers={"X-API-KEY": key}, timeout=60
            )
        except httpx.TransportError:
            return False
        assert answer.status_code in (200, 201), answer.text
        done.release()
        return True

    with ThreadPoolExecutor(4) as pool:
        return sum(pool.map(one, every))


def test_kill_9_in_the_middle_of_batches_loses_and_doubles_nothing(
    own_database: Database, tmp_path: Path
) -> None:
    runtime, scope = Runtime(own_database), new_sandbox(own_database)
    for feature in (CALLS, DESKS):
        define_feature(runtime, scope, feature)
    for customer in CUSTOMERS:
        about = Customer(id=customer, name=customer, address=Address(country="DE"))
        save_customer(runtime, scope, about)
    key = create_key(runtime, scope, name="test").secret
    desks = DESKS.counted_by
    assert desks is not None
    asked = {
        (customer, feature): CounterWindow(customer, FeatureId(feature), meter)
        for customer in CUSTOMERS
        for feature, meter in (("calls", SUM), ("desks", desks))
    }
    with own_database.transaction(scope.tenant_id) as tx:
        usage_counters.current(tx, asked)

    for turn in range(2):
        with server(own_database, tmp_path) as (process, url), ThreadPoolExecutor(1) as aside:
            done = threading.Semaphore(0)
            sending = aside.submit(send, url, key, requests()[turn::2], done)
            for _ in range(SENT_BEFORE_THE_KILL):
                assert done.acquire(timeout=60)
            process.kill()
            answered = sending.result(60)
            assert SENT_BEFORE_THE_KILL <= answered < BATCHES, "some were under way"
    with server(own_database, tmp_path) as (_, url):
        assert send(url, key, requests(), threading.Semaphore(0)) == 2 * BATCHES

    with own_database.transaction(scope.tenant_id) as tx:
        [kept] = tx.all(COUNT)
        assert (kept.events, kept.reports) == (BATCH * BATCHES, REPORTS * BATCHES)
        used = usage_counters.current(tx, asked)
        calls = sum((used[customer, "calls"] for customer in CUSTOMERS), Decimal(0))
        seats = sum((used[customer, "desks"] for customer in CUSTOMERS), Decimal(0))
        assert (int(calls), int(seats)) == (BATCH * BATCHES, REPORTS * BATCHES)
