"""What callers, files and strangers put in: one bad report, id or file harms nothing beside it."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.client.conftest import Clients, until
from tests.client.double import Double, allowance, feature
from usance_client import UsageNotTaken, UsanceClient
from usance_client.cache import Cache
from usance_client.journal import Journal, read
from usance_client.outbox import Outbox
from usance_client.quantity import quantity
from usance_client.reports import Report, Route, usage_report


@pytest.mark.parametrize("text", ["half \ud800", "a NUL \x00"])
def test_text_the_server_will_never_take_is_refused_on_the_spot(
    connect: Clients, server: Double, text: str
) -> None:
    client = connect(customers=["acme"])
    with pytest.raises(ValueError, match="half a character"):
        client.track("acme", "uploaded", dimensions={"name": text})
    with pytest.raises(ValueError, match="half a character"):
        client.track("acme", "uploaded", dimensions={text: 1})
    with pytest.raises(ValueError, match="half a character"):
        client.track("acme", text)
    with pytest.raises(ValueError, match="half a character"):
        client.report_usage("acme", "api-calls", 1, idempotency_key=text)
    client.report_usage("acme", "api-calls", 1)
    assert client.flush(), "what came after it is sent"
    assert server.used("acme", "api-calls") == 4


@pytest.mark.parametrize("number", [float("nan"), float("inf"), Decimal("NaN"), Decimal("1e999")])
def test_a_dimension_that_is_no_number_is_refused_on_the_spot(
    connect: Clients, number: float | Decimal
) -> None:
    client = connect(customers=["acme"])
    with pytest.raises(ValueError, match=r"float values|finite|digits"):
        client.track("acme", "uploaded", dimensions={"bytes": number})
    assert client.status.pending == 0


@pytest.mark.parametrize("text", ["1e999999999", "-1e999999999", "1e-999999999", "9" * 41])
def test_a_number_longer_than_any_is_refused_before_it_fills_memory(
    connect: Clients, text: str
) -> None:
    client = connect(customers=["acme"])
    for ask in (client.check, client.report_usage):
        with pytest.raises(ValueError, match="40 digits"):
            ask("acme", "api-calls", text)
    assert quantity("0e999999999") == 0
    assert not client.check("acme", "api-calls", 10**60), "a whole number is compared as it is"
    assert not client.check("beta", "api-calls", 10**60)


def test_ids_that_are_none_do_not_cut_others_off_from_news(
    connect: Clients, server: Double
) -> None:
    client = connect()
    server.shut()
    for name in ("acme", "no id!", "a,b", "", "ümlaut", "half \ud800"):
        client.check(name, "api-calls")
    server.open()
    until(lambda: client.check("acme", "api-calls").is_fallback is False)
    until(lambda: server.followed)
    assert {name for names in server.followed for name in names} == {"acme"}


def test_ids_that_are_none_are_not_found_again_after_a_restart(
    connect: Clients, server: Double
) -> None:
    client = connect(cache="cache", customers=["acme"])
    for name in ("no id!", "a,b", "half \ud800", "nobody"):
        assert not client.check(name, "api-calls")
    client.close()
    server.followed.clear()
    again = connect(cache="cache")
    assert again.check("acme", "api-calls")
    until(lambda: server.followed)
    assert {name for names in server.followed for name in names} == {"acme"}


def cached(tmp_path: Path, *names: str) -> Path:
    """A cache file with these customers."""
    snapshots = [
        {
            "customerId": name,
            "position": "1",
            "features": {"api-calls": feature("METERED", allowance("10", "3"))},
        }
        for name in names
    ]
    path = tmp_path / "cache"
    Cache(path, "http://nowhere", "key").save(
        [{"snapshot": each, "receivedAt": 10**18} for each in snapshots], 10**18
    )
    return path


def test_a_customer_of_the_cache_that_cannot_be_read_locks_out_nobody_else(tmp_path: Path) -> None:
    path = cached(tmp_path, "acme", "beta")
    kept = json.loads(path.read_text())
    kept["snapshots"][0]["snapshot"]["features"]["api-calls"]["kind"] = "of the future"
    path.write_text(json.dumps(kept))
    found = Cache(path, "http://nowhere", "key").load()
    assert [each.snapshot.customer_id for each in found] == ["beta"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_that_was_damaged_anywhere_stops_nobody(data: st.DataObject, tmp_path: Path) -> None:
    path = cached(tmp_path, "acme", "beta")
    journal = Journal(path)
    journal.add([report("one"), report("two")])
    journal.close(is_done=False)
    (usage,) = tmp_path.glob("cache.usage-*")
    for damaged, at_most in ((path, 9_999), (usage, 999)):
        content = bytearray(damaged.read_bytes())
        first = data.draw(st.integers(0, min(at_most, len(content))))
        piece = data.draw(st.binary(max_size=20) | st.sampled_from(NASTY))
        content[first : first + data.draw(st.integers(0, 40))] = piece
        damaged.write_bytes(bytes(content))
    try:
        for each in Cache(path, "http://nowhere", "key").load():
            assert each.snapshot.customer_id
        assert len(read(usage)) <= 2
    finally:
        for left in tmp_path.glob("cache.usage-*"):
            left.unlink()


NASTY = (b"[" * 5_000, b"1e999999999", b"Infinity", b"NaN", b'"\\ud800"', b"null", b"\xff", b"\0")


def report(key: str) -> Report:
    """A call of acme."""
    said = {
        "customerId": "acme",
        "featureId": "api-calls",
        "updateBehavior": "DELTA",
        "createdAt": "2025-06-15T15:06:40Z",
        "idempotencyKey": key,
    }
    return usage_report(said, Decimal(1))


def test_a_journal_of_nonsense_stops_no_start(connect: Clients, tmp_path: Path) -> None:
    nonsense = [b"[" * 100_000, b'{"done": 3}', b"7", b'{"route": "usage", "body": "{}"}', b"\xff"]
    dated = {"customerId": "a", "createdAt": "0001-01-01T00:00:00+23:59", "idempotencyKey": "k"}
    nonsense.append(json.dumps({"route": "usage", "body": json.dumps(dated)}).encode())
    (tmp_path / "cache.usage-1-abc").write_bytes(b"\n".join(nonsense))
    client = connect(cache="cache", customers=["acme"])
    assert client.check("acme", "api-calls")
    assert client.status.pending == 0


class FullDisk(Journal):
    """A journal whose disk is full from some moment on."""

    is_full = False

    def _write(self, text: str) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        super()._write(text)


def test_of_usage_that_is_taken_together_all_is_taken_or_none(tmp_path: Path) -> None:
    journal = FullDisk(tmp_path / "cache")
    outbox = Outbox(journal)
    assert [each.key for each in outbox.add([report("a"), report("b"), report("a")])] == ["a", "b"]
    journal.is_full = True
    with pytest.raises(UsageNotTaken, match="No space left"):
        outbox.add([report("c"), report("d")])
    assert len(outbox) == 2
    outbox.close()


def test_a_disk_that_is_full_when_usage_was_delivered_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = FullDisk(tmp_path / "cache")
    outbox = Outbox(journal)
    outbox.add([report("a"), report("b"), report("c")])
    journal.is_full = True
    outbox.answered(Route.USAGE, outbox.take(Route.USAGE, 2))
    assert len(outbox) == 1
    assert "what was done" in caplog.text
    (path,) = tmp_path.glob("cache.usage-*")
    assert [each.key for each in read(path)] == ["a", "b", "c"], "sent again; their keys count once"
    outbox.close()


def test_a_full_disk_at_the_start_leaves_what_others_left(
    connect: Clients, server: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "cache")
    journal.add([report("left")])
    journal.close(is_done=False)
    (left,) = tmp_path.glob("cache.usage-*")
    with monkeypatch.context() as patched:
        patched.setattr(FullDisk, "is_full", True)
        patched.setattr("usance_client.client.Journal", FullDisk)
        client = connect(cache="cache", customers=["acme"])
        assert client.check("acme", "api-calls"), "nobody is locked out"
    assert [each.key for each in read(left)] == ["left"]
    client.close()
    assert connect(cache="cache").flush()
    assert server.used("acme", "api-calls") == 4


def test_a_child_that_never_used_the_client_leaves_its_parents_usage_alone(
    connect: Clients, server: Double, tmp_path: Path
) -> None:
    client = connect(cache="cache", customers=["acme"], flush_interval=60)
    for is_waiting in (False, True):
        if is_waiting:
            client.report_usage("acme", "api-calls", 1, idempotency_key="before")
        child = os.fork()
        if child == 0:
            client.close()  # as at the end of a worker process
            os._exit(0)
        os.waitpid(child, 0)
        assert client.status.pending == is_waiting
        (path,) = tmp_path.glob("cache.usage-*")
        assert [each.key for each in read(path)] == ["before"] * is_waiting
    client.report_usage("acme", "api-calls", 1, idempotency_key="after")
    assert [each.key for each in read(path)] == ["before", "after"]
    assert server.used("acme", "api-calls") == 3, "nobody sent it yet"
    assert client.flush()


def test_a_child_asks_how_it_is_though_its_parent_was_busy(connect: Clients) -> None:
    client = connect(customers=["acme"])
    with client._knowledge.lock:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGALRM, lambda *_: os._exit(1))
            signal.alarm(5)
            try:
                is_fine = client.status.customers == 1 and client.flush(1)
                os._exit(0 if is_fine else 2)
            finally:
                sys.stderr.flush()
                os._exit(3)
        _, status = os.waitpid(child, 0)
    assert status == 0


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was asked about a moment ago may be let go."""
    monkeypatch.setattr("usance_client.book.JUST_NOW", 50_000_000)


@pytest.mark.usefixtures("hasty")
def test_whoever_was_asked_about_last_is_held(connect: Clients, server: Double) -> None:
    names = [f"c{index}" for index in range(60)]
    for name in names:
        server.give(name, api_calls=feature("METERED", allowance("10", "3")))
    client = connect(customers=["acme"], most_customers=20)
    assert client.check("c0", "api-calls")
    for name in names:
        assert client.check(name, "api-calls", 7), "who is not held is asked for anew"
        assert client.check("c0", "api-calls", 7)
        time.sleep(0.01)
    until(lambda: client.status.customers <= 21)
    asked = server.asked.count("c0")
    assert asked == 1, "somebody who is asked about all the time is not forgotten"
    server.give("acme", api_calls=feature("METERED", allowance("50", "3")))
    until(lambda: client.check("acme", "api-calls", 47))
    until(lambda: len(set(server.followed[-1])) <= 21)
    assert server.asked.count("acme") <= 2, "those named at the start are held for good"


def test_nobody_is_let_go_between_the_question_and_the_answer(
    connect: Clients, server: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"c{index}" for index in range(40)]
    for name in names:
        server.give(name, api_calls=feature("METERED", allowance("10", "3")))
    client = connect(most_customers=1, fallbacks={"api-calls": False})
    with ThreadPoolExecutor(8) as pool:
        asked = pool.map(lambda name: client.check(name, "api-calls", 7), names * 3)
        assert all(asked), "whoever has it gets it, however many come at once"
    assert client.status.customers > 1
    monkeypatch.setattr("usance_client.book.JUST_NOW", 0)
    until(lambda: client.status.customers <= 1)


def test_somebody_who_cannot_be_renewed_holds_up_nobody(connect: Clients, server: Double) -> None:
    past = "2025-06-20T00:00:00Z"
    names = ["a", "b", "c"]
    for name in names:
        server.give(name, trial=feature("BOOLEAN", validUntil=past))
    server.is_pushing = False
    client = connect(customers=names)
    server.give("a", trial=feature("OF THE FUTURE"))
    for name in names[1:]:
        server.give(name, trial=feature("BOOLEAN", isGranted=False, deniedReason="Revoked"))
    until(lambda: not any(client.check(name, "trial") for name in names[1:]))
    assert client.check("a", "trial")


def test_news_of_somebody_new_are_not_missed(connect: Clients, server: Double) -> None:
    server.give("beta", api_calls=feature("METERED", allowance("10", "3")))
    client = connect(customers=["acme"])
    until(lambda: client.status.connected_streams)
    assert client.check("beta", "api-calls", 7)
    server.give("beta", api_calls=feature("METERED", allowance("50", "3")))
    server.give("acme", api_calls=feature("METERED", allowance("50", "3")))
    until(lambda: client.check("acme", "api-calls", 47))
    until(lambda: client.check("beta", "api-calls", 47))


def test_usage_on_its_way_is_not_forgotten(connect: Clients, server: Double) -> None:
    for index in range(40):
        server.give(f"c{index}", api_calls=feature("METERED", allowance("10", "3")))
    client = connect(most_customers=5, flush_interval=60)
    client.report_usage("c0", "api-calls", 7)
    for index in range(40):
        client.check(f"c{index}", "api-calls")
        client.report_usage(f"c{index}", "api-calls", 0)
    assert not client.check("c0", "api-calls", 1)
    assert client.flush()
    assert not client.check("c0", "api-calls", 1)


@pytest.mark.usefixtures("hasty")
def test_made_up_ids_push_nobody_out(connect: Clients, server: Double) -> None:
    for index in range(5):
        server.give(f"c{index}", api_calls=feature("METERED", allowance("10", "3")))
    client: UsanceClient = connect(most_customers=5)
    for index in range(5):
        assert client.check(f"c{index}", "api-calls")
    for index in range(50):
        assert client.check(f"no-{index}", "api-calls").denial_reason == "CustomerNotFound"
        found = client.check("c1", "api-calls", resource_id=f"r-{index} !")
        assert found.denial_reason == "CustomerResourceNotFound"
    until(lambda: client.status.customers <= 5)
    server.shut()
    for index in range(5):
        assert client.check(f"c{index}", "api-calls"), "known, though the server is down"
