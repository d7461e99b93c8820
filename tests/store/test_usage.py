"""Usage in PostgreSQL: each event once, totals as the reference fold has them, in sets."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import new_sandbox
from tests.domain.usage_values import (
    COMMON,
    ODD_TEXTS,
    Detail,
    at,
    counted,
    details,
    ends,
    event,
    meters,
    received,
    reversal,
    reversals,
    starts,
    usage,
    window,
)
from usance.domain.catalog import (
    ABSENCE,
    ORDERED,
    PARTIAL,
    Aggregation,
    Condition,
    Filter,
    Meter,
    Operation,
    read_number,
)
from usance.domain.metering.events import Dimension, UsageEvent
from usance.domain.metering.totals import NO_USAGE, Apart, UsageTotal, holds, total_of
from usance.flows.runtime import Scope
from usance.store import usage as store
from usance.store import usage_events
from usance.store.database import Database, Tx

NOW = at(48)
SUM = Meter("call", Aggregation.SUM, "tokens")


class _Undo(Exception):
    """Raised to roll a transaction back."""


@contextmanager
def undone(database: Database, scope: Scope) -> Iterator[Tx]:
    """A transaction of which nothing stays."""
    try:
        with database.transaction(scope.tenant_id) as tx:
            yield tx
            raise _Undo
    except _Undo:
        pass


@pytest.fixture
def tx(database: Database, scope: Scope) -> Iterator[Tx]:
    with undone(database, scope) as tx:
        yield tx


@pytest.fixture(scope="session")
def shared_scope(database: Database) -> Scope:
    """One sandbox for all examples of a property, each of which undoes what it did."""
    return new_sandbox(database)


@given(
    usage(at_least=4),
    st.lists(st.tuples(meters(), starts, ends, details), min_size=3, max_size=9),
    st.data(),
)
@settings(max_examples=100, deadline=None)
def test_the_sql_total_is_the_reference_fold(
    database: Database,
    shared_scope: Scope,
    events: list[UsageEvent],
    asked: list[tuple[Meter, int, int, Detail]],
    data: st.DataObject,
) -> None:
    windows = {index: window(*each) for index, each in enumerate(asked)}
    sent = [*events, *data.draw(reversals(events))]
    with undone(database, shared_scope) as tx:
        usage_events.append(tx, sent, received_at=NOW)
        assert store.totals(tx, windows) == {
            key: total_of(each, map(received, sent)) for key, each in windows.items()
        }


@given(usage(at_least=6), starts, ends, st.sampled_from([None, "r1"]), st.data())
@settings(max_examples=50, deadline=None)
def test_the_sql_level_is_the_reference_level(
    database: Database,
    shared_scope: Scope,
    events: list[UsageEvent],
    start: int,
    end: int,
    resource_id: str | None,
    data: st.DataObject,
) -> None:
    placed = [
        replace(each, resource_id=data.draw(st.sampled_from([None, "r1"]))) for each in events
    ]
    sent = [*placed, *data.draw(reversals(placed))]
    asked = replace(window(SUM, start, end), resource_id=resource_id, is_level=True)
    with undone(database, shared_scope) as tx:
        usage_events.append(tx, sent, received_at=NOW)
        assert store.totals(tx, {"it": asked})["it"] == total_of(asked, map(received, sent))


def test_every_operation_finds_the_same_in_sql_for_every_odd_value(tx: Tx) -> None:
    found: list[Dimension | None] = [None, *ODD_TEXTS, *COMMON, False, *map(Decimal, ["7", "-3"])]
    texts = [*ODD_TEXTS, "12.5", "1", "e", "u"]
    asked = [
        (condition, value)
        for operation in Operation
        for condition in _conditions(operation, texts)
        for value in found
    ]
    cases = [
        {"condition": store.asked_condition(condition)}
        | ({} if value is None else {"dimension": value})
        for condition, value in asked
    ]
    [row] = tx.all(EVERY_CONDITION, cases=store.TO_JSON.encode(cases).decode())
    wrong = [
        (condition, value)
        for (condition, value), held in zip(asked, row.held, strict=True)
        if held is not holds(condition, {} if value is None else {"field": value})
    ]
    assert len(asked) > 10_000
    assert wrong == []


EVERY_CONDITION = """
SELECT array_agg(usage_condition_holds(one -> 'condition', one -> 'dimension') ORDER BY nth) AS held
  FROM jsonb_array_elements(%(cases)s::jsonb) WITH ORDINALITY AS given (one, nth)
"""


def _conditions(operation: Operation, texts: list[str]) -> list[Condition]:
    if operation in ABSENCE:
        return [Condition("field", operation)]
    fits = [text for text in texts if text or operation not in PARTIAL]
    if operation in ORDERED:
        fits = [text for text in texts if read_number(text) is not None]
    return [Condition("field", operation, (text,)) for text in fits]


@given(usage(), st.data())
@settings(max_examples=30, deadline=None)
def test_an_event_counts_once_however_often_and_in_whatever_batches_it_is_sent(
    database: Database, shared_scope: Scope, events: list[UsageEvent], data: st.DataObject
) -> None:
    sent = data.draw(st.lists(st.sampled_from(events), max_size=20)) if events else []
    cut = data.draw(st.integers(0, len(sent)))
    with undone(database, shared_scope) as tx:
        new = [*usage_events.append(tx, sent[:cut], received_at=NOW)]
        new += usage_events.append(tx, sent[cut:], received_at=NOW)
        assert new == [each not in sent[:index] for index, each in enumerate(sent)]
        calls = window(counted(), 0, 49)
        distinct = [each for index, each in enumerate(sent) if each not in sent[:index]]
        expected = total_of(calls, map(received, distinct))
        assert store.totals(tx, {"all": calls}) == {"all": expected}


def test_of_two_events_with_one_key_the_first_stands(tx: Tx) -> None:
    batch = [event("b", tokens=1), event("a", tokens=10), event("b", tokens=100)]
    assert usage_events.append(tx, batch, received_at=NOW) == (True, True, False)
    assert usage_events.append(tx, [event("a", tokens=1000)], received_at=NOW) == (False,)
    assert store.totals(tx, {"sum": window(SUM)})["sum"].quantity == 11


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.sampled_from([None, "app", "web"])),
        max_size=12,
    ),
    st.data(),
)
@settings(max_examples=30, deadline=None)
def test_events_are_told_apart_by_key_moment_and_resource(
    database: Database,
    shared_scope: Scope,
    made: list[tuple[str, int, str | None]],
    data: st.DataObject,
) -> None:
    sent = [
        replace(event(key, hours=hours, tokens=1), resource_id=resource_id)
        for key, hours, resource_id in made
    ]
    cut = data.draw(st.integers(0, len(sent)))
    with undone(database, shared_scope) as tx:
        new = [*usage_events.append(tx, sent[:cut], received_at=NOW)]
        new += usage_events.append(tx, sent[cut:], received_at=NOW)
        assert new == [each not in made[:index] for index, each in enumerate(made)]
        again = usage_events.append(tx, data.draw(st.permutations(sent)), received_at=NOW)
        assert not any(again)
        assert store.totals(tx, {"all": window(SUM)})["all"].quantity == len(set(made))


def test_an_event_that_states_no_moment_is_the_one_that_has_its_key(tx: Tx) -> None:
    unstated = replace(event("a", tokens=1), occurred_at=None)
    assert usage_events.append(tx, [unstated], received_at=at(1)) == (True,)
    assert usage_events.append(tx, [unstated], received_at=at(2)) == (False,)
    elsewhere = replace(unstated, resource_id="app")
    assert usage_events.append(tx, [elsewhere], received_at=at(3)) == (True,)
    assert usage_events.append(tx, [elsewhere, unstated], received_at=at(4)) == (False, False)
    assert store.totals(tx, {"sum": window(SUM)})["sum"].quantity == 2


def test_a_key_belongs_to_one_customer_and_one_name(tx: Tx) -> None:
    batch = [event("a"), event("a", customer="globex"), event("a", name="login")]
    assert usage_events.append(tx, batch, received_at=NOW) == (True, True, True)


def test_no_event_is_no_statement_that_fails(tx: Tx) -> None:
    assert usage_events.append(tx, [], received_at=NOW) == ()
    assert store.totals(tx, {}) == {}
    assert store.totals(tx, {"none": window(SUM)}) == {"none": NO_USAGE}


def test_the_watermark_is_when_the_latest_counted_event_was_received(tx: Tx) -> None:
    usage_events.append(tx, [event("a", hours=9, tokens=1)], received_at=at(10))
    usage_events.append(tx, [event("b", hours=5, tokens=2)], received_at=at(30))
    usage_events.append(tx, [event("c", hours=5, tokens="12abc")], received_at=at(40))
    total = store.totals(tx, {"sum": window(SUM)})["sum"]
    assert total == UsageTotal(Decimal(3), 2, at(30), unread_count=1)


def test_the_largest_numbers_add_up_exactly(tx: Tx) -> None:
    most = Decimal(10**17 - 1) + Decimal("0.999999999999")
    usage_events.append(tx, [event(f"k{i}", tokens=most) for i in range(1000)], received_at=NOW)
    assert store.totals(tx, {"sum": window(SUM)})["sum"].quantity == most * 1000


def test_the_longest_names_and_keys_fit(tx: Tx) -> None:
    wide = "".join(chr(0x10000 + 17 * index) for index in range(255))
    sent = event(wide, customer="c" * 255, name=wide[::-1])
    assert usage_events.append(tx, [sent], received_at=NOW) == (True,)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"event_name": ""}, "an_event_has_a_name"),
        ({"idempotency_key": "k" * 256}, "an_event_has_a_key"),
        ({"occurred_at": NOW + timedelta(hours=2)}, "an_event_is_not_of_the_future"),
        ({"dimensions": []}, "usage_events_dimensions_check"),
    ],
)
def test_sql_refuses_what_the_rules_refuse(
    tx: Tx, change: dict[str, object], constraint: str
) -> None:
    row = {"customer_id": "acme", "event_name": "call", "idempotency_key": "k", "dimensions": {}}
    rows = json.dumps([row | change], default=datetime.isoformat)
    with pytest.raises(psycopg.errors.CheckViolation) as refused, tx.connection.transaction():
        tx.all(usage_events.APPEND, events=rows, received_at=NOW)
    assert refused.value.diag.constraint_name == constraint


@pytest.mark.parametrize(
    "statement", ["UPDATE usage_events SET dimensions = '{}'", "DELETE FROM usage_events"]
)
def test_an_event_never_changes(tx: Tx, statement: str) -> None:
    usage_events.append(tx, [event("a", tokens=1)], received_at=NOW)
    with pytest.raises(psycopg.errors.RestrictViolation), tx.connection.transaction():
        tx.connection.execute(statement.encode())


def test_an_event_that_was_taken_back_stays_so(tx: Tx) -> None:
    usage_events.append(tx, [event("a", tokens=1), reversal("b", "a")], received_at=NOW)
    for statement in ("SET reversed_by = NULL", "SET reversed_by = 'c'"):
        with pytest.raises(psycopg.errors.RestrictViolation), tx.connection.transaction():
            tx.connection.execute(
                f"UPDATE usage_events {statement} WHERE idempotency_key = 'a'".encode()
            )


def test_sql_refuses_to_take_back_what_is_not_there_or_a_reversal(tx: Tx) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation), tx.connection.transaction():
        usage_events.append(tx, [reversal("b", "a")], received_at=NOW)
    usage_events.append(tx, [event("a", tokens=1), reversal("b", "a")], received_at=NOW)
    with pytest.raises(psycopg.errors.CheckViolation) as refused, tx.connection.transaction():
        usage_events.append(tx, [reversal("c", "b")], received_at=NOW)
    assert refused.value.diag.constraint_name == "a_reversal_is_not_taken_back"


# ------------------------------------------------------------------------------------- in sets --

CUSTOMERS = 2_000
FILTERED = Meter(
    "call",
    Aggregation.COUNT,
    filters=(Filter((Condition("region", Operation.EQUALS, ("eu",)),)),),
)
EACH = [counted(), SUM, Meter("call", Aggregation.UNIQUE, "region"), FILTERED]
EACH += [Meter("call", Aggregation.MAX, "tokens")]


@pytest.fixture
def crowd(tx: Tx) -> tuple[Tx, float]:
    """2,000 customers with 5 calls each, and how many seconds these took."""
    numbers = count()
    batches = [
        [
            event(f"k{next(numbers)}", hours=3, customer=f"c{customer}", tokens=2, region="eu")
            for customer in range(CUSTOMERS)
        ]
        for _ in range(5)
    ]
    began = time.perf_counter()
    for batch in batches:
        usage_events.append(tx, batch, received_at=NOW)
    return tx, time.perf_counter() - began


def test_ten_thousand_windows_cost_about_what_ten_thousand_events_cost(
    crowd: tuple[Tx, float],
) -> None:
    tx, taking_in = crowd
    windows = {
        (customer, index): window(meter, customer=f"c{customer}")
        for customer in range(CUSTOMERS)
        for index, meter in enumerate(EACH)
    }
    took = []
    for _ in range(3):
        began = time.perf_counter()
        totals = store.totals(tx, windows)
        took.append(time.perf_counter() - began)
        assert [totals[7, index].quantity for index in range(5)] == [5, 10, 1, 5, 2]
    assert min(took) < 3 * taking_in, f"{took} s, events {taking_in:.2f} s"  # measured: 0.7 times


def test_a_window_is_read_from_its_own_index(crowd: tuple[Tx, float]) -> None:
    tx, _ = crowd
    asked = store.TO_JSON.encode([store.asked_window(0, window(SUM, customer="c7"))]).decode()
    rows = tx.all("EXPLAIN " + store.TOTALS, windows=asked)
    plan = "\n".join(row[0] for row in rows)
    assert plan.count("usage_events_by_window") == 2, plan
    assert "Seq Scan on usage_events" not in plan


@pytest.mark.parametrize("detail", [("region",), Apart(10, None)])
def test_a_window_with_detail_is_read_from_its_own_index_once(
    crowd: tuple[Tx, float], detail: Detail
) -> None:
    tx, _ = crowd
    one = window(SUM, 0, 48, detail, customer="c7")
    asked = store.TO_JSON.encode([store.asked_window(0, one)]).decode()
    rows = tx.all("EXPLAIN ANALYZE " + store.DETAILED, windows=asked)
    plan = "\n".join(row[0] for row in rows)
    scans = [line for line in plan.splitlines() if "usage_events_by_window" in line]
    assert sum("never executed" not in line for line in scans) == 1, plan
    assert "Seq Scan on usage_events" not in plan
