"""Late fees: which invoices are late, how they were settled, and which steps were charged."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import NamedTuple

from usance.domain.ids import CustomerId, InvoiceId, LegalEntityId
from usance.domain.invoicing.late_fees import Charge, LateInvoice, Settled
from usance.domain.money import Money, currency
from usance.store.database import Tx

# Also those settled since: the interest of their last days is charged once the month is over.
LATE = """
SELECT id, customer_id
  FROM invoices
 WHERE tenant_id = %(tenant_id)s
   AND legal_entity_id = %(legal_entity_id)s
   AND status = 'ISSUED'
   AND type = 'INVOICE'
   AND due_on < %(through)s
   AND (gross_minor > (SELECT coalesce(sum(amount_minor), 0)
                         FROM allocations
                        WHERE tenant_id = %(tenant_id)s AND invoice_id = invoices.id)
        OR EXISTS (SELECT
                     FROM allocations
                    WHERE tenant_id = %(tenant_id)s
                      AND invoice_id = invoices.id
                      AND allocated_on > invoices.due_on))
   AND NOT EXISTS (SELECT
                     FROM invoice_lines l
                    WHERE l.tenant_id = %(tenant_id)s
                      AND l.invoice_id = invoices.id
                      AND l.tax_rule = 'late_payment')
 ORDER BY customer_id, due_on, number, id
"""
SOME = """
SELECT id, number, due_on, currency, gross_minor
  FROM invoices
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
 ORDER BY due_on, number, id
"""
SETTLED = """
SELECT invoice_id, allocation.amount_minor,
       coalesce(least(payment.received_on, allocated_on), allocated_on) AS settled_on
  FROM allocations AS allocation
  LEFT JOIN payments AS payment
    ON payment.tenant_id = %(tenant_id)s AND payment.id = payment_id
 WHERE allocation.tenant_id = %(tenant_id)s
   AND invoice_id = ANY(%(ids)s)
"""
CHARGED = """
SELECT invoice_id, step
  FROM late_fees
 WHERE tenant_id = %(tenant_id)s
   AND invoice_id = ANY(%(ids)s)
"""

STEPS_ON = """
SELECT invoice_id, step
  FROM late_fees
 WHERE tenant_id = %(tenant_id)s
   AND fee_invoice_id = %(fee_invoice_id)s
"""


class LateRef(NamedTuple):
    """An invoice that is, or was paid, late, and whose it is."""

    invoice_id: InvoiceId
    customer_id: CustomerId


def late(tx: Tx, legal_entity_id: LegalEntityId, *, through: date) -> list[LateRef]:
    """The invoices of a legal entity that were due before that day and not settled by then, by
    customer. Never a late fee itself.
    """
    rows = tx.all(LATE, legal_entity_id=legal_entity_id, through=through)
    return [LateRef(row.id, row.customer_id) for row in rows]


def some(tx: Tx, ids: Collection[InvoiceId]) -> list[LateInvoice]:
    """Those invoices with all that settled them, the oldest due first."""
    settled: dict[InvoiceId, list[tuple[date, int]]] = {}
    for row in tx.all(SETTLED, ids=list(ids)):
        settled.setdefault(row.invoice_id, []).append((row.settled_on, row.amount_minor))
    found = []
    for row in tx.all(SOME, ids=list(ids)):
        of = currency(row.currency)
        rows = settled.get(row.id, [])
        found.append(
            LateInvoice(
                invoice_id=row.id,
                number=row.number,
                due_on=row.due_on,
                gross=Money(row.gross_minor, of),
                settled=tuple(Settled(on, Money(minor, of)) for on, minor in rows),
            )
        )
    return found


def charged(tx: Tx, ids: Collection[InvoiceId]) -> dict[InvoiceId, set[str]]:
    """The steps that were charged of each of those invoices."""
    found: dict[InvoiceId, set[str]] = {each: set() for each in ids}
    for row in tx.all(CHARGED, ids=list(ids)):
        found[row.invoice_id].add(row.step)
    return found


def steps_on(tx: Tx, fee_invoice_id: InvoiceId) -> set[tuple[InvoiceId, str]]:
    """The steps that a late fee charges, of which invoices; none of any other document."""
    rows = tx.all(STEPS_ON, fee_invoice_id=fee_invoice_id)
    return {(row.invoice_id, row.step) for row in rows}


def append(tx: Tx, charges: Iterable[Charge], fee_invoice_id: InvoiceId, *, at: datetime) -> None:
    """Remember what an invoice charges; the database refuses a step that was charged before."""
    columns = ("invoice_id", "step", "fee_invoice_id", "amount_minor", "created_at")
    rows = [
        (each.invoice_id, each.step, fee_invoice_id, each.line.net.minor, at) for each in charges
    ]
    tx.append_rows("late_fees", columns, rows)
