"""Products: by the id the seller gave them, oldest first."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

from usance.domain.ids import ProductId
from usance.domain.plans.product import Product
from usance.store.codec import jsonb, value_from
from usance.store.database import Row, Tx

SAVE = """
INSERT INTO products (tenant_id, id, particulars, created_at, updated_at)
VALUES (%(tenant_id)s, %(id)s, %(particulars)s, %(at)s, %(at)s)
    ON CONFLICT (tenant_id, id) DO UPDATE
   SET particulars = excluded.particulars,
       updated_at = excluded.updated_at
"""
ADD = """
INSERT INTO products (tenant_id, id, particulars, created_at, updated_at)
VALUES (%(tenant_id)s, %(id)s, %(particulars)s, %(at)s, %(at)s)
    ON CONFLICT DO NOTHING
"""
DATED = """
SELECT id, particulars, created_at, updated_at, archived_at
  FROM products
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
LOCK = """
SELECT id, particulars, created_at, updated_at, archived_at
  FROM products
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   FOR NO KEY UPDATE
"""
PAGE = """
SELECT id, particulars, created_at, updated_at, archived_at
  FROM products
 WHERE tenant_id = %(tenant_id)s
   AND (%(id)s::text IS NULL OR id = %(id)s)
   AND (%(statuses)s::text[] IS NULL
        OR CASE WHEN archived_at IS NULL THEN 'PUBLISHED' ELSE 'ARCHIVED' END = ANY (%(statuses)s))
   AND (%(created_from)s::timestamptz IS NULL OR created_at >= %(created_from)s)
   AND (%(created_until)s::timestamptz IS NULL OR created_at < %(created_until)s)
   AND (%(after)s::text IS NULL OR (created_at, id) > (
            SELECT created_at, id
              FROM products
             WHERE tenant_id = %(tenant_id)s
               AND id = %(after)s))
   AND (%(before)s::text IS NULL OR (created_at, id) < (
            SELECT created_at, id
              FROM products
             WHERE tenant_id = %(tenant_id)s
               AND id = %(before)s))
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN created_at END,
          CASE WHEN %(before)s::text IS NULL THEN id END,
          created_at DESC, id DESC
 LIMIT %(limit)s
"""
ARCHIVE = """
UPDATE products
   SET archived_at = %(archived_at)s,
       updated_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
NAMING = """
SELECT id
  FROM products
 WHERE tenant_id = %(tenant_id)s
   AND archived_at IS NULL
   AND %(plan_id)s IN (particulars -> 'settings' ->> 'downgrade_plan_id',
                       particulars -> 'settings' ->> 'start_plan_id')
 ORDER BY id
"""


class DatedProduct(NamedTuple):
    """A product, when it was first and last saved, and when it was archived."""

    product: Product
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedProducts:
    """Which products to list; None wants all."""

    id: str | None = None
    statuses: list[str] | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None


def add(tx: Tx, product: Product, *, at: datetime) -> bool:
    """Keep a new one. False, and nothing done, when there is one of its id."""
    return bool(tx.run(ADD, id=product.id, particulars=jsonb(product), at=at))


def save(tx: Tx, product: Product, *, at: datetime) -> None:
    """Keep a product as it now is."""
    tx.run(SAVE, id=product.id, particulars=jsonb(product), at=at)


def dated(tx: Tx, product_id: ProductId) -> DatedProduct:
    """The product of that id, archived or not. Raises NotFound."""
    return _dated(tx.one(DATED, kind="product", ref=product_id, id=product_id))


def lock(tx: Tx, product_id: ProductId) -> DatedProduct:
    """The same, held as it is until `tx` ends. Raises NotFound."""
    return _dated(tx.one(LOCK, kind="product", ref=product_id, id=product_id))


def page(
    tx: Tx, wanted: WantedProducts, *, after: str | None, before: str | None, limit: int
) -> list[DatedProduct]:
    """Products by age, after one or before one (then newest first)."""
    rows = tx.all(PAGE, **asdict(wanted), after=after, before=before, limit=limit)
    return [_dated(row) for row in rows]


def save_archived(
    tx: Tx, product_id: ProductId, *, archived_at: datetime | None, at: datetime
) -> None:
    """Archive it at that instant, or restore it (None)."""
    tx.run(ARCHIVE, id=product_id, archived_at=archived_at, at=at)


def naming(tx: Tx, plan_id: str) -> list[str]:
    """The products whose settings name that plan."""
    return [row.id for row in tx.all(NAMING, plan_id=plan_id)]


def _dated(row: Row) -> DatedProduct:
    product = value_from(row.particulars, Product)
    return DatedProduct(product, row.created_at, row.updated_at, row.archived_at)
