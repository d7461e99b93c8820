"""Orders: what was signed, kept byte for byte and in its notation, and how far it is fulfilled."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256

from usance.domain.contracts.fulfilment import OrderStatus
from usance.domain.ids import ContractId, OrderId
from usance.store.database import Jsonb, Row, Tx

APPEND = """
INSERT INTO orders (tenant_id, id, kind, customer_id, effective_on, form, document,
                    document_sha256, created_at)
VALUES (%(tenant_id)s, %(id)s, %(kind)s, %(customer_id)s, %(effective_on)s, %(form)s, %(document)s,
        %(document_sha256)s, %(at)s)
ON CONFLICT (tenant_id, id) DO NOTHING
"""
ONE = """
SELECT id, kind, customer_id, contract_id, effective_on, form, document, document_sha256,
       created_at, fulfilled_at, canceled_at
  FROM orders
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
LOCK = """
SELECT id, form, document_sha256, created_at, fulfilled_at, canceled_at, contract_id
  FROM orders
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   FOR UPDATE
"""
PAGE = """
SELECT id
  FROM orders
 WHERE tenant_id = %(tenant_id)s
   AND (%(customer_id)s::text IS NULL OR customer_id = %(customer_id)s)
   AND (%(statuses)s::text[] IS NULL
        OR CASE WHEN canceled_at IS NOT NULL THEN 'CANCELED'
                WHEN fulfilled_at IS NOT NULL THEN 'FULFILLED'
                ELSE 'NEW' END = ANY(%(statuses)s))
   AND (%(after)s::text IS NULL OR (created_at, id) > (
            SELECT created_at, id
              FROM orders
             WHERE tenant_id = %(tenant_id)s
               AND id = %(after)s))
   AND (%(before)s::text IS NULL OR (created_at, id) < (
            SELECT created_at, id
              FROM orders
             WHERE tenant_id = %(tenant_id)s
               AND id = %(before)s))
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN created_at END,
          CASE WHEN %(before)s::text IS NULL THEN id END,
          created_at DESC, id DESC
 LIMIT %(limit)s
"""
OF_CONTRACT = """
SELECT id, form, created_at, fulfilled_at, canceled_at
  FROM orders
 WHERE tenant_id = %(tenant_id)s
   AND contract_id = %(contract_id)s
 ORDER BY effective_on, created_at, id
"""
SAVE_CONTRACT = """
UPDATE orders
   SET contract_id = %(contract_id)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
SAVE_FULFILLED = """
UPDATE orders
   SET fulfilled_at = %(at)s, contract_id = %(contract_id)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   AND fulfilled_at IS NULL
"""
SAVE_CANCELED = """
UPDATE orders
   SET canceled_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   AND canceled_at IS NULL
"""


def append(
    tx: Tx,
    order_id: OrderId,
    *,
    form: dict[str, object],
    document: bytes,
    effective_on: date,
    at: datetime,
) -> bool:
    """Keep a new order. `form` is its notation with every default resolved.

    False, and nothing done, when there is one of that id.
    """
    added = tx.run(
        APPEND,
        id=order_id,
        kind=form["kind"],
        customer_id=form["customerId"],
        effective_on=effective_on,
        form=Jsonb(form),
        document=document,
        document_sha256=sha256(document).digest(),
        at=at,
    )
    return bool(added)


def one(tx: Tx, order_id: OrderId) -> Row:
    """The order as kept. Raises NotFound."""
    return tx.one(ONE, kind="order", ref=order_id, id=order_id)


def maybe(tx: Tx, order_id: OrderId) -> Row | None:
    """The order as kept, or None."""
    return tx.maybe(ONE, id=order_id)


def lock(tx: Tx, order_id: OrderId) -> Row:
    """The order, held until `tx` ends. Raises NotFound."""
    return tx.one(LOCK, kind="order", ref=order_id, id=order_id)


def page(
    tx: Tx,
    *,
    after: str | None,
    before: str | None,
    limit: int,
    customer_id: str | None = None,
    statuses: list[str] | None = None,
) -> list[OrderId]:
    """Ids of orders by age, after one or before one (then newest first)."""
    rows = tx.all(
        PAGE, after=after, before=before, limit=limit, customer_id=customer_id, statuses=statuses
    )
    return [row.id for row in rows]


def of_contract(tx: Tx, contract_id: ContractId) -> list[Row]:
    """The orders that made a contract, by effective day."""
    return tx.all(OF_CONTRACT, contract_id=contract_id)


def save_contract(tx: Tx, order_id: OrderId, contract_id: ContractId) -> None:
    """Which contract it made or amended."""
    tx.run(SAVE_CONTRACT, id=order_id, contract_id=contract_id)


def save_fulfilled(tx: Tx, order_id: OrderId, contract_id: ContractId, *, at: datetime) -> None:
    """Its last open step was done, on that contract."""
    tx.run(SAVE_FULFILLED, id=order_id, contract_id=contract_id, at=at)


def save_canceled(tx: Tx, order_id: OrderId, *, at: datetime) -> None:
    """It was called off."""
    tx.run(SAVE_CANCELED, id=order_id, at=at)


def status_of(row: Row) -> OrderStatus:
    """What the dated facts of a row say."""
    if row.canceled_at is not None:
        return OrderStatus.CANCELED
    return OrderStatus.NEW if row.fulfilled_at is None else OrderStatus.FULFILLED
