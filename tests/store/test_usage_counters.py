"""Live counters: always what the events come to, whoever writes and whoever reads meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import new_sandbox
from tests.domain.usage_values import at, counted, event, meters, received, reversals, usage
from tests.store.test_usage import NOW, shared_scope, tx, undone
from usance.domain.catalog import Aggregation, Meter
from usance.domain.entitlements.windows import Window
from usance.domain.ids import CustomerId, FeatureId
from usance.domain.metering.events import UsageEvent
from usance.domain.metering.totals import total_of
from usance.flows.runtime import Scope
from usance.store import usage as totals
from usance.store import usage_counters as counters
from usance.store import usage_events
from usance.store.database import Database, Tx
from usance.store.usage_counters import CounterWindow

__all__ = ["shared_scope", "tx"]

ACME = CustomerId("acme")
CALLS = FeatureId("calls")
SUM = Meter("call", Aggregation.SUM, "tokens")
DAY = Window(at(0), at(24))
WINDOWS = [None, Window(at(0)), DAY, Window(at(1), at(48)), Window(at(25))]
EVERY = CounterWindow(ACME, CALLS, SUM)


def counter(
    index: int, meter: Meter, window: Window | None, resource_id: str | None
) -> CounterWindow:
    return CounterWindow(ACME, FeatureId(f"f{index}"), meter, window, resource_id)


asked = st.lists(
    st.tuples(meters(), st.sampled_from(WINDOWS), st.sampled_from([None, "r1", "r2"])),
    min_size=1,
    max_size=5,
).map(lambda drawn: [counter(index, *each) for index, each in enumerate(drawn)])


@given(usage(at_least=6), asked, st.data())
@settings(max_examples=60, deadline=None)
def test_a_counter_is_the_sql_total_is_the_reference_fold(
    database: Database,
    shared_scope: Scope,
    events: list[UsageEvent],
    asked: list[CounterWindow],
    data: st.DataObject,
) -> None:
    resources = st.sampled_from([None, "r1", "r2"])
    placed = [replace(each, resource_id=data.draw(resources)) for each in events]
    sent = [*placed, *data.draw(reversals(placed))]
    batches = _batches(sent, sorted(data.draw(st.sets(st.integers(0, len(sent)), max_size=4))))
    windows = dict(enumerate(asked))
    with undone(database, shared_scope) as tx:
        for index, batch in enumerate(batches):
            for again in (batch, batch):  # sent twice, as after an answer that got lost
                usage_events.append(tx, again, received_at=NOW)
            known = [each for batch in batches[: index + 1] for each in batch]
            # Of some windows a counter is there from now on; of the others not yet.
            some = {key: windows[key] for key in data.draw(st.sets(st.sampled_from([*windows])))}
            assert counters.current(tx, some) == _reference(some, known)
        told = counters.current(tx, windows)
        assert told == _reference(windows, sent)
        sql = totals.totals(tx, {key: counters.usage_window(each) for key, each in windows.items()})
        assert told == {key: total.quantity for key, total in sql.items()}


def _batches(events: list[UsageEvent], cuts: Sequence[int]) -> list[list[UsageEvent]]:
    edges = [0, *cuts, len(events)]
    return [events[start:end] for start, end in pairwise(edges)]


def _reference(windows: dict[int, CounterWindow], events: list[UsageEvent]) -> dict[int, Decimal]:
    known = [received(each) for each in events]
    return {
        key: total_of(counters.usage_window(each), known).quantity for key, each in windows.items()
    }


def test_a_feature_that_is_counted_otherwise_from_now_on_is_counted_anew(tx: Tx) -> None:
    usage_events.append(tx, [event("a", tokens=5), event("b", tokens=7)], received_at=NOW)
    assert counters.current(tx, {"it": EVERY}) == {"it": 12}
    anew = EVERY._replace(meter=counted())
    assert counters.current(tx, {"it": anew}) == {"it": 2}
    usage_events.append(tx, [event("c", tokens=1)], received_at=NOW)
    assert counters.current(tx, {"it": anew}) == {"it": 3}


def test_nobody_counts_twice_what_is_counted_already(tx: Tx) -> None:
    usage_events.append(tx, [event("a", tokens=5)], received_at=NOW)
    counters.current(tx, {"it": EVERY})
    usage_events.append(tx, [event("b", tokens=1), event("a", tokens=5)], received_at=NOW)
    [row] = tx.all("SELECT quantity, event_count, is_stale FROM usage_counters")
    assert (row.quantity, row.event_count, row.is_stale) == (6, 2, False)


def test_what_changed_a_counter_last_is_known(tx: Tx) -> None:
    counters.current(tx, {"day": EVERY._replace(window=DAY), "ever": EVERY})
    usage_events.append(tx, [event("a", hours=30, tokens=5)], received_at=NOW)
    rows = tx.all(
        "SELECT quantity, changed_in = pg_current_xact_id() AS is_ours"
        "  FROM usage_counters ORDER BY quantity"
    )
    assert [(row.quantity, row.is_ours) for row in rows] == [(0, True), (5, True)]


def test_counters_of_windows_that_are_over_are_forgotten_and_come_back(tx: Tx) -> None:
    asked = {"day": EVERY._replace(window=DAY), "ever": EVERY}
    usage_events.append(tx, [event("a", hours=3, tokens=5)], received_at=NOW)
    counters.current(tx, asked)
    assert counters.delete_expired(tx, at=at(23)) == 0
    assert counters.delete_expired(tx, at=at(24)) == 1
    usage_events.append(tx, [event("b", hours=4, tokens=2)], received_at=NOW)
    assert counters.current(tx, asked) == {"day": 7, "ever": 7}


def test_batches_and_readers_at_one_moment_lose_nothing_and_double_nothing(
    database: Database,
) -> None:
    """Each event is sent by two; each reader finds some number on the way, and none goes back."""
    scope = new_sandbox(database)
    customers = [CustomerId(f"c{index}") for index in range(5)]
    batches = [
        [
            event(f"{batch}-{index}", hours=3, customer=customers[index % 5], tokens=1)
            for index in range(40)
        ]
        for batch in range(12)
    ]
    start = threading.Barrier(8)

    def send(mine: list[list[UsageEvent]]) -> int:
        start.wait()
        new = 0
        for batch in mine:
            with database.transaction(scope.tenant_id) as tx:
                new += sum(usage_events.append(tx, batch, received_at=NOW))
        return new

    def read(offset: int) -> int:
        start.wait()
        before = Decimal(0)
        for turn in range(25):
            window = Window(at(0), at(24) + timedelta(hours=turn // 8 + offset))
            with database.transaction(scope.tenant_id) as tx:
                asked = {str(each): EVERY._replace(customer_id=each) for each in customers}
                asked["some"] = EVERY._replace(customer_id=customers[0], window=window)
                found = counters.current(tx, asked)
            ever = sum((found[each] for each in customers), Decimal(0))
            assert ever >= before
            before = ever
        return 0

    with ThreadPoolExecutor(8) as pool:
        senders = [pool.submit(send, batches[::step]) for step in (1, -1, 1, -1, 1)]
        readers = [pool.submit(read, offset) for offset in range(3)]
        assert sum(each.result(60) for each in senders) == 480
        assert [each.result(60) for each in readers] == [0, 0, 0]
    with database.transaction(scope.tenant_id) as tx:
        asked = {each: EVERY._replace(customer_id=each) for each in customers}
        assert counters.current(tx, asked) == dict.fromkeys(customers, Decimal(96))
        rows = tx.all("SELECT quantity FROM usage_counters WHERE customer_id = 'c0'")
        assert {row.quantity for row in rows} == {96}
