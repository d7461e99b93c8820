"""Reading for many: checks that wait at the same time are one statement.

What a check is told is as of after it was asked: it is never put to a statement under way.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from usance.flows.runtime import Runtime
from usance.store.access_reading import Standing, Wanted, read

AT_ONCE = 2  # statements under way; more would wait for each other's processor
MOST = 200  # checks in a statement


class _Batch:
    """Checks of one environment, for a statement that is still to be put."""

    __slots__ = ("answer", "wanted")

    def __init__(self) -> None:
        self.wanted: list[Wanted] = []
        self.answer: asyncio.Future[list[Standing]]


class Reader:
    """Asks the database on behalf of all checks of a process; only its event loop calls it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="access")
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._next: dict[str, _Batch] = {}

    async def read(self, tenant_id: str, wanted: Wanted) -> Standing:
        """What is so after now. Raises psycopg.OperationalError, PoolTimeout."""
        batch = self._next.get(tenant_id)
        if batch is None or len(batch.wanted) == MOST:
            batch = self._next[tenant_id] = _Batch()
            batch.answer = asyncio.ensure_future(self._ask(tenant_id, batch))
        place = len(batch.wanted)
        batch.wanted.append(wanted)
        told = await asyncio.shield(batch.answer)
        return told[place]

    async def _ask(self, tenant_id: str, batch: _Batch) -> list[Standing]:
        async with self._turns:
            if self._next.get(tenant_id) is batch:  # nobody joins it from here on
                del self._next[tenant_id]
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._read, tenant_id, batch.wanted)

    def _read(self, tenant_id: str, wanted: list[Wanted]) -> list[Standing]:
        with self._runtime.database.at_once(tenant_id) as tx:
            return read(tx, wanted, at=self._runtime.clock())
