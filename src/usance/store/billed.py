"""What stands on documents of contract lines: the one place that says what was billed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from usance.domain.contracts.billed_value import OnDocuments
from usance.domain.contracts.contract import Contract
from usance.domain.ids import LineId
from usance.domain.money import Money
from usance.store.database import Tx

# Lines of the contracts, and what credit notes gave back of them. A credited line whose days still
# stand, or were given back by a later line, is not billed again.
STANDING = """
WITH standing AS (
    SELECT l.contract_line_id AS line_id, i.status, l.net_minor, l.tax_minor, false AS is_final
      FROM invoice_lines l
      JOIN invoices i ON i.tenant_id = %(tenant_id)s AND i.id = l.invoice_id
     WHERE l.tenant_id = %(tenant_id)s
       AND l.contract_id = ANY(%(contract_ids)s)
       AND l.contract_line_id IS NOT NULL
       AND i.status <> 'VOID'
       AND (%(through)s::date IS NULL OR i.bill_on <= %(through)s)
     UNION ALL
    SELECT source.contract_line_id, i.status, l.net_minor, l.tax_minor,
           EXISTS (SELECT FROM billed_slices b
                    WHERE b.tenant_id = %(tenant_id)s
                      AND b.invoice_id = source.invoice_id
                      AND b.position = source.position)
        OR EXISTS (SELECT FROM given_back g
                    WHERE g.tenant_id = %(tenant_id)s
                      AND g.source_invoice_id = source.invoice_id
                      AND g.source_position = source.position)
      FROM invoice_lines source
      JOIN invoice_lines l
        ON l.tenant_id = %(tenant_id)s
       AND l.source_invoice_id = source.invoice_id
       AND l.source_position = source.position
       AND l.contract_line_id IS NULL
      JOIN invoices i ON i.tenant_id = %(tenant_id)s AND i.id = l.invoice_id
     WHERE source.tenant_id = %(tenant_id)s
       AND source.contract_id = ANY(%(contract_ids)s)
       AND source.contract_line_id IS NOT NULL
       AND i.status <> 'VOID'
       AND (%(through)s::date IS NULL OR i.bill_on <= %(through)s))
SELECT line_id,
       coalesce(sum(net_minor) FILTER (WHERE status <> 'DRAFT'), 0)::bigint AS billed_minor,
       coalesce(sum(net_minor) FILTER (WHERE status = 'DRAFT'), 0)::bigint AS drafted_minor,
       coalesce(-sum(net_minor) FILTER (WHERE status <> 'DRAFT' AND is_final), 0)::bigint
           AS credited_minor,
       sum(tax_minor)::bigint AS tax_minor
  FROM standing
 GROUP BY line_id
"""


class Standing(NamedTuple):
    """What stands of one line; `tax` on documents of any state, drafts too."""

    net: OnDocuments
    tax: Money


def standing(
    tx: Tx, contracts: Collection[Contract], *, through: date | None = None
) -> dict[LineId, Standing]:
    """What stands of each line of those contracts; lines without anything are left out.

    `through`: on documents of that day and before; None: on all.
    """
    of = {line.id: each.currency for each in contracts for line in each.lines}
    ids = [contract.id for contract in contracts]
    rows = tx.all(STANDING, contract_ids=ids, through=through)
    return {
        row.line_id: Standing(
            OnDocuments(
                Money(row.billed_minor, of[row.line_id]),
                Money(row.drafted_minor, of[row.line_id]),
                Money(row.credited_minor, of[row.line_id]),
            ),
            Money(row.tax_minor, of[row.line_id]),
        )
        for row in rows
        if row.line_id in of
    }
