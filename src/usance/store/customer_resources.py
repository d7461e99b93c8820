"""The parts of a customer, such as workspaces, that its subscriptions are for."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from usance.domain.ids import CustomerId
from usance.store.database import Tx

PAGE = """
SELECT resource_id AS id, min(created_at) AS created_at, max(updated_at) AS updated_at
  FROM subscriptions
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = %(customer_id)s
   AND resource_id IS NOT NULL
   AND (%(after)s::text IS NULL OR resource_id > %(after)s)
   AND (%(before)s::text IS NULL OR resource_id < %(before)s)
 GROUP BY resource_id
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN resource_id END, resource_id DESC
 LIMIT %(limit)s
"""


class Resource(NamedTuple):
    """A part of a customer: when a subscription first named it, and when one of it last changed."""

    id: str
    created_at: datetime
    updated_at: datetime


def page(
    tx: Tx, customer_id: CustomerId, *, after: str | None, before: str | None, limit: int
) -> list[Resource]:
    """A customer's resources by id, after one or before one (then the last first)."""
    rows = tx.all(PAGE, customer_id=customer_id, after=after, before=before, limit=limit)
    return [Resource(row.id, row.created_at, row.updated_at) for row in rows]
