"""The previous document of a kind: what a reviewer compares an invoice with."""

from __future__ import annotations

from usance.domain.ids import InvoiceId
from usance.domain.invoicing.comparison import Comparison, compare
from usance.store import invoices
from usance.store.database import Tx
from usance.store.invoice_rows import StoredInvoice

# As far back as drafting looks: a yearly invoice has its previous one.
PREVIOUS = """
SELECT earlier.id
  FROM invoices asked
  JOIN invoices earlier
    ON earlier.tenant_id = %(tenant_id)s
   AND earlier.customer_id = asked.customer_id
   AND earlier.bill_on < asked.bill_on
   AND earlier.bill_on >= asked.bill_on - 400
   AND earlier.legal_entity_id = asked.legal_entity_id
   AND earlier.currency = asked.currency
   AND earlier.grouping = asked.grouping
   AND earlier.type = asked.type
   AND earlier.status <> 'VOID'
 WHERE asked.tenant_id = %(tenant_id)s
   AND asked.id = %(id)s
 ORDER BY earlier.bill_on DESC, earlier.id DESC
 LIMIT 1
"""


def previous(tx: Tx, invoice_id: InvoiceId) -> StoredInvoice | None:
    """The last document before it with the same customer, entity, currency, grouping and type."""
    row = tx.maybe(PREVIOUS, id=invoice_id)
    return None if row is None else invoices.one(tx, row.id)


def compared(tx: Tx, invoice_id: InvoiceId) -> Comparison:
    """The invoice beside the previous one of its kind. Raises NotFound."""
    now = invoices.one(tx, invoice_id)
    before = previous(tx, invoice_id)
    return compare(now.draft, None if before is None else before.draft)
