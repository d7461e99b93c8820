"""Change a connection: where it leads, what is called what, whether it runs."""

from __future__ import annotations

from usance.domain.connections.connection import Connection, key_problems
from usance.domain.errors import refuse_if
from usance.flows.runtime import Runtime, Scope
from usance.store import connections


def update_connection(
    runtime: Runtime, scope: Scope, connection: Connection, *, key: str | None = None
) -> None:
    """It is as given from the next sync on. `key` None: the one there is stays.

    What is mapped to something else, or counts from another instant, is taken back and taken in
    anew then. Raises NotFound; Invalid.
    """
    refuse_if([] if key is None else list(key_problems(key)))
    with runtime.transaction(scope) as tx:
        connections.lock(tx, connection.id)
        before = connections.one(tx, connection.id).connection
        if before == connection and key is None:
            return

        connections.save(tx, connection, key=key, at=runtime.now(tx))
        runtime.note(
            tx, scope, "connection.updated", connection.id, before=before, after=connection
        )
