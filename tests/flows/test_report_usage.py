"""Calculated usage: keys that live a week, sets that race, and what is billed of it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import new_sandbox
from usance.domain.catalog import Feature, MeterType
from usance.domain.customer import Address, Customer
from usance.domain.entitlements.reports import Measurement, UsageReport
from usance.domain.entitlements.usage import Report, UpdateBehavior, after_reports
from usance.domain.ids import CustomerId, FeatureId
from usance.flows.define_feature import define_feature
from usance.flows.forget_expired import forget_expired
from usance.flows.report_usage import report_usage
from usance.flows.runtime import Runtime, Scope, world_clock
from usance.flows.set_up_company import save_customer
from usance.store.database import Database

ACME = CustomerId("acme")
SEATS = Feature(id=FeatureId("seats"), display_name="Seats", meter_type=MeterType.FLUCTUATING)
OUTBOX = "SELECT kind, name FROM outbox WHERE tenant_id = %(tenant_id)s AND kind = 'UsageReported'"
DELTA, SET = UpdateBehavior.DELTA, UpdateBehavior.SET


def begun(runtime: Runtime, scope: Scope) -> None:
    """Acme, and seats without a meter."""
    define_feature(runtime, scope, SEATS)
    save_customer(runtime, scope, Customer(id=ACME, name="Acme", address=Address(country="DE")))


def seats(value: int, behavior: UpdateBehavior = DELTA, key: str | None = None) -> UsageReport:
    return UsageReport(
        customer_id=ACME,
        feature_id=SEATS.id,
        value=Decimal(value),
        behavior=behavior,
        dimensions={},
        idempotency_key=key,
    )


def told(runtime: Runtime, scope: Scope, *reports: UsageReport) -> list[Measurement]:
    return report_usage(runtime, scope, reports)


numbers = st.tuples(st.integers(-5, 9), st.sampled_from([DELTA, SET]))


@given(st.lists(st.lists(numbers, min_size=1, max_size=4), min_size=1, max_size=4))
@settings(max_examples=20, deadline=None)
def test_usage_after_reports_is_what_the_rule_says_however_they_are_batched(
    database: Database, batches: list[list[tuple[int, UpdateBehavior]]]
) -> None:
    runtime, scope = Runtime(database), new_sandbox(database)
    begun(runtime, scope)
    before: list[Report] = []
    for batch in batches:
        for (value, behavior), measured in zip(
            batch, told(runtime, scope, *(seats(*each) for each in batch)), strict=True
        ):
            before.append(Report(Decimal(value), behavior))
            assert measured.current_usage == after_reports(Decimal(0), before)


def test_a_key_counts_anew_after_a_week_of_the_world(runtime: Runtime, scope: Scope) -> None:
    begun(runtime, scope)
    start = world_clock()

    def at(moment: datetime) -> Runtime:
        return replace(runtime, clock=lambda: moment)

    [first] = told(at(start), scope, seats(2, key="k"))
    [again] = told(at(start + timedelta(days=6, hours=23)), scope, seats(2, key="k"))
    assert again == first
    [anew] = told(at(start + timedelta(days=7)), scope, seats(2, key="k"))
    assert (anew.current_usage, anew.id == first.id) == (Decimal(4), False)
    assert forget_expired(at(start + timedelta(days=13)), scope) == 0
    assert forget_expired(at(start + timedelta(days=14)), scope) == 1
    [later] = told(at(start + timedelta(days=14)), scope, seats(2, key="k"))
    assert later.current_usage == 6


def test_each_new_measurement_is_announced_once(runtime: Runtime, scope: Scope) -> None:
    begun(runtime, scope)
    told(runtime, scope, seats(1), seats(2, key="k"), seats(2, key="k"))
    told(runtime, scope, seats(2, key="k"))
    with runtime.transaction(scope) as tx:
        assert [tuple(row) for row in tx.all(OUTBOX)] == [
            ("UsageReported", "measurement.reported")
        ] * 2


def test_numbers_reported_at_one_moment_are_counted_one_after_another(
    runtime: Runtime, scope: Scope
) -> None:
    begun(runtime, scope)
    start = threading.Barrier(6)

    def report(index: int) -> Decimal:
        start.wait()
        behavior = SET if index % 3 == 0 else DELTA
        return told(runtime, scope, seats(1, behavior, key=f"k{index % 5}"))[0].current_usage

    with ThreadPoolExecutor(6) as pool:
        found = sorted(pool.map(report, range(6)))
    # Two keys are one report; what is set is one, and each of the others adds one to what it found.
    assert found[0] == 1
    assert found[-1] <= 4
    [after] = told(runtime, scope, seats(0))
    assert 1 <= after.current_usage <= 4
