"""The client beside our own server: what one says the other says, also after a crash."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import Desk, desk, server
from tests.client.conftest import until
from tests.conftest import new_sandbox
from tests.store.held import ACME, Offers, choice, gives, number, switch
from usance.domain.catalog import MeterType
from usance.domain.plans.entitlements import ResetPeriod
from usance.flows.open_environment import create_key
from usance.flows.runtime import Runtime, Scope
from usance.store.database import Database
from usance_client import UsanceClient

__all__ = ["desk", "server"]

MONTHLY: Any = {"reset_period": ResetPeriod.MONTH}
SERVE = """
import sys
from pathlib import Path
import uvicorn
from usance.flows.runtime import Runtime
from usance.main import application
from usance.settings import Settings
from usance.store.database import Database
app = application(Runtime(Database(sys.argv[1])), Settings(home=Path("/nowhere")))
uvicorn.run(app, port=int(sys.argv[2]), log_level="error", lifespan="off")
"""


def opened(runtime: Runtime, scope: Scope) -> Offers:
    """Acme may send 1,000 messages a month, has ten desks, single sign-on, and Europe."""
    messages, desks = number("messages", MeterType.INCREMENTAL), number("desks")
    size = number("size", MeterType.NONE)
    features = (messages, desks, size, switch("sso"), choice("region", "eu", "us"))
    offers = Offers(runtime, scope).open(*features)
    region = gives("region", enum_values=("eu",))
    held = (gives("messages", 1000, **MONTHLY), gives("desks", 10), gives("size", 5))
    offers.subscribe(offers.plan("pro", *held, gives("sso"), region))
    return offers


@pytest.fixture
def acme(desk: Desk) -> Offers:
    """Acme, in an environment whose clock stands in January 2025."""
    return opened(desk.runtime, desk.scope)


@pytest.fixture
def client(desk: Desk, acme: Offers, tmp_path: Path) -> Iterator[UsanceClient]:
    """A client with the key of the desk."""
    key = desk.http.headers["x-api-key"]
    with UsanceClient(
        key,
        str(desk.http.base_url),
        customers=[ACME],
        cache_path=tmp_path / "cache",
        flush_interval=0.05,
    ) as client:
        yield client


def told(desk: Desk, feature_id: str, **query: Any) -> dict[str, Any]:
    """What a check over HTTP says."""
    answer = desk.get(f"/customers/{ACME}/entitlements/check", featureId=feature_id, **query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


def test_both_decide_the_same(desk: Desk, client: UsanceClient) -> None:
    client.report_usage(ACME, "desks", 8)
    assert client.flush()
    for feature_id in ("messages", "desks", "size", "sso"):
        for requested in (0, 2, 3, 1000, 1001):
            ours = client.check(ACME, feature_id, requested)
            theirs = told(desk, feature_id, requestedUsage=requested)
            assert ours.has_access == theirs["isGranted"], (feature_id, requested)
            assert ours.denial_reason == theirs["accessDeniedReason"]
            assert ours.limit == (theirs["usageLimit"])
    for value in ("eu", "us"):
        ours = client.check(ACME, "region", requested_values=[value])
        theirs = told(desk, "region", requestedValues=value)
        assert (ours.has_access, ours.denial_reason) == (
            theirs["isGranted"],
            theirs["accessDeniedReason"],
        )


def test_usage_and_changes_go_both_ways(desk: Desk, acme: Offers, client: UsanceClient) -> None:
    client.report_usage(ACME, "messages", "2.5")
    assert client.check(ACME, "messages").current_usage == Decimal("2.5")
    assert client.flush()
    assert told(desk, "messages")["currentUsage"] == 2.5
    usage = {"customerId": ACME, "featureId": "messages", "value": 4}
    assert desk.post("/usage", {"usages": [usage]}).status_code == 201
    until(lambda: client.check(ACME, "messages").current_usage == Decimal("6.5"))
    acme.promote(gives("messages", 5000, **MONTHLY))
    until(lambda: client.check(ACME, "messages").limit == 5000)
    assert not client.check(ACME, "messages").is_stale


def test_a_clock_that_is_moved_moves_the_client(desk: Desk, client: UsanceClient) -> None:
    client.report_usage(ACME, "messages", 7)
    assert client.flush()
    desk.at("2025-03-10")
    usage = {"customerId": ACME, "featureId": "messages", "value": 1}
    assert desk.post("/usage", {"usages": [usage]}).status_code == 201
    until(lambda: client.check(ACME, "messages").current_usage == 1)
    client.report_usage(ACME, "messages", 2)
    assert client.check(ACME, "messages").current_usage == 3
    assert client.flush()
    assert told(desk, "messages")["currentUsage"] == 3


def test_what_parts_of_a_customer_use_is_counted_where_it_counts(
    desk: Desk, acme: Offers, client: UsanceClient
) -> None:
    client.report_usage(ACME, "desks", 4, resource_id="berlin", is_set=True)
    client.report_usage(ACME, "desks", 2, resource_id="paris")
    assert client.flush()
    client.report_usage(ACME, "desks", 5, resource_id="berlin", is_set=True)
    assert client.flush()
    until(lambda: client.check(ACME, "desks").current_usage == 7)
    assert told(desk, "desks")["currentUsage"] == 7


def test_usage_of_a_feature_that_is_not_there_holds_up_nothing(client: UsanceClient) -> None:
    for feature_id in ("messages", "nothing", "messages"):
        client.report_usage(ACME, feature_id, 1)
    assert client.flush()
    assert (client.status.refused, client.status.pending) == (1, 0)
    assert client.check(ACME, "messages").current_usage == 2


def test_somebody_nobody_knows_is_denied(client: UsanceClient) -> None:
    assert str(client.check("nobody", "sso").denial_reason) == "CustomerNotFound"
    assert str(client.check(ACME, "nothing").denial_reason).startswith("NoFeature")


@contextmanager
def serving(database: Database, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server of its own process, on that port; killed in the end."""
    process = subprocess.Popen([sys.executable, "-c", SERVE, database.url, str(port)])
    try:
        until(lambda: answers(port), seconds=60)
        yield process
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    """Whether a server is there."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def test_a_server_that_is_killed_loses_and_doubles_no_usage(
    own_database: Database, tmp_path: Path
) -> None:
    scope = new_sandbox(own_database)
    runtime = Runtime(own_database)
    offers = opened(runtime, scope)
    key = create_key(runtime, scope, name="test").secret
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    reported, stop = [0], threading.Event()

    def work(client: UsanceClient) -> None:
        while not stop.is_set():
            assert client.check(ACME, "messages", 0).has_access
            client.report_usage(ACME, "messages", "0.01")
            reported[0] += 1
            time.sleep(0.005)

    url = f"http://127.0.0.1:{port}"
    with serving(own_database, port) as first:
        client = UsanceClient(
            key, url, customers=[ACME], cache_path=tmp_path / "cache", flush_interval=0.01
        )
        with client:
            until(lambda: client.status.connected_streams)
            worker = threading.Thread(target=work, args=(client,))
            worker.start()
            until(lambda: reported[0] > 100)
            first.send_signal(signal.SIGKILL)
            first.wait()
            at_kill = reported[0]
            until(lambda: reported[0] > at_kill + 100)
            assert client.check(ACME, "messages", 1)
            stop.set()
            worker.join()
            with serving(own_database, port):
                assert client.flush(30)
                total = Decimal(reported[0]) / 100
                assert client.check(ACME, "messages").current_usage == total
                with httpx.Client(base_url=url, headers={"X-API-KEY": key}) as http:
                    path = f"/api/v1/customers/{ACME}/entitlements/check?featureId=messages"
                    counted = http.get(path).json()["data"]["currentUsage"]
                assert Decimal(str(counted)) == total, "nothing is lost and nothing counts twice"
                offers.promote(gives("messages", 5000, **MONTHLY))
                until(lambda: client.check(ACME, "messages").limit == 5000, seconds=20)
                assert not client.check(ACME, "messages").is_stale
