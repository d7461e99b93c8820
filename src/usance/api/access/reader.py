"""Reading for many: checks that wait at the same time are one statement.

What a check is told is as of after it was asked: it is never put to a statement under way.
"""

from __future__ import annotations

import asyncio

from usance.flows.runtime import Runtime
from usance.store.access_reading import Standing, Wanted, read
from usance.store.async_reads import AsyncReads

AT_ONCE = 4  # statements under way
MOST = 200  # checks in a statement

Asking = asyncio.Task[list[Standing]]


class _Batch:
    """Checks of one environment, for a statement that is still to be put."""

    __slots__ = ("waiting", "wanted")

    def __init__(self) -> None:
        self.wanted: list[Wanted] = []
        self.waiting: list[asyncio.Future[Standing]] = []

    def tell(self, asking: Asking) -> None:
        """Whoever waits what came, or why nothing did; not who went away."""
        failure = asking.exception()
        if failure is not None:
            for each in self.waiting:
                if not each.done():
                    each.set_exception(failure)
            return
        for each, told in zip(self.waiting, asking.result(), strict=True):
            if not each.done():
                each.set_result(told)


class Reader:
    """Asks the database on behalf of all checks of a process; only its event loop calls it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._reads = AsyncReads(runtime.database)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._next: dict[str, _Batch] = {}
        self._under_way: set[Asking] = set()

    async def read(self, tenant_id: str, wanted: Wanted) -> Standing:
        """What is so after now. Raises psycopg.OperationalError."""
        loop = asyncio.get_running_loop()
        batch = self._next.get(tenant_id)
        if batch is None or len(batch.wanted) == MOST:
            batch = self._next[tenant_id] = _Batch()
            asking = loop.create_task(self._ask(tenant_id, batch))
            self._under_way.add(asking)
            asking.add_done_callback(batch.tell)
            asking.add_done_callback(self._under_way.discard)
        answer: asyncio.Future[Standing] = loop.create_future()
        batch.wanted.append(wanted)
        batch.waiting.append(answer)
        return await answer

    async def _ask(self, tenant_id: str, batch: _Batch) -> list[Standing]:
        async with self._turns:
            if self._next.get(tenant_id) is batch:  # nobody joins it from here on
                del self._next[tenant_id]
            return await read(self._reads, tenant_id, batch.wanted, at=self._runtime.clock())
