"""One thread that asks for many: checks that wait at the same time are one statement.

What a check is told is as of after it was asked: it is never put to a statement under way.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from queue import Empty, SimpleQueue
from typing import NamedTuple

from usance.flows.runtime import Runtime
from usance.store.access_reading import Standing, Wanted, read

MOST = 200  # checks in a statement


class _Waiting(NamedTuple):
    tenant_id: str
    wanted: Wanted
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Standing]


class Reader:
    """Asks the database on behalf of all checks of a process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._queue: SimpleQueue[_Waiting] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    async def read(self, tenant_id: str, wanted: Wanted) -> Standing:
        """What is so after now. Raises psycopg.OperationalError, PoolTimeout."""
        if self._thread is None:
            self._start()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Standing] = loop.create_future()
        self._queue.put(_Waiting(tenant_id, wanted, loop, answer))
        return await answer

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="access", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            batch = [self._queue.get()]
            try:
                while len(batch) < MOST:
                    batch.append(self._queue.get_nowait())
            except Empty:
                pass
            for tenant_id in dict.fromkeys(each.tenant_id for each in batch):
                self._answer(tenant_id, [each for each in batch if each.tenant_id == tenant_id])

    def _answer(self, tenant_id: str, batch: list[_Waiting]) -> None:
        told: Iterable[Standing | Exception]
        try:
            with self._runtime.database.at_once(tenant_id) as tx:
                told = read(tx, [each.wanted for each in batch], at=self._runtime.clock())
        except Exception as failure:
            told = [failure] * len(batch)
        answers = list(zip(batch, told, strict=True))
        for loop in {each.loop for each in batch}:
            own = [(each.answer, one) for each, one in answers if each.loop is loop]
            try:
                loop.call_soon_threadsafe(_tell, own)
            except RuntimeError:  # the server is gone, and with it whoever waited
                continue


def _tell(answers: list[tuple[asyncio.Future[Standing], Standing | Exception]]) -> None:
    for waiting, told in answers:
        if waiting.done():
            continue
        if isinstance(told, Exception):
            waiting.set_exception(told)
        else:
            waiting.set_result(told)
