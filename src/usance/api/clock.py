"""The clock of a sandbox: where it stands, and letting time pass."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field

from usance.api.caller import Asked
from usance.api.envelope import Instant, Single, Wire
from usance.api.fields import Ref, at
from usance.api.route import resource
from usance.domain.calendar import instant_from
from usance.domain.ids import CustomerId
from usance.flows.plays.pass_time import pass_time
from usance.store import tenants

router = resource("clock", tag="Environment")


class ClockWire(Wire):
    """What time it is."""

    now: Instant
    is_moved: bool = Field(description="False: it follows the world's time.")


class ClockBody(Wire):
    """Where to move it, always forward."""

    to: str = Field(description="A day (its noon, UTC) or an instant.", examples=["2026-03-01"])
    customer_id: Ref | None = Field(
        default=None, description="Of this customer alone; the others' time stands still."
    )


class StopWire(Wire):
    """A day on the way on which something fell due."""

    on: str
    draft_count: int


class PassedWire(Wire):
    """What happened on the way."""

    now: Instant
    draft_count: int
    stops: list[StopWire]


@router.get("", operation_id="getClock", summary="What time it is")
def get_clock(
    caller: Asked,
    customer_id: Annotated[
        str | None, Query(alias="customerId", max_length=255, description="By this one's clock.")
    ] = None,
) -> Single[ClockWire]:
    """The environment's instant, or a customer's whose own clock was moved further."""
    with caller.transaction() as tx:
        moved = tenants.clock_of(tx, customer_id)
        now = caller.runtime.now(tx, customer_id)
    return Single(data=ClockWire(now=now, is_moved=moved is not None))


@router.post("", operation_id="moveClock", summary="Let time pass in a sandbox")
def move(caller: Asked, body: ClockBody) -> Single[PassedWire]:
    """Everything due in between happens in order: renewals, billing runs, late usage, late fees.
    Any distance, up to the year 2199. Backward is refused, and so is production.
    """
    to = at("to", lambda: instant_from(body.to))
    stops: list[StopWire] = []

    def see(on: date, count: int) -> None:
        stops.append(StopWire(on=on.isoformat(), draft_count=count))

    customer_id = None if body.customer_id is None else CustomerId(body.customer_id)
    made = pass_time(caller.runtime, caller.scope, to=to, customer_id=customer_id, see=see)
    now: datetime = to.astimezone(UTC)
    return Single(data=PassedWire(now=now, draft_count=made, stops=stops))
