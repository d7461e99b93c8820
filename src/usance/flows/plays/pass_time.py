"""Let time pass in a sandbox: the clock moves, and everything due in between happens, in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from usance.domain.calendar import start_of_day
from usance.domain.ids import CustomerId
from usance.flows.open_environment import move_clock
from usance.flows.plays.daily_work import do_daily_work
from usance.flows.runtime import Runtime, Scope
from usance.store import due_contracts, parties, subscription_billing, tenants

Seen = Callable[[date, int], None]  # a day on which something happened, and how many drafts


def pass_time(
    runtime: Runtime,
    scope: Scope,
    *,
    to: datetime,
    customer_id: CustomerId | None = None,
    see: Seen = lambda _day, _count: None,
) -> int:
    """Move the clock of a sandbox, or of one customer in it, forward to `to`, stopping on each day
    on which something falls due to let it happen. How many drafts were made.

    Any distance: a life of ten years is as many stops as it has due days.
    Raises ClockMovesForwardOnly before anything happens; NotFound.
    """
    _refuse_backward(runtime, scope, to, customer_id)
    made = do_daily_work(runtime, scope, customer_id=customer_id).draft_count
    while (stop := _next_stop(runtime, scope, to, customer_id)) is not None:
        move_clock(runtime, scope, stop, customer_id=customer_id)
        run = do_daily_work(runtime, scope, customer_id=customer_id)
        made += run.draft_count
        see(stop.date(), run.draft_count)
    move_clock(runtime, scope, to, customer_id=customer_id)
    return made + do_daily_work(runtime, scope, customer_id=customer_id).draft_count


def _refuse_backward(
    runtime: Runtime, scope: Scope, to: datetime, customer_id: CustomerId | None
) -> None:
    with runtime.transaction(scope) as tx:
        if customer_id is not None:
            parties.customer(tx, customer_id)
        tenants.refuse_backward(tx, to, customer_id)


def _next_stop(
    runtime: Runtime, scope: Scope, to: datetime, customer_id: CustomerId | None
) -> datetime | None:
    """Noon of the next day after today on which a contract has something due, or the instant at
    which a subscription's billing changes, whichever is first, before `to`.
    """
    with runtime.transaction(scope) as tx:
        now = runtime.now(tx, customer_id)
        stops = []
        for entity in parties.entities(tx).values():
            today = runtime.today(tx, entity.zone, customer_id)
            day = due_contracts.next_event(
                tx, legal_entity_id=entity.id, after=today, customer_id=customer_id
            )
            if day is not None:
                stops.append(start_of_day(day, entity.zone) + timedelta(hours=12))
        changes = subscription_billing.next_look(tx, after=now, customer_id=customer_id)
        stops += [] if changes is None else [changes]
    ahead = [stop.astimezone(UTC) for stop in stops if now < stop < to]
    return min(ahead, default=None)
