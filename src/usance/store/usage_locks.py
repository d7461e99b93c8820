"""Who counts a customer's usage at one moment: many who add to it, or one who counts it anew.

Whoever adds events shares the lock, so that nobody is in the way of anybody; whoever counts what is
there to keep the number is alone, so that no event is missed or counted twice. Each is an advisory
lock of the transaction, and taken in one order, so that nobody waits in a circle. Customers go by
PLACES for each tenant: a batch of a thousand customers must not fill the server's table of locks.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from usance.store.database import Tx

PLACES = 64

SHARE = """
SELECT pg_advisory_xact_lock_shared(hashtext(%(tenant_id)s), place)
  FROM unnest(%(places)s::int[]) AS place
"""
ALONE = """
SELECT pg_advisory_xact_lock(hashtext(%(tenant_id)s), place)
  FROM unnest(%(places)s::int[]) AS place
"""


def share(tx: Tx, customer_ids: Iterable[str]) -> None:
    """Until `tx` ends nobody counts these customers anew; call it before adding to them."""
    tx.all(SHARE, places=_places(customer_ids))


def alone(tx: Tx, customer_ids: Iterable[str]) -> None:
    """Until `tx` ends nobody else adds to these customers or counts them.

    Not after `share` in the same transaction: two who did so would wait for each other.
    """
    tx.all(ALONE, places=_places(customer_ids))


def _places(customer_ids: Iterable[str]) -> list[int]:
    return sorted({crc32(customer_id.encode()) % PLACES for customer_id in customer_ids})
