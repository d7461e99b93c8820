"""Connections and tracks as values: what they are, what is asked for, what may be counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from usance.domain.catalog import (
    Aggregation,
    Condition,
    Feature,
    Filter,
    Meter,
    MeterType,
    Operation,
)
from usance.domain.connections.closer import to_look_at
from usance.domain.connections.connection import (
    Connection,
    ConnectionExists,
    HistoryKind,
    key_problems,
)
from usance.domain.connections.history import Anchor, Point
from usance.domain.connections.track import (
    Span,
    Track,
    counting_meter,
    next_anchor,
    read,
    span,
)
from usance.domain.errors import Invalid
from usance.domain.ids import ConnectionId, CustomerId, FeatureId

SINCE = datetime(2025, 1, 1, tzinfo=UTC)
NOW = datetime(2025, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
STIGG = ConnectionId("stigg")
CONNECTION = Connection(id=STIGG, url="https://api.stigg.io", since=SINCE)
TRACK = Track(
    id="trk_1",
    connection_id=STIGG,
    customer_there="acme",
    feature_there="calls",
    customer_id=CustomerId("acme"),
    feature_id=FeatureId("calls"),
    since=SINCE,
    known_since=SINCE,
)
ANCHOR = Anchor(NOW - 2 * DAY, Decimal(5))
READ = replace(TRACK, read_whole_at=NOW - DAY / 2, anchor=ANCHOR)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.stigg.io",
        "http://usance:8000/",
        "http://127.0.0.1:8000/below/it",
        "https://[2001:db8::1]:443",
        "https://10.0.0.7",
    ],
)
def test_a_system_is_reached_over_http(url: str) -> None:
    assert replace(CONNECTION, url=url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.stigg.io",
        "file:///etc/passwd",
        "https://ann@there.example",
        "https://ann:secret@there.example",
        "https://there.example?key=1",
        "https://there.example/#x",
        "https://there.example:99999",
        "https://there.example/a b",
        "https://there.example\\@169.254.169.254",
        "http://169.254.169.254",
        "http://[fe80::1]",
        "http://[::ffff:169.254.169.254]",
        "http://0.0.0.0",
        "http://224.0.0.1",
        "http://2852039166",
        "http://0xA9FEA9FE",
        "http://169.254.43518",
        "https://there.example/" + "x" * 500,
    ],
)
def test_what_is_no_address_of_a_server_is_refused_and_no_password_repeated(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        replace(CONNECTION, url=url)
    assert [(each.code, each.path) for each in refused.value.problems] == [("InvalidUrl", "url")]
    assert "secret" not in str(refused.value)


def test_every_problem_of_a_connection_is_told() -> None:
    with pytest.raises(Invalid) as refused:
        Connection(
            id=ConnectionId("a b"),
            url="",
            since=datetime(2025, 1, 1),  # noqa: DTZ001
            customers={"": CustomerId("acme"), "there": CustomerId("a b")},
            features={str(number): None for number in range(10_001)},
        )
    assert [(each.code, each.path) for each in refused.value.problems] == [
        ("InvalidUrl", "url"),
        ("InvalidId", "id"),
        ("InvalidId", "customers"),
        ("InvalidId", "customers.there"),
        ("TooMany", "features"),
        ("InvalidTimestamp", "since"),
    ]


@pytest.mark.parametrize("key", ["", "with blank", "x" * 501, "line\n", "ключ"])
def test_a_key_is_one_word_and_never_repeated(key: str) -> None:
    [problem] = key_problems(key)
    assert (problem.code, problem.value) == ("InvalidKey", "")


def test_what_is_called_what() -> None:
    names = {"acme-inc": CustomerId("acme"), "test": None}
    connection = replace(CONNECTION, customers=names, features={"sso": None})
    called = [connection.customer_here(there) for there in ("acme-inc", "test", "globex")]
    assert called == ["acme", None, "globex"]
    assert [connection.feature_here(there) for there in ("sso", "calls")] == [None, "calls"]


def test_the_first_reading_begins_a_day_before_it_counts() -> None:
    assert span(TRACK, HistoryKind.RUNNING, now=NOW) == Span(SINCE - DAY, SINCE)
    assert span(TRACK, HistoryKind.AMOUNTS, now=NOW) == Span(SINCE, SINCE)


def test_a_running_count_goes_on_from_its_anchor_for_a_day() -> None:
    on = Span(ANCHOR.at - DAY / 24, ANCHOR.at, ANCHOR, reads_all=False)
    assert span(READ, HistoryKind.RUNNING, now=NOW) == on
    whole = Span(SINCE - DAY, SINCE)
    assert span(READ, HistoryKind.RUNNING, now=NOW, is_doubtful=True) == whole
    assert span(READ, HistoryKind.RUNNING, now=NOW + DAY) == whole


def test_amounts_are_read_from_the_start_of_a_month() -> None:
    march = datetime(2025, 3, 1, tzinfo=UTC)
    assert span(READ, HistoryKind.AMOUNTS, now=NOW) == Span(march, march, reads_all=False)


def test_what_is_older_than_400_days_is_read_only_when_asked_for() -> None:
    later = datetime(2027, 3, 20, tzinfo=UTC)
    first = datetime(2026, 2, 1, tzinfo=UTC)
    assert span(READ, HistoryKind.RUNNING, now=later) == Span(first - DAY, first)
    asked = span(READ, HistoryKind.RUNNING, now=later, is_whole=True)
    assert asked == Span(SINCE - DAY, SINCE)


def test_an_anchor_stays_where_nothing_newer_is_told() -> None:
    assert next_anchor([], READ, HistoryKind.RUNNING, now=NOW) == ANCHOR
    assert next_anchor([], READ, HistoryKind.AMOUNTS, now=NOW) is None


def summed(*filters: Filter) -> Feature:
    """Calls, added up of events that pass the filters."""
    meter = Meter("call", Aggregation.SUM, "calls", filters)
    return Feature(
        id=FeatureId("calls"), display_name="Calls", meter_type=MeterType.INCREMENTAL, meter=meter
    )


def test_amounts_are_taken_in_where_a_meter_adds_a_field_up_that_nothing_keeps_out() -> None:
    ours = Filter((Condition("status", Operation.NOT_EQUALS, ("error",)),))
    other = Filter((Condition("region", Operation.EQUALS, ("eu",)),))
    some = Filter((Condition("calls", Operation.GREATER_THAN, ("10",)),))
    assert counting_meter(summed(), STIGG) == summed().meter
    assert counting_meter(summed(ours), STIGG) is not None
    assert counting_meter(summed(other), STIGG) is None
    assert counting_meter(summed(some), STIGG) is None
    assert counting_meter(replace(summed(), meter=None), STIGG) is not None
    assert counting_meter(replace(summed(), meter=Meter("call", Aggregation.COUNT)), STIGG) is None
    setting = replace(summed(), meter=None, meter_type=MeterType.NONE)
    assert counting_meter(setting, STIGG) is None


def test_a_track_reads_what_it_asked_for() -> None:
    told = [[Point(ANCHOR.at, ANCHOR.value), Point(NOW, Decimal(9))]]
    on = span(READ, HistoryKind.RUNNING, now=NOW)
    reading = read(told, on, READ, HistoryKind.RUNNING, now=NOW)
    assert reading is not None
    assert list(reading.amounts.values()) == [4]
    first = span(TRACK, HistoryKind.RUNNING, now=NOW)
    whole = read(told, first, TRACK, HistoryKind.RUNNING, now=NOW)
    assert whole is not None
    assert list(whole.amounts.values()) == [5, 4], "there was nobody to count before"
    plain = read(told, first, TRACK, HistoryKind.AMOUNTS, now=NOW)
    assert plain is not None
    assert list(plain.amounts.values()) == [5, 9]
    assert to_look_at(plain, list(plain.amounts), now=NOW) == []
    assert to_look_at(whole, list(whole.amounts), now=ANCHOR.at - DAY) == []
    assert next_anchor(told, TRACK, HistoryKind.RUNNING, now=NOW + DAY) == ANCHOR
    unread = replace(READ, anchor=None)
    assert span(unread, HistoryKind.RUNNING, now=NOW) == first


def test_a_second_connection_of_one_name_is_refused_and_a_proper_key_is_not() -> None:
    assert "stigg" in str(ConnectionExists("stigg"))
    assert list(key_problems("server-key")) == []
