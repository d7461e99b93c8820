"""Connect a system that counts usage, so that what it counts comes in by itself."""

from __future__ import annotations

from usance.domain.connections.connection import Connection, ConnectionExists, key_problems
from usance.domain.errors import refuse_if
from usance.flows.runtime import Runtime, Scope
from usance.store import connections


def connect_usage(runtime: Runtime, scope: Scope, connection: Connection, *, key: str) -> None:
    """From now on it is synced. `key` opens the other side; it is kept, and never shown again.

    One that was removed comes back under its id, and goes on from what it had taken in. Raises
    Invalid; ConnectionExists.
    """
    refuse_if(list(key_problems(key)))
    with runtime.transaction(scope) as tx:
        if connections.lock(tx, connection.id):
            raise ConnectionExists(connection.id)

        connections.save(tx, connection, key=key, at=runtime.now(tx))
        runtime.note(tx, scope, "connection.created", connection.id, after=connection)
