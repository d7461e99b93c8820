"""The queue library's log in our words: one structured line for each thing that befell a job.

The library's own sentences quote every argument of a job; ours name the tenant, the kind, the id
and the attempt, and nothing that could be somebody's. For the same reason an error is told with its
stack but without the values in it, which a renderer of tracebacks might add.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from procrastinate.exceptions import TaskNotFound

from usance.store.jobs import TENANT

LIBRARY = "procrastinate"
EVENTS = {
    "start_job": "job_started",
    "job_success": "job_done",
    "job_error_retry": "job_will_retry",
    "job_error": "job_failed",
    "job_aborted": "job_aborted",
}
SAID_BY_JOB_FAILED = "task_not_found"
log = structlog.get_logger(__name__)


def in_words(error: BaseException) -> dict[str, str]:
    """An error as fields of a log line: what it is, and where, without any variable's value."""
    if isinstance(error, TaskNotFound):
        return {"error": "there is no handler for this kind of job"}
    name = type(error).__name__
    return {"error": f"{name}: {error}", "exception": "".join(traceback.format_exception(error))}


@contextmanager
def library_speaks_our_words() -> Iterator[None]:
    """While inside, what the library logs goes through structlog, and nowhere else."""
    logger = logging.getLogger(LIBRARY)
    before = (logger.level, logger.propagate)
    voice = _Voice(logging.INFO)
    logger.addHandler(voice)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(voice)
        logger.setLevel(before[0])
        logger.propagate = before[1]


class _Voice(logging.Handler):
    """Turns the library's records into our events; its chatter below a warning is dropped."""

    def emit(self, record: logging.LogRecord) -> None:
        action = getattr(record, "action", record.name)
        event = EVENTS.get(action)
        job = getattr(record, "job", None)
        error = record.exc_info[1] if record.exc_info else None
        why = {} if error is None else in_words(error)
        if event is not None and job is not None:
            known = {
                "kind": job["task_name"],
                "tenant": job["task_kwargs"].get(TENANT),
                "job_id": job["id"],
                "attempt": job["attempts"] + 1,
            }
            log.log(record.levelno, event, **known, **why)
        elif record.levelno >= logging.WARNING and action != SAID_BY_JOB_FAILED:
            log.log(record.levelno, "queue_trouble", action=action, **why)
