"""A worker in a process of its own: python -m tests.worker.one_worker URL CRON SILENCE."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import structlog

from tests.worker.kinds import FAST, KINDS
from usance.flows.runtime import Runtime
from usance.store.database import Database
from usance.worker.loop import work

NEVER = "0 0 29 2 *"  # the last one was longer ago than a worker catches up with


@contextmanager
def worker_process(
    database: Database, *, cron: str = NEVER, silence: timedelta = FAST.silence
) -> Iterator[subprocess.Popen[bytes]]:
    """A running worker; killed at the end if it still runs then."""
    arguments = [database.url, cron, str(silence.total_seconds())]
    command = [sys.executable, "-W", "error", "-m", "tests.worker.one_worker", *arguments]
    with subprocess.Popen(command) as process:
        try:
            yield process
        finally:
            process.kill()


def main(url: str, cron: str, silence: str) -> None:
    """Work until told to stop."""
    quiet = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(wrapper_class=quiet)
    database = Database(url)
    try:
        pace = replace(FAST, billing_cron=cron, silence=timedelta(seconds=float(silence)))
        work(Runtime(database), handlers=KINDS, pace=pace)
    finally:
        database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
