"""What customers are called in other systems, and the method each pays by."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from usance.domain.customer import Integration, Vendor
from usance.domain.errors import NotFound
from usance.domain.ids import CustomerId, IntegrationId
from usance.domain.payments.method import PaymentMethod
from usance.store.codec import jsonb, value_from
from usance.store.database import Jsonb, Row, Tx

SAVE_INTEGRATION = """
INSERT INTO customer_integrations (tenant_id, customer_id, integration_id, vendor,
                                   synced_entity_id, sync_data, created_at, updated_at)
VALUES (%(tenant_id)s, %(customer_id)s, %(id)s, %(vendor)s, %(synced_entity_id)s, %(sync_data)s,
        %(at)s, %(at)s)
    ON CONFLICT (tenant_id, customer_id, integration_id) DO UPDATE
   SET vendor = excluded.vendor,
       synced_entity_id = excluded.synced_entity_id,
       sync_data = excluded.sync_data,
       updated_at = excluded.updated_at
"""
INTEGRATIONS = """
SELECT customer_id, integration_id, vendor, synced_entity_id, sync_data
  FROM customer_integrations
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = ANY (%(customer_ids)s)
 ORDER BY customer_id, integration_id
"""
INTEGRATION = """
SELECT customer_id, integration_id, vendor, synced_entity_id, sync_data
  FROM customer_integrations
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = %(customer_id)s
   AND integration_id = %(id)s
"""
PAGE = """
SELECT customer_id, integration_id, vendor, synced_entity_id, sync_data
  FROM customer_integrations
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = %(customer_id)s
   AND (%(vendors)s::text[] IS NULL OR vendor = ANY (%(vendors)s))
   AND (%(after)s::text IS NULL OR integration_id > %(after)s)
   AND (%(before)s::text IS NULL OR integration_id < %(before)s)
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN integration_id END, integration_id DESC
 LIMIT %(limit)s
"""
DELETE_INTEGRATIONS = """
DELETE FROM customer_integrations
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = %(customer_id)s
   AND integration_id = ANY (%(ids)s)
"""
SAVE_METHOD = """
INSERT INTO payment_methods (tenant_id, customer_id, method, attached_at)
VALUES (%(tenant_id)s, %(customer_id)s, %(method)s, %(at)s)
    ON CONFLICT (tenant_id, customer_id) DO UPDATE
   SET method = excluded.method,
       attached_at = excluded.attached_at
"""
METHODS = """
SELECT customer_id, method
  FROM payment_methods
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = ANY (%(customer_ids)s)
"""
DELETE_METHOD = """
DELETE FROM payment_methods WHERE tenant_id = %(tenant_id)s AND customer_id = %(customer_id)s
"""


def save_integration(
    tx: Tx, customer_id: CustomerId, integration: Integration, *, at: datetime
) -> None:
    """Keep what a customer is called in a system, new or changed."""
    tx.run(
        SAVE_INTEGRATION,
        customer_id=customer_id,
        id=integration.id,
        vendor=integration.vendor,
        synced_entity_id=integration.synced_entity_id,
        sync_data=Jsonb(dict(integration.sync_data)) if integration.sync_data else None,
        at=at,
    )


def integrations(
    tx: Tx, customer_ids: Collection[CustomerId]
) -> dict[CustomerId, list[Integration]]:
    """The systems each of those customers is known in, by the ids of the connections."""
    found: dict[CustomerId, list[Integration]] = {each: [] for each in customer_ids}
    for row in tx.all(INTEGRATIONS, customer_ids=list(customer_ids)):
        found[row.customer_id].append(_integration(row))
    return found


def integration(tx: Tx, customer_id: CustomerId, integration_id: IntegrationId) -> Integration:
    """What the customer is called through that connection. Raises NotFound."""
    row = tx.maybe(INTEGRATION, customer_id=customer_id, id=integration_id)
    if row is None:
        raise NotFound("integration", integration_id)
    return _integration(row)


def page(
    tx: Tx,
    customer_id: CustomerId,
    *,
    vendors: Collection[str] | None,
    after: str | None,
    before: str | None,
    limit: int,
) -> list[Integration]:
    """A customer's integrations by id, after one or before one (then the last first)."""
    rows = tx.all(
        PAGE,
        customer_id=customer_id,
        vendors=None if vendors is None else list(vendors),
        after=after,
        before=before,
        limit=limit,
    )
    return [_integration(row) for row in rows]


def delete_integrations(tx: Tx, customer_id: CustomerId, ids: Collection[IntegrationId]) -> None:
    """The customer is not known through those connections any more."""
    tx.run(DELETE_INTEGRATIONS, customer_id=customer_id, ids=list(ids))


def save_method(tx: Tx, customer_id: CustomerId, method: PaymentMethod, *, at: datetime) -> None:
    """The customer pays by it from now on."""
    tx.run(SAVE_METHOD, customer_id=customer_id, method=jsonb(method), at=at)


def methods(tx: Tx, customer_ids: Collection[CustomerId]) -> dict[CustomerId, PaymentMethod]:
    """What those of the customers pay by who have something."""
    rows = tx.all(METHODS, customer_ids=list(customer_ids))
    return {row.customer_id: value_from(row.method, PaymentMethod) for row in rows}


def delete_method(tx: Tx, customer_id: CustomerId) -> None:
    """The customer has no payment method."""
    tx.run(DELETE_METHOD, customer_id=customer_id)


def _integration(row: Row) -> Integration:
    return Integration(
        id=IntegrationId(row.integration_id),
        vendor=Vendor(row.vendor),
        synced_entity_id=row.synced_entity_id,
        sync_data=row.sync_data or {},
    )
