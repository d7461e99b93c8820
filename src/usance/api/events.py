"""Usage events: what customers did, each counted once.

The route that is asked with most at a time: its answer is written without pydantic, whose model
only describes it.
"""

from __future__ import annotations

from fastapi import Request, Response
from pydantic import Field

from usance.api.caller import Asked
from usance.api.envelope import Instant, Single, Wire
from usance.api.events_lane import Passes, written
from usance.api.fields import Ref
from usance.api.openapi import body_of
from usance.api.reading import JSON, Plain
from usance.api.route import resource
from usance.documents.plain import Fields
from usance.domain.metering.batches import read_batch
from usance.domain.metering.events import UsageEvent
from usance.domain.metering.receipts import Outcome
from usance.flows.ingest_usage import ingest_usage

router = resource("events", tag="Usage")


class EventBody(Wire):
    """Something a customer did."""

    customer_id: Ref
    event_name: str = Field(max_length=255)
    idempotency_key: str = Field(
        max_length=255,
        description="Sent again, an event counts once. Its key makes it the one it is, with "
        "customer, name, resource and the timestamp, when it states one.",
    )
    timestamp: Instant | None = Field(default=None, description="By default when it arrives.")
    resource_id: str | None = Field(default=None, max_length=255)
    dimensions: dict[str, str | float | bool] | None = Field(
        default=None, description="Read exactly: a number keeps 12 decimal places."
    )
    reverses: str | None = Field(
        default=None,
        max_length=255,
        description="The key of an earlier event of this customer and name: this one takes it back "
        "whole, and holds no dimensions of its own.",
    )


class EventsBody(Wire):
    """A batch: all of it is taken in, or none."""

    events: list[EventBody] = Field(min_length=1, max_length=1000)


EXAMPLE = {
    "events": [
        {
            "customerId": "nordlicht",
            "eventName": "api_calls",
            "idempotencyKey": "nl-20260101",
            "timestamp": "2026-01-01T15:41:38Z",
            "dimensions": {"calls": 3310, "status": "ok"},
        }
    ]
}


class ReceiptWire(Wire):
    """What became of one event."""

    idempotency_key: str
    outcome: Outcome


class ReceiptsWire(Wire):
    """One receipt an event, in the order they were sent."""

    accepted: int = Field(description="Stored, and counted by at least one meter.")
    unmatched: int = Field(description="Stored, but no meter listens yet.")
    duplicate: int = Field(description="Known already; nothing was stored.")
    receipts: list[ReceiptWire]


@router.post(
    "",
    operation_id="reportEvents",
    summary="Report usage events",
    openapi_extra=body_of(EventsBody, example=EXAMPLE),
    response_model=Single[ReceiptsWire],
)
def report_events(request: Request, caller: Asked, body: Plain) -> Response:
    """At most 1,000. Sending a batch again changes nothing and says so."""
    passes: Passes = request.app.state.passes
    told = ingest_usage(caller.runtime, caller.scope, _events(body))
    passes.give(request, caller)
    return Response(written(told), media_type=JSON)


def _events(body: object) -> tuple[UsageEvent, ...]:
    fields = Fields({} if body is None else body)
    nothing: tuple[UsageEvent, ...] = ()
    events = fields.need("events", lambda documents, _path: read_batch(documents), nothing)
    return fields.made(lambda: events)
