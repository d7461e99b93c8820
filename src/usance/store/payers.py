"""Who pays for whom, and holding customers while what they owe is looked at or changed.

A household is a customer that pays its own documents, and all it pays for. It is held as a whole,
in the order of ids: what its members owe on a day may share a document.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from usance.domain.errors import NotFound
from usance.domain.ids import CustomerId
from usance.store.database import Tx

# One by one, here and below: all of a tenant's customers are never read.
HOUSEHOLDS = """
WITH RECURSIVE above AS (
    SELECT id, bills_to_id
      FROM customers
     WHERE tenant_id = %(tenant_id)s
       AND id = ANY(%(ids)s)
     UNION
    SELECT next.id, next.bills_to_id
      FROM above
     CROSS JOIN LATERAL (
            SELECT id, bills_to_id
              FROM customers
             WHERE tenant_id = %(tenant_id)s
               AND id = above.bills_to_id
            OFFSET 0) AS next
     WHERE above.bills_to_id IS NOT NULL
), household AS (
    SELECT id, id AS payer_id
      FROM above
     WHERE bills_to_id IS NULL
     UNION ALL
    SELECT below.id, household.payer_id
      FROM household
     CROSS JOIN LATERAL (
            SELECT id
              FROM customers
             WHERE tenant_id = %(tenant_id)s
               AND bills_to_id = household.id
            OFFSET 0) AS below
)
SELECT id, payer_id FROM household
"""
# Not for its key: rows that only refer to a customer need not wait for whoever holds it.
LOCK_FREE = """
SELECT id, bills_to_id
  FROM customers
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
 ORDER BY id
   FOR NO KEY UPDATE SKIP LOCKED
"""
LOCK = """
SELECT id, bills_to_id
  FROM customers
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
 ORDER BY id
   FOR NO KEY UPDATE
"""
LOCK_WITH_PAYER = """
WITH RECURSIVE above AS (
    SELECT id, bills_to_id
      FROM customers
     WHERE tenant_id = %(tenant_id)s
       AND id = %(id)s
     UNION
    SELECT next.id, next.bills_to_id
      FROM above
     CROSS JOIN LATERAL (
            SELECT id, bills_to_id
              FROM customers
             WHERE tenant_id = %(tenant_id)s
               AND id = above.bills_to_id
            OFFSET 0) AS next
     WHERE above.bills_to_id IS NOT NULL
)
SELECT id, bills_to_id
  FROM customers
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(ARRAY(SELECT id FROM above))
 ORDER BY id
   FOR NO KEY UPDATE
"""

Households = Mapping[CustomerId, CustomerId]  # who pays for each of their members


def households(tx: Tx, ids: Collection[CustomerId]) -> dict[CustomerId, CustomerId]:
    """The households of those customers, as they are at this moment."""
    return {row.id: row.payer_id for row in tx.all(HOUSEHOLDS, ids=list(ids))}


def lock_households(tx: Tx, known: Households, *, is_waiting: bool) -> list[CustomerId]:
    """Hold the members of those households until `tx` ends. Members that others hold are waited
    for, or their household is left out, as is one that has changed meanwhile.
    """
    statement = LOCK if is_waiting else LOCK_FREE
    above = {row.id: row.bills_to_id for row in tx.all(statement, ids=list(known))}
    changed = {payer for member, payer in known.items() if _payer(member, above) != payer}
    return [member for member, payer in known.items() if payer not in changed]


def lock_customer(tx: Tx, customer_id: CustomerId) -> None:
    """Hold a customer, and who pays for it, until `tx` ends: always before its contracts, invoices
    and payments. Raises NotFound.
    """
    above: dict[CustomerId, CustomerId | None] = {}
    while _payer(customer_id, above) is None:  # again, should it have another payer by now
        above = {row.id: row.bills_to_id for row in tx.all(LOCK_WITH_PAYER, id=customer_id)}
        if not above:
            raise NotFound("customer", customer_id)


def lock_all(tx: Tx, ids: Collection[CustomerId]) -> None:
    """Hold those customers until `tx` ends, and none beside them."""
    tx.all(LOCK, ids=list(ids))


def _payer(
    customer_id: CustomerId, above: Mapping[CustomerId, CustomerId | None]
) -> CustomerId | None:
    """Who pays for a customer, as far as that is held."""
    while customer_id in above:
        next_above = above[customer_id]
        if next_above is None:
            return customer_id
        customer_id = next_above
    return None
