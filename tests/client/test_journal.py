"""The journal: what the caller was told is taken is there after a crash."""

from __future__ import annotations

import logging
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client.conftest import Clients
from tests.client.double import Double
from usance_client import UsageNotTaken
from usance_client.journal import Journal, read
from usance_client.outbox import Outbox
from usance_client.reports import Report, Route, event_report, usage_report


def report(key: str) -> Report:
    """A report of that key."""
    said = {
        "customerId": "acme",
        "featureId": "api-calls",
        "createdAt": "2025-06-15T15:06:40Z",
        "idempotencyKey": key,
    }
    return usage_report(said, 1)  # type: ignore[arg-type]


def left_in(folder: Path) -> list[str]:
    """The keys of what is pending in all journals of a folder."""
    return [each.key for path in sorted(folder.glob("*.usage-*")) for each in read(path)]


def test_what_was_taken_outlives_the_process_and_is_sent_by_the_next(
    connect: Clients, server: Double, tmp_path: Path
) -> None:
    server.shut()
    crash = f"""
import os
from usance_client import UsanceClient
client = UsanceClient("key", {server.url!r}, cache_path={str(tmp_path / "cache")!r}, timeout=0.2)
for index in range(20):
    print(client.report_usage("acme", "api-calls", "0.5"), flush=True)
os._exit(9)
"""
    done = subprocess.run(
        [sys.executable, "-c", crash], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 9, done.stderr
    assert left_in(tmp_path) == done.stdout.split()

    server.open()
    client = connect(cache="cache", customers=["acme"])
    assert client.flush()
    assert set(server.seen) == set(done.stdout.split())
    assert server.used("acme", "api-calls") == 13
    assert client.check("acme", "api-calls").current_usage == 13
    client.close()
    assert left_in(tmp_path) == []


def test_a_living_process_keeps_its_own(connect: Clients, server: Double, tmp_path: Path) -> None:
    one = connect(cache="cache", flush_interval=60)
    one.report_usage("acme", "api-calls", 1)
    other = connect(cache="cache")
    assert other.flush()
    assert other.status.pending == 0
    assert one.status.pending == 1
    assert one.flush()
    assert server.used("acme", "api-calls") == 4


def test_a_torn_last_line_is_no_report(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal(tmp_path / "cache")
    journal.add([report("one"), report("two")])
    journal.close(is_done=False)
    (path,) = tmp_path.glob("cache.usage-*")
    path.write_bytes(path.read_bytes()[:-20])
    with caplog.at_level(logging.WARNING):
        outbox = Outbox(Journal(tmp_path / "cache"))
    assert [each.key for each in outbox.take(Route.USAGE, 9)] == ["one"]
    assert "is skipped" in caplog.text
    outbox.close()


def test_events_and_numbers_come_back_as_they_were(tmp_path: Path) -> None:
    event = event_report(
        {
            "customerId": "acme",
            "eventName": "Anruf “eins”",
            "timestamp": "2025-06-15T15:06:40.123456Z",
            "idempotencyKey": "e",
            "dimensions": {"größe": 3},
        }
    )
    journal = Journal(tmp_path / "cache", is_synced=True)
    journal.add([report("u"), event])
    journal.close(is_done=False)
    (path,) = tmp_path.glob("cache.usage-*")
    assert read(path) == [report("u"), event]


def test_a_long_journal_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("usance_client.journal.COMPACT_ABOVE", 1_000)
    outbox = Outbox(Journal(tmp_path / "cache"))
    for index in range(50):
        outbox.add([report(str(index))])
    for _ in range(4):
        outbox.answered(Route.USAGE, outbox.take(Route.USAGE, 10))
    (path,) = tmp_path.glob("cache.usage-*")
    assert [each.key for each in read(path)] == [str(index) for index in range(40, 50)]
    assert path.stat().st_size < 3_000
    outbox.close()


def test_a_full_disk_is_told_and_nothing_is_counted(connect: Clients) -> None:
    client = connect(cache="cache", customers=["acme"], flush_interval=60)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))  # a file of 100 bytes is full
    try:
        with pytest.raises(UsageNotTaken, match="File too large"):
            client.report_usage("acme", "api-calls", 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert client.check("acme", "api-calls").current_usage == 3
    assert client.status.pending == 0
    client.report_usage("acme", "api-calls", 1)
    assert client.flush()
