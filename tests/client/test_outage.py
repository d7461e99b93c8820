"""The server is down, slow or new: checks go on, and usage waits."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.client.conftest import Clients, until
from tests.client.double import Double, allowance, feature, monthly
from usance_client import ALLOW, DenialReason, Fallback
from usance_client.stream import STALE_AFTER
from usance_client.windows import nanoseconds

NOON = datetime(2025, 6, 15, 12, tzinfo=UTC)


class Clock:
    """A clock that a test moves."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = nanoseconds(at)

    def __call__(self) -> int:
        return self.at

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self.at += int(by.total_seconds()) * 10**9


def test_checks_go_on_and_usage_waits_until_it_is_back(connect: Clients, server: Double) -> None:
    client = connect(customers=["acme"])
    until(lambda: client.status.connected_streams)
    server.shut()
    for _ in range(7):
        assert client.check("acme", "api-calls", 1)
        client.report_usage("acme", "api-calls", 1)
    assert not client.check("acme", "api-calls", 1), "a limit holds in an outage, too"
    assert not client.flush(0.3)
    assert client.status.pending == 7

    server.open()
    assert client.flush()
    assert server.used("acme", "api-calls") == 10
    assert client.check("acme", "api-calls").current_usage == 10
    server.give("acme", api_calls=feature("METERED", allowance("100", "10")))
    until(lambda: client.check("acme", "api-calls", 50))


def test_what_changed_meanwhile_is_known_after_it_is_back(connect: Clients, server: Double) -> None:
    client = connect(customers=["acme"])
    until(lambda: client.status.connected_streams)
    before = server.position
    server.shut()
    server.give("acme", api_calls=feature("METERED", allowance("100", "3")))
    server.open()
    until(lambda: client.check("acme", "api-calls", 50))
    assert int(server.resumed[-1] or 0) == before, "it went on from where it was"


def test_answers_are_marked_stale_when_nothing_is_heard(connect: Clients, server: Double) -> None:
    clock = Clock()
    client = connect(customers=["acme"], clock=clock)
    until(lambda: client.status.connected_streams)
    server.shut()
    assert not client.check("acme", "api-calls").is_stale
    clock.at += STALE_AFTER
    decision = client.check("acme", "api-calls")
    assert decision
    assert decision.is_stale
    assert not decision.is_fallback
    assert client.status.is_stale

    server.open()
    until(lambda: not client.check("acme", "api-calls").is_stale)


def test_a_window_ends_by_itself(connect: Clients, server: Double) -> None:
    calls = monthly(
        "10", "10", "2025-06-01T00:00:00Z", "2025-07-01T00:00:00Z", "2025-01-01T00:00:00Z"
    )
    server.give("acme", api_calls=feature("METERED", calls))
    clock = Clock()
    client = connect(customers=["acme"], clock=clock, flush_interval=60)
    server.shut()
    assert not client.check("acme", "api-calls", 1)
    clock.move(timedelta(days=16))
    assert client.check("acme", "api-calls", 10)
    client.report_usage("acme", "api-calls", 4)
    decision = client.check("acme", "api-calls", 7)
    assert not decision
    assert decision.current_usage == 4
    assert decision.window_end == datetime(2025, 8, 1, tzinfo=UTC)


def test_what_is_past_its_date_is_served_stale_and_asked_for(
    connect: Clients, server: Double
) -> None:
    server.give("acme", trial=feature("BOOLEAN", validUntil="2025-06-20T00:00:00Z"))
    clock = Clock()
    client = connect(customers=["acme"], clock=clock)
    until(lambda: client.status.connected_streams)
    server.shut()
    clock.move(timedelta(days=5))
    decision = client.check("acme", "trial")
    assert decision, "nobody is locked out because the server is down"
    assert decision.is_stale


def test_a_restart_without_a_server_knows_what_was_known(
    connect: Clients, server: Double, tmp_path: Path
) -> None:
    first = connect(cache="cache", customers=["acme"])
    first.report_usage("acme", "api-calls", 2)
    assert first.flush()
    first.report_usage("acme", "api-calls", 1)
    server.shut()
    first.close(timeout=0.1)

    second = connect(cache="cache")
    decision = second.check("acme", "api-calls", 4)
    assert decision
    assert decision.is_stale
    assert decision.current_usage == 6
    assert not second.check("acme", "api-calls", 5)

    server.open()
    until(lambda: not second.check("acme", "api-calls").is_stale)
    assert second.flush()
    assert server.used("acme", "api-calls") == 6
    assert second.check("acme", "api-calls").current_usage == 6


def test_usage_that_was_sent_and_not_answered_is_counted_once_after_a_restart(
    connect: Clients, server: Double
) -> None:
    def cut() -> None:
        threading.Thread(target=server.shut).start()
        raise ConnectionError("it arrived, and nobody hears of it")

    first = connect(cache="cache", customers=["acme"], flush_interval=60)
    server.after_usage = cut
    first.report_usage("acme", "api-calls", 2)
    assert not first.flush(0.3)
    first.close(timeout=0.1)
    until(lambda: not server.is_open)

    second = connect(cache="cache")
    assert second.check("acme", "api-calls").current_usage == 5
    server.after_usage = lambda: None
    server.open()
    assert second.flush()
    assert server.used("acme", "api-calls") == 5
    assert second.check("acme", "api-calls").current_usage == 5


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"version": 1}',
        b'{"version": 99, "owner": "", "snapshots": []}',
    ],
)
def test_a_cache_that_cannot_be_read_is_ignored(
    connect: Clients, tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    (tmp_path / "cache").write_bytes(content)
    with caplog.at_level(logging.WARNING):
        client = connect(cache="cache", customers=["acme"])
    assert "is ignored" in caplog.text
    assert client.check("acme", "api-calls", 7)
    client.close()
    assert json.loads((tmp_path / "cache").read_text())["snapshots"]


def test_a_cache_of_another_key_is_ignored(
    connect: Clients, server: Double, tmp_path: Path
) -> None:
    connect(cache="cache", customers=["acme"]).close()
    kept = json.loads((tmp_path / "cache").read_text())
    (tmp_path / "cache").write_text(json.dumps({**kept, "owner": "somebody"}))
    server.shut()
    assert connect(cache="cache").check("acme", "api-calls").is_fallback


def test_two_processes_share_a_cache(connect: Clients, server: Double) -> None:
    server.give("globex", sso=feature("BOOLEAN"))
    connect(cache="cache", customers=["acme"]).close()
    connect(cache="cache", customers=["globex"]).close()
    server.shut()
    client = connect(cache="cache")
    assert client.check("acme", "api-calls", 7)
    assert client.is_enabled("globex", "sso")


@pytest.mark.parametrize(
    ("said", "feature_id", "expected"),
    [
        ({}, "sso", False),
        ({"default_fallback": True}, "sso", True),
        ({"default_fallback": ALLOW, "fallbacks": {"sso": False}}, "sso", False),
        ({"fallbacks": {"sso": True}}, "sso", True),
        ({"fallbacks": {"sso": True}}, "other", False),
    ],
)
def test_a_customer_nothing_is_known_of_falls_back(
    connect: Clients, server: Double, said: dict[str, Any], feature_id: str, expected: object
) -> None:
    server.shut()
    client = connect(**said)
    decision = client.check("acme", feature_id)
    assert (decision.has_access, decision.is_fallback) == (expected, True)
    assert (decision.denial_reason is DenialReason.UNKNOWN) != expected


def test_fallbacks_have_numbers_and_values(connect: Clients, server: Double) -> None:
    server.shut()
    fallbacks = {
        "days": Fallback(has_access=True, limit=Decimal(7)),
        "regions": Fallback(has_access=True, values=frozenset({"eu"})),
    }
    client = connect(fallbacks=fallbacks, customers=["acme"])
    assert client.numeric_value("acme", "days") == 7
    assert client.enum_values("acme", "regions") == {"eu"}
    server.open()
    until(lambda: client.check("acme", "api-calls", 7))


def test_a_server_that_is_gone_is_not_waited_for_each_time(
    connect: Clients, server: Double
) -> None:
    server.shut()
    client = connect(customers=["first"])
    start = time.monotonic()
    for index in range(200):
        assert client.check(f"customer-{index}", "sso").is_fallback
    assert time.monotonic() - start < 2


def test_usage_whose_answer_was_lost_counts_once(connect: Clients, server: Double) -> None:
    client = connect(customers=["acme"], flush_interval=60)

    def cut() -> None:
        server.after_usage = lambda: None
        raise ConnectionError("the answer is lost")

    server.after_usage = cut
    client.report_usage("acme", "api-calls", 2)
    assert client.flush()
    assert len(server.batches) == 2, "it was sent again"
    assert server.used("acme", "api-calls") == 5
    assert client.check("acme", "api-calls").current_usage == 5


def test_news_that_come_before_the_answer_are_not_counted_twice(
    connect: Clients, server: Double
) -> None:
    client = connect(customers=["acme"], flush_interval=60)
    until(lambda: client.status.connected_streams)
    may_answer, counted = threading.Event(), threading.Event()

    def wait() -> None:
        counted.set()
        may_answer.wait(5)

    server.after_usage = wait
    client.report_usage("acme", "api-calls", 4)
    flushing = threading.Thread(target=client.flush)
    flushing.start()
    assert counted.wait(5)
    time.sleep(0.1)  # for the news to arrive, if they do
    shown = client.check("acme", "api-calls").current_usage
    may_answer.set()
    flushing.join()
    assert shown == 7
    assert client.check("acme", "api-calls").current_usage == 7


def test_without_news_what_became_of_usage_is_asked(connect: Clients, server: Double) -> None:
    client = connect(customers=["acme"])
    until(lambda: client.status.connected_streams)
    server.is_pushing = False
    server.give("acme", api_calls=feature("METERED", allowance("10", "5")))
    client.report_usage("acme", "api-calls", 1)
    until(lambda: client.check("acme", "api-calls").current_usage == 6)


def test_a_child_process_goes_on_by_itself(connect: Clients, server: Double) -> None:
    client = connect(cache="cache", customers=["acme"], flush_interval=60)
    client.report_usage("acme", "api-calls", 1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            client.report_usage("acme", "api-calls", 2)
            is_sent = client.flush(5)
            os.write(writing, b"sent" if is_sent and client.check("acme", "api-calls") else b"no")
            client.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 9) == b"sent"
    os.close(reading)
    os.close(writing)
    assert server.used("acme", "api-calls") == 5, "the child sent its own, and its own only"
    assert client.flush()
    assert server.used("acme", "api-calls") == 6


def test_threads_lose_and_double_nothing(connect: Clients, server: Double) -> None:
    server.give("acme", api_calls=feature("METERED", allowance("1000000")))
    client = connect(cache="cache", customers=["acme"], flush_interval=0.01)

    def work() -> None:
        for _ in range(100):
            assert client.check("acme", "api-calls", 1)
            client.report_usage("acme", "api-calls", 1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.check("acme", "api-calls").current_usage == 800
    assert client.flush()
    assert server.used("acme", "api-calls") == 800
    assert client.check("acme", "api-calls").current_usage == 800
