"""A billing run in a process of its own, that can be killed.

python -m tests.stress.one_run URL TENANT THROUGH BATCH: says `ready`, begins at a line on standard
input, and says how many drafts each batch made once that is committed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from usance.flows import run_billing as flow
from usance.flows.runtime import Runtime, Scope
from usance.store.database import Database


@contextmanager
def waiting_run(
    database: Database, scope: Scope, *, through: date, batch: int
) -> Iterator[subprocess.Popen[str]]:
    """A process about to run; killed at the end if it still is there."""
    arguments = [database.url, scope.tenant_id, str(through), str(batch)]
    command = [sys.executable, "-W", "error", "-m", "tests.stress.one_run", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert said(process) == "ready"
            yield process
        finally:
            process.kill()


def begin(process: subprocess.Popen[str]) -> None:
    """Let it run."""
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def said(process: subprocess.Popen[str]) -> str:
    """The next thing it says; nothing when it is over."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def main(url: str, tenant_id: str, through: str, batch: str) -> None:
    """Run once; small batches make more places to be killed at."""
    flow.BATCH = int(batch)
    database = Database(url)
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    flow.run_billing(
        Runtime(database),
        Scope(tenant_id, "stress"),
        through=date.fromisoformat(through),
        see=lambda drafts: print(len(drafts), flush=True),  # noqa: T201
    )
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
