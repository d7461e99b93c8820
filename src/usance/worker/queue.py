"""Our kinds of jobs, told to the queue library; and answers to what it leaves open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from usance.flows.runtime import Runtime, Scope
from usance.store.jobs import TENANT
from usance.worker.handlers import Handler
from usance.worker.job_log import in_words
from usance.worker.pace import Pace
from usance.worker.periodic import (
    ASK_FOR_ANNOUNCEMENTS,
    ASK_FOR_BILLING,
    ASK_FOR_SYNCS,
    ask_for_announcements,
    ask_for_billing,
    ask_for_syncs,
)
from usance.worker.retries import Backoff

ACTOR = "worker"
CATCH_UP = 24 * 60 * 60  # seconds: a worker that starts late still does the last missed run

log = structlog.get_logger(__name__)


def queue_of(
    runtime: Runtime, handlers: Mapping[str, Handler], pace: Pace, *, periodic: bool
) -> App:
    """The library's application: a task for each kind; the hourly one is asked if `periodic`."""
    connector = PsycopgConnector(conninfo=runtime.database.url, min_size=1, max_size=3)
    app = App(connector=connector, periodic_defaults={"max_delay": CATCH_UP})
    app.job_manager = Outcomes(connector)
    retry = Backoff(pace)
    for kind, handler in handlers.items():
        app.task(name=kind, retry=retry)(_call(runtime, handler))
    billing = app.task(name=ASK_FOR_BILLING, retry=retry)(partial(_ask, ask_for_billing, runtime))
    syncs = app.task(name=ASK_FOR_SYNCS, retry=retry)(partial(_ask, ask_for_syncs, runtime))
    announcements = app.task(name=ASK_FOR_ANNOUNCEMENTS, retry=retry)(
        partial(_ask, ask_for_announcements, runtime)
    )
    if periodic:
        app.periodic(cron=pace.billing_cron)(billing)
        app.periodic(cron=pace.sync_cron)(syncs)
        app.periodic(cron=pace.sync_cron)(announcements)
    return app


def _call(runtime: Runtime, handler: Handler) -> Callable[..., None]:
    def call(**arguments: object) -> None:
        tenant_id = arguments.pop(TENANT)
        assert isinstance(tenant_id, str), "a job carries the tenant it belongs to"
        handler(runtime, Scope(tenant_id, ACTOR), **arguments)

    return call


def _ask(for_all: Callable[[Runtime], None], runtime: Runtime, **_when: int) -> None:
    for_all(runtime)


class Outcomes(JobManager):
    """Writes down how a job ended, also in the two cases the library leaves open.

    A job to be tried again whose queueing key is waiting a second time would stay "doing" for
    ever: it ends, the waiting one does its work. An outcome that cannot be written (the server is
    gone, another worker took the job over) would leave the job in our hands as long as we live:
    `lose_job` lets the worker start anew, and the job is found as that of a dead one.
    """

    lose_job: Callable[[], None]

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Queue the job again, unless the same work is waiting."""
        try:
            await super().retry_job(job, retry_at, priority, queue, lock)
        except UniqueViolation:
            log.info("job_superseded", kind=job.task_name, job_id=job.id)
            await self.finish_job(job, Status.ABORTED, delete_job=True)
        except ConnectorException as error:
            self._lose(job, error)

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: FBT001
        """Write down how the job ended for good."""
        try:
            await super().finish_job(job, status, delete_job)
        except ConnectorException as error:
            self._lose(job, error)

    def _lose(self, job: Job, error: ConnectorException) -> None:
        log.warning("job_outcome_not_kept", kind=job.task_name, job_id=job.id, **in_words(error))
        self.lose_job()
