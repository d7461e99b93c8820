"""Receipts of usage: what became of each event since it was reported."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field

from usance.api.caller import Asked
from usance.api.envelope import Instant, Page, Single, Wire
from usance.api.paging import Paging, part
from usance.api.route import resource
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import CustomerId
from usance.domain.metering.events import FIRST, LAST, EventKey
from usance.domain.metering.tracing import BillingLine, EventState, Traced
from usance.store import features, usage_receipts
from usance.store.database import Tx
from usance.store.usage_receipts import EventsAsked, Place

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

router = resource("usage", tag="Usage")


class EventLineWire(Wire):
    """A contract line that bills what counts the event."""

    feature_id: str
    contract_id: str
    contract_line_id: str
    state: EventState
    invoice_id: str | None = Field(description="The document that has the event's day.")
    invoice_number: str | None = Field(description="Null until it is issued.")


class EventWire(Wire):
    """An event as it is kept, and what became of it."""

    customer_id: str
    event_name: str
    idempotency_key: str
    timestamp: Instant
    received_at: Instant
    resource_id: str | None
    dimensions: dict[str, str | bool] = Field(description="Numbers as text, exactly.")
    reverses: str | None = Field(description="The key of the event that this one takes back.")
    reversed_by: str | None = Field(description="The key of the event that took this one back.")
    state: EventState
    features: list[str] = Field(description="What counts it.")
    lines: list[EventLineWire]


@router.get("/events", operation_id="listUsageEvents", summary="List usage events with receipts")
def list_usage_events(
    caller: Asked,
    asked: Paging,
    customer_id: Annotated[str, Query(alias="customerId", max_length=255)],
    event_name: Annotated[str | None, Query(alias="eventName", max_length=255)] = None,
    feature_id: Annotated[str | None, Query(alias="featureId", max_length=255)] = None,
    *,
    since: Annotated[datetime | None, Query(alias="from", description="From then on.")] = None,
    until: Annotated[datetime | None, Query(alias="to", description="Until before then.")] = None,
) -> Page[EventWire]:
    """One customer's events of one name, or those that a feature counts, by when they occurred."""
    after, before = _place(asked.after, "after"), _place(asked.before, "before")
    start_at, end_at = _aware(since, "from", FIRST), _aware(until, "to", LAST)
    with caller.transaction() as tx:
        wanted = _wanted(tx, customer_id, event_name, feature_id, (start_at, end_at))
        found = usage_receipts.page(tx, wanted, after=after, before=before, limit=asked.and_one)
    shown, cursors = part(found, asked, lambda each: _cursor(each[0]))
    return Page(data=[_wire(each) for _, each in shown], pagination=cursors)


@router.get(
    "/events/{idempotencyKey:path}",
    operation_id="getUsageEvent",
    summary="Read the receipt of a usage event",
)
def get_usage_event(
    caller: Asked,
    idempotency_key: Annotated[str, Path(alias="idempotencyKey", max_length=255)],
    customer_id: Annotated[str, Query(alias="customerId", max_length=255)],
    event_name: Annotated[str, Query(alias="eventName", max_length=255)],
) -> Single[EventWire]:
    """A key belongs to one customer and one event name, so the receipt asks for all three."""
    key = EventKey(CustomerId(customer_id), event_name, idempotency_key)
    with caller.transaction() as tx:
        return Single(data=_wire(usage_receipts.one(tx, key)))


def _wanted(
    tx: Tx,
    customer_id: str,
    event_name: str | None,
    feature_id: str | None,
    span: tuple[datetime, datetime],
) -> EventsAsked:
    """Raises Invalid unless one of event name and feature is given; NotFound."""
    if (event_name is None) == (feature_id is None):
        expected = "eventName or featureId, one of the two"
        raise Invalid(Problem("MissingField", "eventName", "", expected))
    start_at, end_at = span
    meter = None
    if feature_id is not None:
        meter = features.one(tx, feature_id).counted_by
        if meter is None:
            expected = "a feature whose usage is measured"
            raise Invalid(Problem("NotMetered", "featureId", feature_id, expected))
        event_name = meter.event_name
    return EventsAsked(
        customer_id=customer_id,
        event_name=event_name or "",
        start_at=start_at,
        end_at=end_at,
        meter=meter,
    )


def _aware(instant: datetime | None, path: str, default: datetime) -> datetime:
    if instant is None:
        return default
    if instant.tzinfo is None:
        expected = "an ISO 8601 instant with its offset, such as 2026-01-31T23:59:59Z"
        raise Invalid(Problem("InvalidTimestamp", path, instant.isoformat(), expected))
    return min(max(instant, FIRST), LAST)


def _cursor(place: Place) -> str:
    """Microseconds since 1970, and the hash."""
    since = place.at - EPOCH
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return f"{micros}.{place.hash}"


def _place(cursor: str | None, path: str) -> Place | None:
    if cursor is None:
        return None
    micros, _, found = cursor.partition(".")
    if not micros.isdecimal() or len(micros) > 16 or not found:
        expected = "a cursor from an earlier answer's pagination"
        raise Invalid(Problem("InvalidCursor", path, cursor[:80], expected))
    return Place(EPOCH + timedelta(microseconds=int(micros)), found)


def _wire(traced: Traced) -> EventWire:
    kept = traced.kept
    event = kept.received.event
    return EventWire(
        customer_id=event.customer_id,
        event_name=event.event_name,
        idempotency_key=event.idempotency_key,
        timestamp=kept.received.occurred_at,
        received_at=kept.received.received_at,
        resource_id=event.resource_id,
        dimensions={
            name: f"{value:f}" if isinstance(value, Decimal) else value
            for name, value in event.dimensions.items()
        },
        reverses=event.reverses,
        reversed_by=kept.reversed_by,
        state=traced.state,
        features=list(traced.feature_ids),
        lines=[_line(*each) for each in traced.lines],
    )


def _line(line: BillingLine, state: EventState) -> EventLineWire:
    document = line.document
    return EventLineWire(
        feature_id=line.feature_id,
        contract_id=line.contract_id,
        contract_line_id=line.line_id,
        state=state,
        invoice_id=None if document is None else document.invoice_id,
        invoice_number=None if document is None else document.number,
    )
