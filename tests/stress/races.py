"""Two stories at the same moment, made certain: one is done but not committed, the other waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from usance.flows.runtime import Runtime, Scope
from usance.store.database import one_connection
from usance.store.joined import Joined

T = TypeVar("T")
PATIENCE = 20
WAITING = """
SELECT count(*) AS count
  FROM pg_stat_activity
 WHERE datname = current_database()
   AND cardinality(pg_blocking_pids(pid)) > 0
"""


def overtaken(
    runtime: Runtime,
    scope: Scope,
    first: Callable[[Runtime], object],
    second: Callable[[], T],
) -> T:
    """What `second` comes to, that begins after `first` has decided and before it commits.

    `first` acts on the runtime it is given. It is a failure when `second` does not wait for it.
    """
    with ThreadPoolExecutor(1) as pool:
        with runtime.transaction(scope) as tx:
            first(replace(runtime, database=Joined(tx)))
            pending = pool.submit(second)
            _wait_until_blocked(runtime.database.url, pending)
        return pending.result(timeout=PATIENCE)


def at_once(*acts: Callable[[], T]) -> list[T | BaseException]:
    """What each comes to, all begun together; a refusal is an answer too."""
    with ThreadPoolExecutor(len(acts)) as pool:
        pending: list[Future[T]] = [pool.submit(act) for act in acts]
        return [each.exception(PATIENCE) or each.result() for each in pending]


def _wait_until_blocked(url: str, pending: Future[T]) -> None:
    with one_connection(url) as connection:
        for _ in range(100 * PATIENCE):
            row = connection.execute(WAITING).fetchone()
            if row is not None and row.count:
                return
            assert not pending.done(), "it did not wait"
            time.sleep(0.01)
    raise AssertionError("it neither waits nor ends")
