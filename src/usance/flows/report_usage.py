"""Take in numbers of usage that somebody counted already, each once, and say where usage stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from usance.domain.catalog import Feature
from usance.domain.entitlements.reports import (
    Measurement,
    UsageReport,
    delta_of,
    report_problems,
)
from usance.domain.errors import refuse_if
from usance.domain.facts import UsageReported
from usance.domain.ids import CustomerId, FeatureId
from usance.domain.metering.events import UsageEvent
from usance.flows.runtime import Runtime, Scope
from usance.store import (
    access,
    features,
    usage_counters,
    usage_events,
    usage_locks,
    usage_reports,
    usage_windows,
)
from usance.store.access import Read
from usance.store.database import Tx
from usance.store.usage_counters import CounterWindow
from usance.store.usage_reports import KeptReport, ReportKey
from usance.store.usage_windows import Place


@dataclass(slots=True)
class _Batch:
    """Reports on their way in: what is known already, where each counts, and what was used."""

    places: Sequence[Place]
    used: dict[CounterWindow, Decimal]
    known: dict[ReportKey, KeptReport] = field(default_factory=dict)
    events: list[UsageEvent] = field(default_factory=list)
    keys: dict[ReportKey, str] = field(default_factory=dict)
    listening: dict[tuple[str, str], list[CounterWindow]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for counter in self.used:
            heard = (counter.customer_id, counter.meter.event_name)
            self.listening.setdefault(heard, []).append(counter)

    def add(self, event: UsageEvent, delta: Decimal, at: datetime) -> None:
        """It counts from now on, for the reports after it too."""
        self.events.append(event)
        for counter in self.listening[event.customer_id, event.event_name]:
            is_where = counter.resource_id in (None, event.resource_id)
            if is_where and (counter.window is None or at in counter.window):
                self.used[counter] += delta


def report_usage(
    runtime: Runtime, scope: Scope, reports: Sequence[UsageReport]
) -> list[Measurement]:
    """All of `reports` or none, in their order; one whose key was used within a week changes
    nothing and is answered as the first was.

    Nobody else adds to these customers' usage meanwhile, so that a SET is what is used after it.
    Raises Invalid with what stands against each, as `usages[3].featureId`.
    """
    customer_ids = {each.customer_id for each in reports}
    with runtime.transaction(scope) as tx:
        usage_locks.alone(tx, customer_ids)
        now, world = runtime.now(tx), runtime.clock()
        holdings = access.holdings(tx, customer_ids, now=world)
        known = features.some(tx, {each.feature_id for each in reports})
        moments = dict.fromkeys(customer_ids, now) | {
            customer_id: read.holdings.clock_at or world for customer_id, read in holdings.items()
        }
        _refuse(reports, holdings, known, moments)
        batch = _begun(tx, reports, known, holdings, moments)
        batch.known |= usage_reports.known(tx, _keys(reports), at=world)

        measured = [
            _measured(runtime, batch, report, place, moment=moments[report.customer_id], now=now)
            for report, place in zip(reports, batch.places, strict=True)
        ]

        usage_events.append(tx, batch.events, received_at=now)
        usage_reports.save(tx, batch.keys.items(), at=world)
        _announce(runtime, tx, scope, batch.events)
    return measured


def _refuse(
    reports: Sequence[UsageReport],
    holdings: Mapping[CustomerId, Read],
    known: Mapping[FeatureId, Feature],
    moments: Mapping[CustomerId, datetime],
) -> None:
    refuse_if(
        [
            problem.under(f"usages[{index}]")
            for index, report in enumerate(reports)
            for problem in report_problems(
                report,
                known.get(report.feature_id),
                has_customer=report.customer_id in holdings,
                latest=moments[report.customer_id],
            )
        ]
    )


def _begun(
    tx: Tx,
    reports: Sequence[UsageReport],
    known: Mapping[FeatureId, Feature],
    holdings: Mapping[CustomerId, Read],
    moments: Mapping[CustomerId, datetime],
) -> _Batch:
    """Before the first report: what is used in each place."""
    places = [
        usage_windows.place_of(
            known[each.feature_id],
            holdings[each.customer_id],
            each.customer_id,
            at=each.occurred_at or moments[each.customer_id],
            resource_id=each.resource_id,
        )
        for each in reports
    ]
    asked = {counter: counter for place in places for counter in place}
    return _Batch(places, usage_counters.current(tx, asked))


def _measured(
    runtime: Runtime,
    batch: _Batch,
    report: UsageReport,
    place: Place,
    *,
    moment: datetime,
    now: datetime,
) -> Measurement:
    """The measurement of one report, new or known, after those before it.

    `moment`: the present of its customer; `now`: of the environment.
    """
    key = _key(report)
    kept = batch.known.get(key) if report.idempotency_key is not None else None
    if kept is None:
        at = report.occurred_at or moment
        measurement_id = runtime.new_id("use")
        delta = delta_of(report, batch.used[place.level])
        batch.add(report.kept_as(measurement_id, delta=delta, at=at), delta, at)
        kept = KeptReport(measurement_id, report.value, report.resource_id, at, now)
        if report.idempotency_key is not None:
            batch.known[key], batch.keys[key] = kept, measurement_id
    return Measurement(
        id=kept.measurement_id,
        customer_id=report.customer_id,
        feature_id=report.feature_id,
        resource_id=kept.resource_id,
        value=kept.value,
        occurred_at=kept.occurred_at,
        received_at=kept.received_at,
        current_usage=batch.used[place.told],
        window=place.told.window,
    )


def _announce(runtime: Runtime, tx: Tx, scope: Scope, events: Sequence[UsageEvent]) -> None:
    if not events:
        return
    ids = [event.idempotency_key for event in events]
    facts = map(UsageReported, ids)
    runtime.note(tx, scope, "usage.reported", ids[0], *facts, after={"measurements": len(ids)})


def _keys(reports: Sequence[UsageReport]) -> set[ReportKey]:
    return {_key(each) for each in reports if each.idempotency_key is not None}


def _key(report: UsageReport) -> ReportKey:
    return ReportKey(report.customer_id, report.feature_id, report.idempotency_key or "")
