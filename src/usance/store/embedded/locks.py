"""Locks that the operating system releases when their holder ends, however it ends."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from usance.store.embedded.errors import USE_YOUR_OWN, EmbeddedPostgresError

if sys.platform != "win32":
    import fcntl

POLL_SECONDS = 0.02


def try_shared(path: Path) -> int | None:
    """A descriptor that shares the lock at `path` until it is closed; None while one has it alone.

    A forked child shares the descriptor and so the lock; an executed program does not inherit it.
    """
    return _try(path, shared=True)


def try_alone(path: Path) -> int | None:
    """A descriptor that holds the lock at `path` alone until closed; None while anyone has it."""
    return _try(path, shared=False)


def share(path: Path, *, within_seconds: float) -> int:
    """Like `try_shared`, waiting for whoever has the lock alone. Raises EmbeddedPostgresError."""
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        if (lock := try_shared(path)) is not None:
            return lock
        time.sleep(POLL_SECONDS)
    raise EmbeddedPostgresError(
        f"A stopping server still holds {path} after {within_seconds:.0f} s. Try again."
    )


@contextmanager
def closing(lock: int) -> Iterator[int]:
    """Give the lock back at the end of the block."""
    try:
        yield lock
    finally:
        os.close(lock)


def _try(path: Path, *, shared: bool) -> int | None:
    if sys.platform == "win32":
        raise EmbeddedPostgresError(f"There is no embedded PostgreSQL on Windows. {USE_YOUR_OWN}")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        return descriptor
    os.close(descriptor)
    return None
