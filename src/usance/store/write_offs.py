"""Write-offs: what was given up of which invoice. What of it still stands, its allocation says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from usance.domain.ids import InvoiceId, WriteOffId
from usance.domain.money import Money, currency
from usance.domain.payments.write_off import InvoiceGivenUp, WriteOff, WriteOffKind
from usance.store.database import Row, Tx

ADD = """
INSERT INTO write_offs (tenant_id, id, invoice_id, kind, amount_minor, tax_minor, reason,
                        written_off_on, created_at)
VALUES (%(tenant_id)s, %(id)s, %(invoice_id)s, %(kind)s, %(minor)s, %(tax)s, %(reason)s,
        %(written_off_on)s, %(at)s)
"""
SOME = """
SELECT made.id, invoice_id, kind, amount_minor, made.tax_minor, made.reason, written_off_on,
       currency
  FROM write_offs AS made
  JOIN invoices AS invoice
    ON invoice.tenant_id = %(tenant_id)s AND invoice.id = invoice_id
 WHERE made.tenant_id = %(tenant_id)s
   AND (%(id)s::text IS NULL OR made.id = %(id)s)
   AND (%(invoice_id)s::text IS NULL OR invoice_id = %(invoice_id)s)
 ORDER BY made.created_at, made.id
"""
# A bad debt that still stands: what was taken back has an allocation against it.
BAD_DEBT = """
SELECT made.id
  FROM write_offs AS made
 WHERE made.tenant_id = %(tenant_id)s
   AND made.invoice_id = %(invoice_id)s
   AND made.kind = 'BAD_DEBT'
   AND (SELECT sum(amount_minor)
          FROM allocations
         WHERE tenant_id = %(tenant_id)s
           AND write_off_id = made.id) > 0
 ORDER BY made.id
 LIMIT 1
"""


def refuse_bad_debt(tx: Tx, invoice_id: InvoiceId) -> None:
    """Raises InvoiceGivenUp while some of an invoice is given up as a bad debt."""
    for row in tx.all(BAD_DEBT, invoice_id=invoice_id):
        raise InvoiceGivenUp(invoice_id, row.id)


def add_all(tx: Tx, made: Sequence[WriteOff], *, at: datetime) -> None:
    """Keep them; their allocations settle the invoices."""
    tx.run_many(ADD, [_row(each, at) for each in made])


def one(tx: Tx, write_off_id: WriteOffId) -> WriteOff:
    """The write-off of that id. Raises NotFound."""
    row = tx.one(SOME, kind="write-off", ref=write_off_id, id=write_off_id, invoice_id=None)
    return _write_off_from(row)


def of_invoice(tx: Tx, invoice_id: InvoiceId) -> list[WriteOff]:
    """What was given up of an invoice, by age, reversed ones too."""
    return [_write_off_from(row) for row in tx.all(SOME, id=None, invoice_id=invoice_id)]


def _row(made: WriteOff, at: datetime) -> dict[str, object]:
    return {
        "id": made.id,
        "invoice_id": made.invoice_id,
        "kind": made.kind.value,
        "minor": made.amount.minor,
        "tax": made.tax.minor,
        "reason": made.reason,
        "written_off_on": made.written_off_on,
        "at": at,
    }


def _write_off_from(row: Row) -> WriteOff:
    of = currency(row.currency)
    return WriteOff(
        id=row.id,
        invoice_id=row.invoice_id,
        kind=WriteOffKind(row.kind),
        amount=Money(int(row.amount_minor), of),
        tax=Money(int(row.tax_minor), of),
        reason=row.reason,
        written_off_on=row.written_off_on,
    )
