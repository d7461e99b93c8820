"""Taking usage in: kept once, by whomever and however often it is sent, and seen by its owner."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from tests.domain.usage_values import at, counted, event, reversal, window
from usance.domain.catalog import Feature, MeterType
from usance.domain.errors import Invalid
from usance.domain.ids import FeatureId
from usance.domain.metering.batches import read_batch
from usance.domain.metering.events import UsageEvent
from usance.domain.metering.receipts import Outcome, Receipts
from usance.domain.metering.totals import NO_USAGE, UsageTotal
from usance.flows.define_feature import define_feature
from usance.flows.ingest_usage import ingest_usage
from usance.flows.runtime import Runtime, Scope
from usance.store import tenants, usage

CALLS = Feature(
    id=FeatureId("calls"),
    display_name="Calls",
    meter_type=MeterType.INCREMENTAL,
    meter=counted(region="eu"),
)
BATCH = [event(f"k{index}", hours=index, region="eu") for index in range(20)]


def outcomes(receipts: Receipts) -> list[str]:
    return [receipt.outcome for receipt in receipts.receipts]


def total(runtime: Runtime, scope: Scope) -> UsageTotal:
    with runtime.transaction(scope) as tx:
        return usage.totals(tx, {"calls": window(counted())})["calls"]


def test_each_event_is_answered_with_a_receipt(runtime: Runtime, scope: Scope) -> None:
    define_feature(runtime, scope, CALLS)
    batch = [event("a", region="eu"), event("b", region="us"), event("c", name="x"), event("a")]
    assert outcomes(ingest_usage(runtime, scope, batch)) == [
        Outcome.ACCEPTED,
        Outcome.UNMATCHED,
        Outcome.UNMATCHED,
        Outcome.DUPLICATE,
    ]


def test_an_event_that_came_before_its_meter_is_counted_by_it(
    runtime: Runtime, scope: Scope
) -> None:
    assert outcomes(ingest_usage(runtime, scope, [event("a", region="eu")])) == [Outcome.UNMATCHED]
    define_feature(runtime, scope, CALLS)
    assert outcomes(ingest_usage(runtime, scope, [event("b", region="eu")])) == [Outcome.ACCEPTED]
    assert total(runtime, scope).event_count == 2


def test_replaying_a_batch_changes_nothing(runtime: Runtime, scope: Scope) -> None:
    ingest_usage(runtime, scope, BATCH)
    before = total(runtime, scope)
    assert before.event_count == 20
    assert outcomes(ingest_usage(runtime, scope, BATCH)) == [Outcome.DUPLICATE] * 20
    assert outcomes(ingest_usage(runtime, scope, BATCH[7:3:-1])) == [Outcome.DUPLICATE] * 4
    assert total(runtime, scope) == before


def test_a_batch_sent_by_several_at_once_counts_each_event_once(
    runtime: Runtime, scope: Scope
) -> None:
    together = Barrier(4)

    def send(batch: list[UsageEvent]) -> int:
        together.wait(timeout=30)
        return ingest_usage(runtime, scope, batch).count(Outcome.UNMATCHED)

    many = [event(f"k{index}", region="eu") for index in range(2000)]
    with ThreadPoolExecutor(4) as pool:
        new = list(pool.map(send, [many, many[::-1], many[1000:] + many[:1000], many]))
    assert sum(new) == 2000
    assert total(runtime, scope).event_count == 2000


def test_namesakes_sent_by_several_at_once_count_once_each(runtime: Runtime, scope: Scope) -> None:
    together = Barrier(4)

    def send(batch: list[UsageEvent]) -> int:
        together.wait(timeout=30)
        return ingest_usage(runtime, scope, batch).count(Outcome.UNMATCHED)

    many = [
        event(f"k{index}", hours=hours, region="eu") for index in range(100) for hours in range(3)
    ]
    with ThreadPoolExecutor(4) as pool:
        new = list(pool.map(send, [many, many[::-1], many[150:] + many[:150], many]))
    assert sum(new) == 300
    assert total(runtime, scope).event_count == 300


def test_another_environment_sees_nothing(
    runtime: Runtime, scope: Scope, other_scope: Scope
) -> None:
    define_feature(runtime, other_scope, CALLS)
    ingest_usage(runtime, scope, BATCH)
    assert total(runtime, other_scope) == NO_USAGE
    assert outcomes(ingest_usage(runtime, other_scope, BATCH)) == [Outcome.ACCEPTED] * 20


def test_one_event_of_the_future_and_nothing_of_the_batch_is_kept(
    runtime: Runtime, scope: Scope
) -> None:
    now = replace(runtime, clock=lambda: at(5))
    with pytest.raises(Invalid) as refused:
        ingest_usage(now, scope, BATCH)
    assert refused.value.problems[0].path == "events[7].timestamp"
    assert total(runtime, scope) == NO_USAGE


def test_time_is_the_environments_own(runtime: Runtime, scope: Scope) -> None:
    with runtime.transaction(scope) as tx:
        tenants.save_clock(tx, at(30))
    document = {"customerId": "acme", "eventName": "call", "idempotencyKey": "k"}
    ingest_usage(runtime, scope, read_batch([document]))
    assert total(runtime, scope).last_received_at == at(30)


def test_no_event_is_an_empty_answer(runtime: Runtime, scope: Scope) -> None:
    assert ingest_usage(runtime, scope, []) == Receipts(())


def test_an_event_is_taken_back_once_however_often_the_reversal_is_sent(
    runtime: Runtime, scope: Scope
) -> None:
    ingest_usage(runtime, scope, BATCH)
    assert outcomes(ingest_usage(runtime, scope, [reversal("r", "k3")])) == [Outcome.ACCEPTED]
    assert outcomes(ingest_usage(runtime, scope, [reversal("r", "k3")])) == [Outcome.DUPLICATE]
    assert total(runtime, scope).event_count == 19
    with pytest.raises(Invalid) as refused:
        ingest_usage(runtime, scope, [event("new", region="eu"), reversal("s", "k3")])
    assert refused.value.problems[0].code == "AlreadyReversed"
    assert total(runtime, scope).event_count == 19


def test_a_batch_may_take_back_what_it_brings(runtime: Runtime, scope: Scope) -> None:
    ingest_usage(runtime, scope, [reversal("r", "k3"), *BATCH])
    assert total(runtime, scope).event_count == 19


def test_of_several_that_take_one_event_back_at_once_one_does(
    runtime: Runtime, scope: Scope
) -> None:
    ingest_usage(runtime, scope, BATCH)
    together = Barrier(4)

    def send(key: str) -> str:
        together.wait(timeout=30)
        try:
            return outcomes(ingest_usage(runtime, scope, [reversal(key, "k3")]))[0]
        except Invalid as refused:
            return refused.problems[0].code

    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(send, ["r1", "r2", "r3", "r4"]))
    assert found == [Outcome.ACCEPTED, *["AlreadyReversed"] * 3]
    assert total(runtime, scope).event_count == 19
