"""Reads from an event loop: no thread, no transaction, one round trip.

Each connection keeps to its tenant until another is asked for. Beside the pools of `Database`, and
closed with them.
"""

from __future__ import annotations

import asyncio
from typing import LiteralString

from psycopg import AsyncConnection, OperationalError
from psycopg.rows import namedtuple_row

from usance.store.database import KEEP_TENANT, Database, Row, array_text, configure_async

MOST = 4  # connections: more would wait for each other's processor


class _Connected:
    """A connection, and the tenant it shows."""

    __slots__ = ("connection", "tenant_id")

    def __init__(self, connection: AsyncConnection[Row]) -> None:
        self.connection = connection
        self.tenant_id = ""


class AsyncReads:
    """Connections of one event loop, made when they are needed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._free: list[_Connected] = []
        self._turns = asyncio.Semaphore(MOST)

    async def one(self, tenant_id: str, statement: LiteralString, **values: object) -> Row:
        """The only row of a statement that always has one. Statements know `%(tenant_id)s`.

        A connection that the server closed meanwhile is replaced once. Raises
        psycopg.OperationalError.
        """
        bound = {name: array_text(v) if type(v) is list else v for name, v in values.items()}
        bound["tenant_id"] = tenant_id
        async with self._turns:
            try:
                return await self._asked(tenant_id, statement, bound)
            except OperationalError:
                self._free = [each for each in self._free if not each.connection.closed]
                return await self._asked(tenant_id, statement, bound)

    async def _asked(
        self, tenant_id: str, statement: LiteralString, bound: dict[str, object]
    ) -> Row:
        held = self._own(tenant_id) or await self._connect()
        connection = held.connection
        try:
            if held.tenant_id != tenant_id:
                held.tenant_id = ""
                await connection.execute(KEEP_TENANT, [tenant_id])
                held.tenant_id = tenant_id
            row = await (await connection.execute(statement, bound)).fetchone()
        except BaseException:
            await connection.close()  # whatever it was in the middle of
            raise
        self._free.append(held)
        assert row is not None, "it always has one row"
        return row

    def _own(self, tenant_id: str) -> _Connected | None:
        """A free connection, that of the same tenant before others."""
        for place, each in enumerate(self._free):
            if each.tenant_id == tenant_id:
                return self._free.pop(place)
        return self._free.pop() if self._free else None

    async def _connect(self) -> _Connected:
        connection: AsyncConnection[Row] = await AsyncConnection.connect(
            self._database.url, autocommit=True, row_factory=namedtuple_row
        )
        self._database.close_with_it(connection.pgconn.finish)
        await configure_async(connection)
        return _Connected(connection)
