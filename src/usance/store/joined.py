"""A database seen from inside one transaction: what is opened in it joins that transaction.

So an answer and what it answers commit together, or a read and the write it decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from usance.store.database import Database, Tx


class Joined(Database):
    """Stands in for `Database` within `tx`: no connection of its own, and no other tenant."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    @contextmanager
    def transaction(self, tenant_id: str) -> Iterator[Tx]:
        """A savepoint of the one transaction: kept at its end, undone on any exception."""
        assert tenant_id == self._tx.tenant_id, "one transaction is of one tenant"
        with self._tx.connection.transaction():
            yield self._tx

    def platform(self) -> NoReturn:
        """Refused: a tenant's transaction never sees the registry."""
        raise AssertionError("the registry is not reached from a tenant's transaction")

    def close(self) -> None:
        """Nothing to give back: the transaction belongs to whoever opened it."""
