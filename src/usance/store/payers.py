"""Who pays for whom, and holding customers while what they owe is looked at or changed."""

from __future__ import annotations

from collections.abc import Collection

from usance.domain.ids import CustomerId
from usance.store.database import Tx

# Not for its key: rows that only refer to a customer need not wait for whoever holds it.
LOCK_FREE_CUSTOMERS = """
SELECT id
  FROM customers
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
 ORDER BY id
   FOR NO KEY UPDATE SKIP LOCKED
"""
LOCK_CUSTOMERS = """
SELECT id
  FROM customers
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
 ORDER BY id
   FOR NO KEY UPDATE
"""
LOCK_CUSTOMER = """
SELECT id FROM customers WHERE tenant_id = %(tenant_id)s AND id = %(id)s FOR NO KEY UPDATE
"""


def lock_customers(
    tx: Tx, customer_ids: Collection[CustomerId], *, is_waiting: bool
) -> list[CustomerId]:
    """Hold customers until `tx` ends; those that others hold are waited for, or left out."""
    statement = LOCK_CUSTOMERS if is_waiting else LOCK_FREE_CUSTOMERS
    return [row.id for row in tx.all(statement, ids=list(customer_ids))]


def lock_customer(tx: Tx, customer_id: CustomerId) -> None:
    """Hold a customer until `tx` ends: always before its contracts, invoices and payments."""
    tx.one(LOCK_CUSTOMER, kind="customer", ref=customer_id, id=customer_id)
