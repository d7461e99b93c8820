"""Calculated usage: numbers that were counted elsewhere, added or set."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from fastapi import APIRouter
from pydantic import Field

from usance.api.caller import Asked, Caller
from usance.api.catalog.wire import Figure
from usance.api.envelope import Instant, Single, Wire
from usance.api.fields import Ref
from usance.api.openapi import body_of
from usance.api.reading import Plain
from usance.api.route import ApiRoute, resource
from usance.documents.plain import Fields
from usance.domain.entitlements.reports import Measurement, UsageReport, read_reports
from usance.domain.entitlements.usage import UpdateBehavior
from usance.flows.report_usage import report_usage

router = resource("usage", tag="Usage")
router_v2 = APIRouter(prefix="/api/v2/usage", tags=["Usage"], route_class=ApiRoute)


class UsageBody(Wire):
    """How much a customer used of a feature that has no meter."""

    customer_id: Ref
    feature_id: Ref
    value: Decimal = Field(
        description="A whole number up to ±(2^53 - 1); one with a fraction, which is rounded half "
        "away from zero to 5 decimals, below 2^35.",
        examples=[12],
    )
    resource_id: str | None = Field(default=None, max_length=255)
    update_behavior: UpdateBehavior = Field(
        default=UpdateBehavior.DELTA,
        description="DELTA adds the value; SET makes it what is used in the present window, of "
        "the resource when one is named.",
    )
    created_at: Instant | None = Field(default=None, description="By default when it arrives.")
    dimensions: dict[str, str | float | bool] | None = None
    idempotency_key: str | None = Field(
        default=None,
        max_length=255,
        description="The same key again for a customer and feature within 7 days changes nothing.",
    )


class UsagesBody(Wire):
    """A batch: all of it is taken in, or none."""

    usages: list[UsageBody] = Field(min_length=1, max_length=1000)


EXAMPLE = {"usages": [{"customerId": "nordlicht", "featureId": "seats", "value": 12}]}


class MeasurementWire(Wire):
    """A report as it was kept, and where usage stands after it."""

    id: str
    customer_id: str
    feature_id: str
    resource_id: str | None
    value: Figure = Field(description="As it was reported; of a SET, the level.")
    timestamp: Instant = Field(description="When it was used.")
    created_at: Instant = Field(description="When it was first reported.")
    current_usage: Figure = Field(description="In its usage period; without one, since ever.")
    usage_period_start: Instant | None
    usage_period_end: Instant | None
    next_reset_date: Instant | None
    credit: None = Field(description="Always null: there are no credits yet.")


class MeasurementsWire(Wire):
    """Measurements, in the order they were sent."""

    usages: list[MeasurementWire]


@router.post(
    "",
    operation_id="reportUsage",
    summary="Report calculated usage",
    openapi_extra=body_of(UsagesBody, example=EXAMPLE),
    status_code=201,
)
def report_usage_v1(caller: Asked, body: Plain) -> Single[list[MeasurementWire]]:
    """At most 1,000 numbers. Prefer version 2."""
    return Single(data=_reported(caller, body))


@router_v2.post(
    "",
    operation_id="reportUsageV2",
    summary="Report calculated usage (version 2)",
    openapi_extra=body_of(UsagesBody, example=EXAMPLE),
    status_code=201,
)
def report_usage_v2(caller: Asked, body: Plain) -> Single[MeasurementsWire]:
    """At most 1,000 numbers, of features without a meter; counted at once."""
    return Single(data=MeasurementsWire(usages=_reported(caller, body)))


def _reported(caller: Caller, body: object) -> list[MeasurementWire]:
    return [_wire(each) for each in report_usage(caller.runtime, caller.scope, _reports(body))]


def _reports(body: object) -> tuple[UsageReport, ...]:
    fields = Fields({} if body is None else body)
    nothing: tuple[UsageReport, ...] = ()
    reports = fields.need("usages", lambda documents, _path: read_reports(documents), nothing)
    return fields.made(lambda: reports)


def _wire(measured: Measurement) -> MeasurementWire:
    window = measured.window
    end: datetime | None = None if window is None else window.end
    return MeasurementWire(
        id=measured.id,
        customer_id=measured.customer_id,
        feature_id=measured.feature_id,
        resource_id=measured.resource_id,
        value=measured.value,
        timestamp=measured.occurred_at,
        created_at=measured.received_at,
        current_usage=measured.current_usage,
        usage_period_start=None if window is None else window.start,
        usage_period_end=end,
        next_reset_date=end,
        credit=None,
    )
