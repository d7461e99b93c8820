"""Lists for those who look: pages of invoices by state, contracts, orders, subscriptions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from usance.domain.ids import ContractId, InvoiceId, LegalEntityId
from usance.domain.invoicing.invoice import DocumentType
from usance.store.database import Row, Tx

# The state as domain/payments/settlement.py derives it; a test holds the two together.
INVOICE_PAGE = """
SELECT id
  FROM (SELECT id, created_at,
               CASE WHEN status <> 'ISSUED' THEN status
                    WHEN allocated.minor >= gross_minor THEN 'PAID'
                    WHEN today.day > due_on THEN 'OVERDUE'
                    WHEN allocated.minor = 0 THEN 'OPEN'
                    ELSE 'PARTIALLY_PAID' END AS state
          FROM invoices
          JOIN unnest(%(entity_ids)s::text[], %(todays)s::date[]) AS today (entity_id, day)
            ON today.entity_id = legal_entity_id,
               LATERAL (SELECT coalesce(sum(amount_minor), 0) AS minor
                          FROM allocations
                         WHERE tenant_id = %(tenant_id)s
                           AND invoice_id = invoices.id) AS allocated
         WHERE tenant_id = %(tenant_id)s
           AND (%(type)s::text IS NULL OR type = %(type)s)
           AND (%(customer_id)s::text IS NULL OR customer_id = %(customer_id)s)
           AND (%(contract_id)s::text IS NULL OR EXISTS (
                    SELECT FROM invoice_lines l
                     WHERE l.tenant_id = %(tenant_id)s
                       AND l.invoice_id = invoices.id
                       AND l.contract_id = %(contract_id)s))) AS invoice
 WHERE (%(states)s::text[] IS NULL OR state = ANY(%(states)s))
   AND (%(after)s::text IS NULL OR (created_at, id) > (
            SELECT created_at, id
              FROM invoices
             WHERE tenant_id = %(tenant_id)s AND id = %(after)s))
   AND (%(before)s::text IS NULL OR (created_at, id) < (
            SELECT created_at, id
              FROM invoices
             WHERE tenant_id = %(tenant_id)s AND id = %(before)s))
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN created_at END,
          CASE WHEN %(before)s::text IS NULL THEN id END,
          created_at DESC, id DESC
 LIMIT %(limit)s
"""
INVOICES_OF_CONTRACT = """
SELECT DISTINCT i.id, i.bill_on, i.created_at
  FROM invoices i
  JOIN invoice_lines l ON l.tenant_id = %(tenant_id)s AND l.invoice_id = i.id
 WHERE i.tenant_id = %(tenant_id)s
   AND l.contract_id = %(contract_id)s
   AND i.status <> 'VOID'
 ORDER BY i.bill_on, i.created_at, i.id
"""
ORDERS = """
SELECT id, kind, customer_id, contract_id, effective_on, form, document_sha256, created_at,
       fulfilled_at, canceled_at
  FROM orders
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
"""
CONTRACT_STAMPS = """
SELECT id, status, draft, created_at, updated_at
  FROM contracts
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
"""
CONTRACT_PAGE = """
SELECT id
  FROM contracts
 WHERE tenant_id = %(tenant_id)s
   AND subscription_id IS NULL
   AND (%(customer_id)s::text IS NULL OR customer_id = %(customer_id)s)
   AND (%(statuses)s::text[] IS NULL OR status = ANY(%(statuses)s))
   AND (%(name)s::text IS NULL OR name = %(name)s)
   AND (%(after)s::text IS NULL OR (created_at, id) > (
            SELECT created_at, id
              FROM contracts
             WHERE tenant_id = %(tenant_id)s AND id = %(after)s))
   AND (%(before)s::text IS NULL OR (created_at, id) < (
            SELECT created_at, id
              FROM contracts
             WHERE tenant_id = %(tenant_id)s AND id = %(before)s))
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN created_at END,
          CASE WHEN %(before)s::text IS NULL THEN id END,
          created_at DESC, id DESC
 LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Which part of a list: after an id (oldest first) or before one (newest first)."""

    after: str | None = None
    before: str | None = None
    limit: int


def invoice_page(
    tx: Tx,
    slot: Slot,
    *,
    todays: Mapping[LegalEntityId, date],
    customer_id: str | None = None,
    contract_id: str | None = None,
    states: Collection[str] | None = None,
    type: DocumentType | None = None,
) -> list[InvoiceId]:
    """Ids of documents, or of those of a type, by age. `todays`: the day it is at each legal
    entity, for what is overdue.
    """
    rows = tx.all(
        INVOICE_PAGE,
        entity_ids=list(todays),
        todays=list(todays.values()),
        customer_id=customer_id,
        contract_id=contract_id,
        type=None if type is None else type.value,
        states=None if states is None else list(states),
        after=slot.after,
        before=slot.before,
        limit=slot.limit,
    )
    return [row.id for row in rows]


def invoices_of_contract(tx: Tx, contract_id: ContractId) -> list[InvoiceId]:
    """Ids of the documents, held or issued, that stand with a line of that contract, by day."""
    return [row.id for row in tx.all(INVOICES_OF_CONTRACT, contract_id=contract_id)]


def orders(tx: Tx, ids: Collection[str]) -> list[Row]:
    """The orders of those ids as kept, without the signed documents, in that order."""
    found = {row.id: row for row in tx.all(ORDERS, ids=list(ids))}
    return [found[order_id] for order_id in ids if order_id in found]


def contract_page(
    tx: Tx,
    slot: Slot,
    *,
    customer_id: str | None = None,
    statuses: Collection[str] | None = None,
    name: str | None = None,
) -> list[ContractId]:
    """Ids of contracts by age."""
    rows = tx.all(
        CONTRACT_PAGE,
        customer_id=customer_id,
        statuses=None if statuses is None else list(statuses),
        name=name,
        after=slot.after,
        before=slot.before,
        limit=slot.limit,
    )
    return [row.id for row in rows]


def contract_stamps(tx: Tx, ids: Collection[str]) -> dict[str, Row]:
    """id, status, draft, created_at, updated_at of contracts of any state."""
    return {row.id: row for row in tx.all(CONTRACT_STAMPS, ids=list(ids))}
