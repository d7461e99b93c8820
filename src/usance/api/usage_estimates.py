"""What usage would cost in credits: nothing yet, for there are no credits. Nothing is recorded."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from usance.api.caller import Asked
from usance.api.envelope import Single, Wire
from usance.api.fields import Ref
from usance.api.openapi import body_of
from usance.api.reading import Plain
from usance.api.route import resource
from usance.documents.plain import Fields
from usance.domain.entitlements.reports import read_report
from usance.domain.entitlements.usage import UpdateBehavior
from usance.domain.metering.events import read_event
from usance.store import features

usages = resource("usage", tag="Usage")
events = resource("events", tag="Usage")
FIELDS = {"customerId", "featureId", "value", "resourceId", "updateBehavior", "dimensions"}
EVENT_FIELDS = {"customerId", "eventName", "resourceId", "dimensions"}


class EstimateWarning(StrEnum):
    """Why there is no estimate."""

    FEATURE_NOT_FOUND = "FEATURE_NOT_FOUND"
    FEATURE_NOT_CREDIT_BASED = "FEATURE_NOT_CREDIT_BASED"


class UsageEstimateBody(Wire):
    """Usage that is not reported."""

    customer_id: Ref
    feature_id: Ref
    value: Decimal = Field(examples=[12])
    resource_id: str | None = Field(default=None, max_length=255)
    update_behavior: UpdateBehavior = UpdateBehavior.DELTA
    dimensions: dict[str, str | float | bool] | None = None


class EventEstimateBody(Wire):
    """An event that is not reported."""

    customer_id: Ref
    event_name: str = Field(max_length=255)
    resource_id: str | None = Field(default=None, max_length=255)
    dimensions: dict[str, str | float | bool] | None = None


class EstimateWire(Wire):
    """What usage would cost in each credit currency, and what stands in the way of saying so."""

    estimates: list[None] = Field(description="Always empty: there are no credits yet.")
    warnings: list[EstimateWarning]


@usages.post(
    "/estimate",
    operation_id="estimateUsage",
    summary="Estimate what a report would cost in credits",
    openapi_extra=body_of(UsageEstimateBody),
)
def estimate_usage(caller: Asked, body: Plain) -> Single[EstimateWire]:
    """Nothing is recorded."""
    report = read_report(_only(body, FIELDS))
    with caller.transaction() as tx:
        is_known = bool(features.some(tx, [report.feature_id]))
    return _without_credits(is_known=is_known)


@events.post(
    "/estimate",
    operation_id="estimateEvent",
    summary="Estimate what an event would cost in credits",
    openapi_extra=body_of(EventEstimateBody),
)
def estimate_event(caller: Asked, body: Plain) -> Single[EstimateWire]:
    """Nothing is recorded. FEATURE_NOT_FOUND: no meter listens to such events."""
    event = read_event({**_only(body, EVENT_FIELDS), "idempotencyKey": "none"})
    with caller.transaction() as tx:
        is_known = bool(features.meters_of(tx, [event.event_name]))
    return _without_credits(is_known=is_known)


def _only(body: object, known: set[str]) -> dict[str, object]:
    """The fields of a body. Raises Invalid (UnknownField) for others."""
    fields = Fields({} if body is None else body)
    fields.allow(known)
    plain = body if isinstance(body, dict) else {}
    return fields.made(lambda: dict(plain))


def _without_credits(*, is_known: bool) -> Single[EstimateWire]:
    missing, free = EstimateWarning.FEATURE_NOT_FOUND, EstimateWarning.FEATURE_NOT_CREDIT_BASED
    return Single(data=EstimateWire(estimates=[], warnings=[free if is_known else missing]))
