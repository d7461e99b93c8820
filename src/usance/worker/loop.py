"""Run a worker: take jobs until told to stop, or until nothing is left to do."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog
from procrastinate import App
from procrastinate.jobs import DeleteJobCondition
from procrastinate.worker import Worker

from usance.flows.runtime import Runtime
from usance.store import jobs
from usance.worker.handlers import HANDLERS, Handler
from usance.worker.job_log import in_words, library_speaks_our_words
from usance.worker.pace import Pace
from usance.worker.queue import Outcomes, queue_of

LOOK_EVERY = 0.1  # seconds between two looks at the wish to stop
PACE = Pace()

log = structlog.get_logger(__name__)


def work(
    runtime: Runtime,
    *,
    until_idle: bool = False,
    handlers: Mapping[str, Handler] = HANDLERS,
    pace: Pace = PACE,
    stop: threading.Event | None = None,
) -> None:
    """Do jobs, one at a time, until SIGTERM, SIGINT or `stop`; the job in hand is finished first.

    `until_idle`: do what is due and return; nothing periodic is started, and what waits for its
    time (a retry, a `run_at`) stays. Start as many processes of this as you like. A second signal
    ends the process at once; its job is then taken over by another worker.
    """
    stop = threading.Event() if stop is None else stop
    with library_speaks_our_words(), _set_by_signals(stop):
        if until_idle:
            while _Shift(runtime, handlers, pace, stop, until_idle=True).lost_a_job():
                log.warning("worker_starts_again")
            return
        while not stop.is_set():
            try:
                _Shift(runtime, handlers, pace, stop, until_idle=False).lost_a_job()
            except Exception as error:  # the server is away, a bug: a worker does not give up
                log.error("worker_interrupted", **in_words(error))
            if not stop.is_set():
                log.warning("worker_starts_again", after=str(pace.restart_after))
                stop.wait(pace.restart_after.total_seconds())


class _Shift:
    """One run of the library's worker, from its registration to its end."""

    def __init__(
        self,
        runtime: Runtime,
        handlers: Mapping[str, Handler],
        pace: Pace,
        stop: threading.Event,
        *,
        until_idle: bool,
    ) -> None:
        self._runtime = runtime
        self._pace = pace
        self._stop = stop
        self._until_idle = until_idle
        self._lost_a_job = False
        self._end: Callable[[], None] = lambda: None
        self._app = queue_of(runtime, handlers, pace, periodic=not until_idle)

    def lost_a_job(self) -> bool:
        """Work until told to stop, until idle, or until something is wrong.

        True when it ended early because a job's outcome could not be written: the next shift finds
        that job as one of a dead worker.
        """
        asyncio.run(self._run())
        return self._lost_a_job

    async def _run(self) -> None:
        async with self._app.open_async():
            await asyncio.to_thread(self._rescue)
            worker = self._worker(self._app)
            asyncio.get_running_loop().set_exception_handler(self._on_stray_error)
            beside = [asyncio.create_task(self._stop_when_set(worker))]
            if not self._until_idle:
                beside.append(asyncio.create_task(self._rescue_again_and_again()))
            try:
                await worker.run()  # type: ignore[no-untyped-call]
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)

    def _worker(self, app: App) -> Worker:
        pace = self._pace
        worker = Worker(
            app,
            wait=not self._until_idle,
            fetch_job_polling_interval=pace.poll_every.total_seconds(),
            update_heartbeat_interval=pace.heartbeat_every.total_seconds(),
            stalled_worker_timeout=pace.silence.total_seconds(),
            delete_jobs=DeleteJobCondition.SUCCESSFUL,
            install_signal_handlers=False,
        )
        assert isinstance(app.job_manager, Outcomes), "queue_of gives the application its Outcomes"
        app.job_manager.lose_job = self._lose_job
        self._end = worker.stop
        return worker

    def _lose_job(self) -> None:
        self._lost_a_job = True
        self._end()

    def _on_stray_error(self, _loop: object, context: dict[str, Any]) -> None:
        """The library let go of a job (or of a task beside it) with an error nobody saw."""
        error = context.get("exception")
        known = {} if error is None else in_words(error)
        log.error("worker_interrupted", said=context.get("message"), **known)
        self._lose_job()

    async def _stop_when_set(self, worker: Worker) -> None:
        while not self._stop.is_set():
            await asyncio.sleep(LOOK_EVERY)
        log.info("worker_stops")
        worker.stop()  # type: ignore[no-untyped-call]

    async def _rescue_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(self._pace.rescue_every.total_seconds())
            try:
                await asyncio.to_thread(self._rescue)
            except Exception as error:  # the next round may do better
                log.error("rescue_failed", **in_words(error))

    def _rescue(self) -> None:
        """Take over the jobs of workers that died."""
        pace = self._pace
        with self._runtime.database.platform() as platform:
            lost = jobs.rescue_lost(
                platform, silence=pace.silence, attempt_limit=pace.attempt_limit
            )
        for job in lost:
            say = log.error if job.given_up else log.warning
            event = "job_failed" if job.given_up else "job_rescued"
            say(
                event, kind=job.kind, tenant=job.tenant_id, job_id=job.id, attempt=job.attempt_count
            )


@contextmanager
def _set_by_signals(stop: threading.Event) -> Iterator[None]:
    """In the main thread, SIGTERM and SIGINT set `stop`; the second of them has its old effect."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def restore() -> None:
        for number, old in before.items():
            signal.signal(number, old)

    def tell(_number: int, _frame: object) -> None:
        stop.set()  # and nothing else: a signal may interrupt anything, also a log line
        restore()

    for number in before:
        signal.signal(number, tell)
    try:
        yield
    finally:
        restore()
