"""Which flow does the work of which kind of job.

A handler is called with the runtime, the scope of the job's tenant, and the job's arguments by
name. It may be called again for the same job, even while the first call still runs, so it leads to
the same state however often. A kind that is not in the table fails at once, visibly; it is never
dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from usance.domain.ids import ConnectionId, InvoiceId
from usance.flows.announce_moments import announce_moments
from usance.flows.ask_tax_service import ask_tax_service
from usance.flows.forget_expired import forget_expired
from usance.flows.plays.daily_work import do_daily_work
from usance.flows.plays.finish_task import finish_task
from usance.flows.plays.sync_connection import sync_connection
from usance.flows.refresh_drafts import refresh_drafts
from usance.flows.runtime import Runtime, Scope
from usance.flows.send_invoice import send_invoice
from usance.store import jobs, tasks
from usance.store.database import Tx

Handler = Callable[..., object]  # (runtime, scope, **arguments of the job)

RUN_BILLING = "run_billing"
SEND_INVOICE = "send_invoice"
ASK_TAX_SERVICE = "ask_tax_service"
FORGET_EXPIRED = "forget_expired"
SYNC_CONNECTION = "sync_connection"
ANNOUNCE_MOMENTS = "announce_moments"
RUN_TASK = tasks.RUN

SYNC_EVERY = timedelta(minutes=4)  # less than from one round to the next (worker/pace.py)
TRACKS_A_JOB = 500


def _run_billing(runtime: Runtime, scope: Scope, *, through: str | None = None) -> None:
    """All that is to happen by `through` (YYYY-MM-DD): renewals, late usage, drafts, late fees.

    None: each entity's today, when the job runs.
    """
    do_daily_work(runtime, scope, through=date.fromisoformat(through) if through else None)


def _send_invoice(runtime: Runtime, scope: Scope, *, invoice_id: str) -> None:
    send_invoice(runtime, scope, InvoiceId(invoice_id))


def _ask_tax_service(runtime: Runtime, scope: Scope) -> None:
    """Drafts that wait for a tax service get its answers; what failed is tried again later."""
    asked = ask_tax_service(runtime, scope)
    refresh_drafts(runtime, scope, asked.waiting)
    for failure in asked.failures:
        raise failure


def _run_task(runtime: Runtime, scope: Scope, *, task_id: str) -> None:
    finish_task(runtime, scope, task_id)


def _sync_connection(runtime: Runtime, scope: Scope, *, connection_id: str) -> None:
    """In parts, so that other jobs get their turn. How it ended stands with the connection: a
    failure of the other side is no job's failure, for the next sync catches up.
    """
    synced = sync_connection(
        runtime,
        scope,
        ConnectionId(connection_id),
        at_most=TRACKS_A_JOB,
        tried_before=runtime.clock() - SYNC_EVERY,
    )
    if synced.remaining and synced.failure is None:
        with runtime.transaction(scope) as tx:
            ask_for_sync(tx, connection_id)


def ask_for_sync(tx: Tx, connection_id: str) -> None:
    """Ask for a sync of a connection, unless one is waiting."""
    jobs.enqueue(tx, SYNC_CONNECTION, queueing_key=connection_id, connection_id=connection_id)


HANDLERS: Mapping[str, Handler] = {
    RUN_BILLING: _run_billing,
    SEND_INVOICE: _send_invoice,
    ASK_TAX_SERVICE: _ask_tax_service,
    FORGET_EXPIRED: forget_expired,
    SYNC_CONNECTION: _sync_connection,
    ANNOUNCE_MOMENTS: announce_moments,
    RUN_TASK: _run_task,
}
