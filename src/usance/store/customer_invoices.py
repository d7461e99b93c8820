"""A customer's issued invoices, in the order and the words that Stigg's SDKs ask for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from usance.domain.ids import CustomerId, FeatureId, InvoiceId, LineId
from usance.store.database import Tx
from usance.store.listings import Slot

# The state as latest_invoices.public_state derives it; a test holds the two together. Each invoice
# has one number to be sorted by, turned round where the last comes first.
PAGE = """
WITH found AS (
    SELECT id,
           CASE WHEN status = 'VOID' THEN 'CANCELED'
                WHEN gross_minor <= (SELECT coalesce(sum(amount_minor), 0)
                                       FROM allocations
                                      WHERE tenant_id = %(tenant_id)s
                                        AND invoice_id = invoices.id) THEN 'PAID'
                ELSE 'OPEN' END AS state,
           %(sign)s * CASE %(order_by)s WHEN 'total' THEN gross_minor
                                        WHEN 'dueDate' THEN due_on - '1970-01-01'::date
                                        ELSE issued_on - '1970-01-01'::date END AS place
      FROM invoices
     WHERE tenant_id = %(tenant_id)s
       AND customer_id = %(customer_id)s
       AND type = 'INVOICE'
       AND number IS NOT NULL
       AND (%(issued_from)s::date IS NULL OR issued_on >= %(issued_from)s)
       AND (%(issued_through)s::date IS NULL OR issued_on <= %(issued_through)s)
       AND (%(contract_id)s::text IS NULL OR EXISTS (
                SELECT
                  FROM invoice_lines l
                 WHERE l.tenant_id = %(tenant_id)s
                   AND l.invoice_id = invoices.id
                   AND l.contract_id = %(contract_id)s)))
SELECT id
  FROM found
 WHERE (%(states)s::text[] IS NULL OR state = ANY (%(states)s))
   AND (%(after)s::text IS NULL
        OR (place, id) > (SELECT place, id FROM found WHERE id = %(after)s))
   AND (%(before)s::text IS NULL
        OR (place, id) < (SELECT place, id FROM found WHERE id = %(before)s))
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN place END,
          CASE WHEN %(before)s::text IS NULL THEN id END,
          place DESC, id DESC
 LIMIT %(limit)s
"""
# Money that came: the last time any was allocated.
PAID_ON = """
SELECT invoice_id, max(allocated_on) AS paid_on
  FROM allocations
 WHERE tenant_id = %(tenant_id)s
   AND invoice_id = ANY (%(ids)s)
   AND amount_minor > 0
 GROUP BY invoice_id
"""
FEATURES_OF = """
SELECT id, feature_id
  FROM contract_lines
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY (%(ids)s)
   AND feature_id IS NOT NULL
"""


class InvoiceOrder(StrEnum):
    """What invoices are sorted by: `TOTAL` by minor units, whatever their currency."""

    ISSUED = "issueDate"
    DUE = "dueDate"
    TOTAL = "total"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedInvoices:
    """Which of a customer's invoices to list, and in which order; None wants all. Days are those
    of the legal entities, both included.
    """

    customer_id: CustomerId
    contract_id: str | None = None
    issued_from: date | None = None
    issued_through: date | None = None
    states: Collection[str] | None = None
    order_by: InvoiceOrder = InvoiceOrder.ISSUED
    is_descending: bool = False


def page(tx: Tx, wanted: WantedInvoices, slot: Slot) -> list[InvoiceId]:
    """Ids of invoices with a number, as they were asked for; before one, the nearest first."""
    rows = tx.all(
        PAGE,
        customer_id=wanted.customer_id,
        contract_id=wanted.contract_id,
        issued_from=wanted.issued_from,
        issued_through=wanted.issued_through,
        states=None if wanted.states is None else list(wanted.states),
        order_by=wanted.order_by,
        sign=-1 if wanted.is_descending else 1,
        after=slot.after,
        before=slot.before,
        limit=slot.limit,
    )
    return [row.id for row in rows]


def last_allocated(tx: Tx, ids: Collection[InvoiceId]) -> dict[InvoiceId, date]:
    """The last day on which anything was allocated to each of those invoices."""
    return {row.invoice_id: row.paid_on for row in tx.all(PAID_ON, ids=list(ids))}


def features_of(tx: Tx, line_ids: Collection[LineId]) -> dict[LineId, FeatureId]:
    """The feature of each of those contract lines that sells one."""
    return {row.id: row.feature_id for row in tx.all(FEATURES_OF, ids=list(line_ids))}
