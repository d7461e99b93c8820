"""The queue library's log in our words: one structured line for each thing that befell a job.

The library's own sentences quote every argument of a job; ours name the tenant, the kind, the id
and the attempt, and nothing that could be somebody's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from usance.store.jobs import TENANT

LIBRARY = "procrastinate"
EVENTS = {
    "start_job": "job_started",
    "job_success": "job_done",
    "job_error_retry": "job_will_retry",
    "job_error": "job_failed",
    "job_aborted": "job_aborted",
}
log = structlog.get_logger(__name__)


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
        event = EVENTS.get(getattr(record, "action", ""))
        job = getattr(record, "job", None)
        if event is not None and job is not None:
            known = {
                "kind": job["task_name"],
                "tenant": job["task_kwargs"].get(TENANT),
                "job_id": job["id"],
                "attempt": job["attempts"] + 1,
            }
            log.log(record.levelno, event, exc_info=record.exc_info, **known)
        elif record.levelno >= logging.WARNING:
            action = getattr(record, "action", record.name)
            log.log(record.levelno, "queue_trouble", action=action, exc_info=record.exc_info)
