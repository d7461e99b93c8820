"""The database: connections, transactions of one tenant, and rows.

A `Tx` is one transaction of one tenant. Its statements always know `%(tenant_id)s`, and
row-level security shows it that tenant only. `Database.platform()` is for the registry (tenants,
API keys) and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString

import msgspec
import psycopg
from psycopg import AsyncConnection, Connection, sql
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb, set_json_dumps, set_json_loads
from psycopg_pool import ConnectionPool

from usance.domain.errors import NotFound

Row = Any  # a named tuple; its shape is the statement's column list

SET_TENANT = "SELECT set_config('usance.tenant_id', %s, true)"
KEEP_TENANT = "SELECT set_config('usance.tenant_id', %s, false)"
SET_PLATFORM = "SELECT set_config('usance.platform', 'on', true)"
APP_ROLE = "usance_app"
IN_UTC = "SET TIME ZONE 'UTC'"
BYPASSES = "SELECT rolsuper OR rolbypassrls AS yes FROM pg_roles WHERE rolname = current_user"
AS_APP = sql.SQL("SET ROLE {}").format(sql.Identifier(APP_ROLE))
MAX_READERS = 4  # connections of a process for reads at once, beside those for transactions

# Of a table's own row type, so that every column is read as what it is.
APPEND_ROWS = """
INSERT INTO {table} ({names})
SELECT {names} FROM json_populate_recordset(NULL::{table}, %(rows)s::json)
"""


class DatabaseUnusable(Exception):
    """The server cannot hold Usance: what is missing and what to do about it."""


def to_json(value: object) -> str:
    """JSON text; decimals and days become strings, dataclasses become objects."""
    return msgspec.json.encode(value).decode()


def range_text(start: date, end: date) -> str:
    """A half-open daterange as PostgreSQL writes it."""
    return f"[{start.isoformat()},{end.isoformat()})"


def array_text(values: list[Any]) -> str | list[Any]:
    """Texts or days as the literal of a PostgreSQL array; a list of anything else as it is.

    A run asks for thousands of ids at a time, and the driver writes arrays element by element.
    """
    if not all(each is None or type(each) in (str, date) for each in values):
        return values
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: str | date | None) -> str:
    if value is None:
        return "NULL"
    if type(value) is date:
        return value.isoformat()
    text = str(value)
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


@dataclass(frozen=True, slots=True)
class Tx:
    """One transaction of one tenant. Statements use named parameters; `tenant_id` is always set."""

    connection: Connection[Row]
    tenant_id: str

    def all(self, statement: LiteralString, **values: object) -> list[Row]:
        """Every row."""
        return self._run(statement, values).fetchall()

    def maybe(self, statement: LiteralString, **values: object) -> Row | None:
        """The first row, or None."""
        return self._run(statement, values).fetchone()

    def one(self, statement: LiteralString, *, kind: str, ref: str, **values: object) -> Row:
        """The row of a thing of that `kind` known as `ref`. Raises NotFound."""
        row = self._run(statement, values).fetchone()
        if row is None:
            raise NotFound(kind, ref)
        return row

    def run(self, statement: LiteralString, **values: object) -> int:
        """Do it; how many rows it touched."""
        return self._run(statement, values).rowcount

    def run_many(self, statement: LiteralString, rows: Iterable[Mapping[str, object]]) -> None:
        """Do it for each of `rows`, in one round trip."""
        with self.connection.cursor() as cursor:
            cursor.executemany(statement, [{**row, "tenant_id": self.tenant_id} for row in rows])

    def append_rows(
        self, table: LiteralString, columns: Sequence[LiteralString], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Insert many rows in one statement; `tenant_id` is added and not among `columns`.

        The rows travel as one JSON document, for PostgreSQL refuses COPY under row-level security.
        Days, instants and decimals go as they are, periods as `range_text`, jsonb as plain values
        or `msgspec.Raw`.
        """
        names = ("tenant_id", *columns)
        tenant_id = self.tenant_id
        content = [dict(zip(names, (tenant_id, *row), strict=True)) for row in rows]
        if content:
            statement = sql.SQL(APPEND_ROWS).format(
                table=sql.Identifier(table), names=sql.SQL(", ").join(map(sql.Identifier, names))
            )
            self.connection.execute(statement, {"rows": to_json(content)})

    @contextmanager
    def pipeline(self) -> Iterator[None]:
        """Statements within are sent without waiting for each other's end, so that PostgreSQL works
        on one while the next is written. What one of them raises comes at the end, or from the
        next that reads rows; how many rows one touched is not known.
        """
        with self.connection.pipeline():
            yield

    def _run(self, statement: LiteralString, values: Mapping[str, object]) -> psycopg.Cursor[Row]:
        bound: dict[str, object] = {"tenant_id": self.tenant_id}
        for name, value in values.items():
            bound[name] = array_text(value) if type(value) is list else value
        return self.connection.execute(statement, bound)


class _Reader(Connection[Row]):
    """A connection that stays with one tenant between statements."""

    tenant_id: str = ""


class Database:
    """A pool of connections to one PostgreSQL database."""

    def __init__(self, url: str, *, max_connections: int = 10) -> None:
        self.url = url
        self._others: list[Callable[[], None]] = []
        self._pool: ConnectionPool[Connection[Row]] = ConnectionPool(
            url,
            min_size=0,
            max_size=max_connections,
            open=True,
            configure=_configure,
            kwargs={"row_factory": namedtuple_row, "autocommit": False},
            timeout=30,
        )
        self._readers: ConnectionPool[_Reader] = ConnectionPool(
            url,
            connection_class=_Reader,
            min_size=0,
            max_size=MAX_READERS,
            open=True,
            configure=_configure,
            kwargs={"row_factory": namedtuple_row, "autocommit": True},
            timeout=30,
        )

    @contextmanager
    def transaction(self, tenant_id: str) -> Iterator[Tx]:
        """One transaction that sees one tenant; commits at the end, rolls back on any exception."""
        with self._pool.connection() as connection:
            connection.execute(SET_TENANT, [tenant_id])
            yield Tx(connection, tenant_id)

    @contextmanager
    def at_once(self, tenant_id: str) -> Iterator[Tx]:
        """For single reads that must be quick: each statement is a transaction of its own.

        The connection keeps to its tenant until another is asked for, so that a statement takes one
        round trip and not four.
        """
        with self._readers.connection() as connection:
            if connection.tenant_id != tenant_id:
                connection.tenant_id = ""
                connection.execute(KEEP_TENANT, [tenant_id])
                connection.tenant_id = tenant_id
            yield Tx(connection, tenant_id)

    @contextmanager
    def platform(self) -> Iterator[Tx]:
        """One transaction on the registry of tenants and keys; sees no tenant's own rows."""
        with self._pool.connection() as connection:
            connection.execute(SET_PLATFORM)
            yield Tx(connection, "")

    def close_with_it(self, close: Callable[[], None]) -> None:
        """Have something closed when this is: a connection of an event loop that is over."""
        self._others.append(close)

    def close(self) -> None:
        """Give all connections back."""
        self._pool.close()
        self._readers.close()
        for close in self._others:
            close()


@contextmanager
def one_connection(url: str) -> Iterator[Connection[Row]]:
    """A connection of one's own, autocommit, for migrations and the launcher."""
    with psycopg.connect(url, autocommit=True, row_factory=namedtuple_row) as connection:
        yield connection


def _configure(connection: Connection[Row]) -> None:
    """Every connection: UTC, our JSON, and never a role that row-level security does not hold."""
    set_json_dumps(to_json, connection)
    set_json_loads(msgspec.json.decode, connection)
    connection.execute(IN_UTC)
    bypasses = connection.execute(BYPASSES).fetchone()
    if bypasses is not None and bypasses.yes:
        connection.execute(AS_APP)
    connection.commit()


async def configure_async(connection: AsyncConnection[Row]) -> None:
    """The same for a connection of an event loop."""
    set_json_dumps(to_json, connection)
    set_json_loads(msgspec.json.decode, connection)
    await connection.execute(IN_UTC)
    bypasses = await (await connection.execute(BYPASSES)).fetchone()
    if bypasses is not None and bypasses.yes:
        await connection.execute(AS_APP)


__all__ = [
    "Database",
    "DatabaseUnusable",
    "Jsonb",
    "Row",
    "Tx",
    "one_connection",
    "range_text",
    "to_json",
]
