"""The last invoice of each of several contracts, in one statement."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from usance.domain.ids import ContractId, InvoiceId
from usance.domain.money import Money, currency
from usance.store.database import Row, Tx

# An invoice that was made void before it had a number was never anybody's.
LATEST = """
SELECT contract.id AS contract_id, latest.*
  FROM unnest(%(contract_ids)s::text[]) AS contract (id)
 CROSS JOIN LATERAL (
        SELECT id, created_at, status, currency, gross_minor,
               EXISTS (SELECT
                         FROM contracts
                        WHERE tenant_id = %(tenant_id)s
                          AND contracts.id = contract.id
                          AND subscription_id IS NOT NULL)
               AND NOT EXISTS (SELECT
                                 FROM invoice_lines l
                                 JOIN invoices other
                                   ON other.tenant_id = %(tenant_id)s
                                  AND other.id = l.invoice_id
                                WHERE l.tenant_id = %(tenant_id)s
                                  AND l.contract_id = contract.id
                                  AND other.id <> invoices.id
                                  AND other.number IS NOT NULL
                                  AND other.type = 'INVOICE') AS opened,
               (SELECT coalesce(sum(amount_minor), 0)
                  FROM allocations
                 WHERE tenant_id = %(tenant_id)s
                   AND invoice_id = invoices.id) AS allocated_minor,
               EXISTS (SELECT
                         FROM invoice_lines
                        WHERE tenant_id = %(tenant_id)s
                          AND invoice_id = invoices.id
                          AND contract_line_id IS NOT NULL) AS fell_due
          FROM invoices
         WHERE tenant_id = %(tenant_id)s
           AND number IS NOT NULL
           AND type = 'INVOICE'
           AND id IN (SELECT invoice_id
                        FROM invoice_lines
                       WHERE tenant_id = %(tenant_id)s
                         AND contract_id = contract.id)
         ORDER BY issued_on DESC, created_at DESC, id DESC
         LIMIT 1) AS latest
"""


class PublicState(StrEnum):
    """Where an issued invoice stands, in the three words that Stigg's SDKs know."""

    OPEN = "OPEN"  # partly paid and overdue, too
    CANCELED = "CANCELED"
    PAID = "PAID"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestInvoice:
    """The last invoice that got a number. `fell_due`: by the contract, not written by hand.
    `opened`: the first of what bills a subscription.
    """

    id: InvoiceId
    created_at: datetime
    state: PublicState
    total: Money
    amount_due: Money
    fell_due: bool
    opened: bool


def of_contracts(tx: Tx, contract_ids: Collection[ContractId]) -> dict[ContractId, LatestInvoice]:
    """The last invoice of each of those contracts that has one, by issue day."""
    rows = tx.all(LATEST, contract_ids=list(contract_ids))
    return {row.contract_id: _latest(row) for row in rows}


def public_state(status: str, *, gross: Money, allocated: Money) -> PublicState:
    """Where an invoice with a number stands; one of zero is paid."""
    if status == "VOID":
        return PublicState.CANCELED
    return PublicState.PAID if allocated.minor >= gross.minor else PublicState.OPEN


def _latest(row: Row) -> LatestInvoice:
    of = currency(row.currency)
    gross, allocated = Money(row.gross_minor, of), Money(int(row.allocated_minor), of)
    state = public_state(row.status, gross=gross, allocated=allocated)
    is_open = state is PublicState.OPEN
    return LatestInvoice(
        id=row.id,
        created_at=row.created_at,
        state=state,
        total=gross,
        amount_due=gross - allocated if is_open else Money.zero(of),
        fell_due=row.fell_due,
        opened=row.opened,
    )
