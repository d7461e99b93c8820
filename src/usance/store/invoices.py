"""Invoices: drafts kept in sets, locked for one act at a time, issued with a gapless number."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime

from usance.domain.due_items import Grouping
from usance.domain.errors import NotFound
from usance.domain.ids import ContractId, CustomerId, InvoiceId, LegalEntityId
from usance.domain.invoicing.history import Account
from usance.domain.invoicing.invoice import (
    Approved,
    DocumentType,
    Draft,
    InvoiceNotApproved,
    InvoiceNotDraft,
    InvoiceNotIssued,
    InvoiceStatus,
    Issued,
)
from usance.store import coverage, payers
from usance.store.codec import jsonb, value_from
from usance.store.database import Row, Tx
from usance.store.invoice_rows import (
    INVOICE_COLUMNS,
    LINE_COLUMNS,
    TAX_COLUMNS,
    StoredInvoice,
    invoice_row,
    line_rows,
    stored_from,
    tax_rows,
)

INVOICES = """
SELECT id, type, reason, disposition, legal_entity_id, customer_id, currency, status, bill_on,
       grouping, net_minor, tax_minor, gross_minor, findings, input_hash, created_at, approved_at,
       approved_by, number, issued_on, due_on, parties, sent_at, voided_on, void_reason,
       (SELECT ARRAY[sum(amount_minor),
                     sum(amount_minor) FILTER (WHERE payment_id IS NOT NULL)]
          FROM allocations a
         WHERE a.tenant_id = %(tenant_id)s
           AND a.invoice_id = invoices.id) AS settled_minor,
       CASE WHEN type = 'CREDIT_NOTE'
            THEN ARRAY(SELECT DISTINCT source.number
                         FROM invoice_lines l
                         JOIN invoices source
                           ON source.tenant_id = %(tenant_id)s AND source.id = l.source_invoice_id
                        WHERE l.tenant_id = %(tenant_id)s
                          AND l.invoice_id = invoices.id
                          AND source.number IS NOT NULL
                        ORDER BY source.number) END AS preceding
  FROM invoices
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
"""
LINES = """
SELECT invoice_id, contract_id, contract_line_id, kind, description, unit,
       lower(service_period) AS starts_on, upper(service_period) AS ends_on,
       quantity, unit_amount, net_minor, tax_code, tax_category, tax_percent, tax_rule, tax_reason,
       tax_minor, tax_parts, working, usage, source_invoice_id, source_position, for_customer_id
  FROM invoice_lines
 WHERE tenant_id = %(tenant_id)s
   AND invoice_id = ANY(%(ids)s)
 ORDER BY invoice_id, position
"""
TAXES = """
SELECT invoice_id, category, percent, taxable_minor, tax_minor, reason, jurisdiction
  FROM invoice_taxes
 WHERE tenant_id = %(tenant_id)s
   AND invoice_id = ANY(%(ids)s)
 ORDER BY invoice_id, percent DESC, category
"""
LOCK = """
SELECT id, status FROM invoices WHERE tenant_id = %(tenant_id)s AND id = %(id)s FOR UPDATE
"""
# Who it is addressed to, and whose purchases are on it.
OWNERS = """
SELECT customer_id FROM invoices WHERE tenant_id = %(tenant_id)s AND id = %(id)s
 UNION
SELECT for_customer_id
  FROM invoice_lines
 WHERE tenant_id = %(tenant_id)s
   AND invoice_id = %(id)s
   AND for_customer_id IS NOT NULL
"""
PAGE = """
SELECT id
  FROM invoices
 WHERE tenant_id = %(tenant_id)s
   AND (%(customer_id)s::text IS NULL OR customer_id = %(customer_id)s)
   AND (%(contract_id)s::text IS NULL OR EXISTS (
            SELECT FROM invoice_lines l
             WHERE l.tenant_id = %(tenant_id)s
               AND l.invoice_id = invoices.id
               AND l.contract_id = %(contract_id)s))
   AND (%(statuses)s::text[] IS NULL OR status = ANY(%(statuses)s))
   AND (%(after)s::text IS NULL OR (created_at, id) > (
            SELECT created_at, id
              FROM invoices
             WHERE tenant_id = %(tenant_id)s
               AND id = %(after)s))
   AND (%(before)s::text IS NULL OR (created_at, id) < (
            SELECT created_at, id
              FROM invoices
             WHERE tenant_id = %(tenant_id)s
               AND id = %(before)s))
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN created_at END,
          CASE WHEN %(before)s::text IS NULL THEN id END,
          created_at DESC, id DESC
 LIMIT %(limit)s
"""
DRAFTS_WITH_USAGE = """
SELECT id
  FROM invoices
 WHERE tenant_id = %(tenant_id)s
   AND status = 'DRAFT'
   AND EXISTS (SELECT FROM invoice_lines l
                WHERE l.tenant_id = %(tenant_id)s
                  AND l.invoice_id = invoices.id
                  AND l.usage IS NOT NULL)
 ORDER BY id
"""
LOCK_DRAFTS_OF_CONTRACT = """
SELECT id
  FROM invoices
 WHERE tenant_id = %(tenant_id)s
   AND status = 'DRAFT'
   AND id IN (SELECT invoice_id
                FROM invoice_lines
               WHERE tenant_id = %(tenant_id)s
                 AND contract_id = %(contract_id)s)
 ORDER BY id
   FOR UPDATE
"""
DELETE_DRAFT = """
DELETE FROM invoices
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   AND status = 'DRAFT'
RETURNING created_at
"""
# The last year and a month is looked at: a yearly invoice has its previous one, and a long history
# costs no more than a short one. Of two of one day the younger is taken, always the same.
PREVIOUS = """
SELECT DISTINCT ON (asked.position, earlier.grouping)
       asked.position, earlier.grouping, earlier.gross_minor
  FROM unnest(%(customer_ids)s::text[], %(entity_ids)s::text[], %(currencies)s::text[],
              %(days)s::date[])
       WITH ORDINALITY AS asked (customer_id, legal_entity_id, currency, before, position)
 CROSS JOIN LATERAL (
        SELECT grouping, gross_minor, bill_on, id
          FROM invoices
         WHERE tenant_id = %(tenant_id)s
           AND customer_id = asked.customer_id
           AND bill_on < asked.before
           AND bill_on >= asked.before - 400
           AND legal_entity_id = asked.legal_entity_id
           AND currency = asked.currency
           AND type = 'INVOICE'
           AND status <> 'VOID'
        OFFSET 0) AS earlier
 ORDER BY asked.position, earlier.grouping, earlier.bill_on DESC, earlier.id DESC
"""
NEXT_NUMBER = """
INSERT INTO number_series (tenant_id, legal_entity_id, type, year, last_number)
VALUES (%(tenant_id)s, %(legal_entity_id)s, %(type)s, %(year)s, 1)
ON CONFLICT (tenant_id, legal_entity_id, type, year)
DO UPDATE SET last_number = number_series.last_number + 1
RETURNING last_number
"""
SAVE_APPROVED = """
UPDATE invoices
   SET status = 'APPROVED', approved_at = %(at)s, approved_by = %(by)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
SAVE_ISSUED = """
UPDATE invoices
   SET status = 'ISSUED', number = %(number)s, issued_on = %(issued_on)s, due_on = %(due_on)s,
       parties = %(parties)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
SAVE_SENT = """
UPDATE invoices
   SET sent_at = coalesce(sent_at, %(at)s)
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
SAVE_VOID = """
UPDATE invoices
   SET status = 'VOID', voided_on = %(on)s, void_reason = %(reason)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
ADDRESSED = """
SELECT id, customer_id FROM invoices WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)
"""


def save_drafts(tx: Tx, drafts: Collection[Draft], *, at: datetime) -> None:
    """Keep new drafts, as a set. PostgreSQL refuses a day of a line that is billed already."""
    settled = (line.settled for draft in drafts for line in draft.lines if line.settled)
    coverage.take_away(tx, (gone for each in settled for gone in each.gone))
    append_drafts(tx, drafts, at=at)


def append_drafts(tx: Tx, drafts: Collection[Draft], *, at: datetime) -> None:
    """The same, once what they give back was taken away."""
    tx.append_rows("invoices", INVOICE_COLUMNS, (invoice_row(each, at) for each in drafts))
    lines = (row for each in drafts for row in line_rows(each))
    tx.append_rows("invoice_lines", LINE_COLUMNS, lines)
    taxes = (row for each in drafts for row in tax_rows(each))
    tx.append_rows("invoice_taxes", TAX_COLUMNS, taxes)
    coverage.settle(tx, drafts)


def save_redrafted(tx: Tx, stale: Draft, redrafted: Collection[Draft]) -> None:
    """Put `redrafted` in the place, and at the age, of a held draft: what it was made from has
    changed.
    """
    coverage.stand_down(tx, stale.id)
    replaced = tx.one(DELETE_DRAFT, kind="draft", ref=stale.id, id=stale.id)
    save_drafts(tx, redrafted, at=replaced.created_at)


def many(tx: Tx, ids: Collection[InvoiceId]) -> list[StoredInvoice]:
    """The invoices of those ids, in that order; unknown ids are left out."""
    lines = _by_invoice(tx.all(LINES, ids=list(ids)))
    taxes = _by_invoice(tx.all(TAXES, ids=list(ids)))
    found = {
        row.id: stored_from(row, lines.get(row.id, []), taxes.get(row.id, []))
        for row in tx.all(INVOICES, ids=list(ids))
    }
    return [found[invoice_id] for invoice_id in ids if invoice_id in found]


def addressed(tx: Tx, ids: Collection[InvoiceId]) -> dict[InvoiceId, CustomerId]:
    """To whom the invoices of those ids are."""
    return {row.id: row.customer_id for row in tx.all(ADDRESSED, ids=list(ids))}


def one(tx: Tx, invoice_id: InvoiceId) -> StoredInvoice:
    """The invoice of that id, whatever its state. Raises NotFound."""
    found = many(tx, [invoice_id])
    if not found:
        raise NotFound("invoice", invoice_id)
    return found[0]


def page(
    tx: Tx,
    *,
    after: str | None,
    before: str | None,
    limit: int,
    customer_id: str | None = None,
    contract_id: str | None = None,
    statuses: list[str] | None = None,
) -> list[InvoiceId]:
    """Ids of invoices by age, after one or before one (then newest first)."""
    rows = tx.all(
        PAGE,
        after=after,
        before=before,
        limit=limit,
        customer_id=customer_id,
        contract_id=contract_id,
        statuses=statuses,
    )
    return [row.id for row in rows]


def drafts_with_usage(tx: Tx) -> list[InvoiceId]:
    """Ids of held drafts with a metered line: late usage may change them."""
    return [row.id for row in tx.all(DRAFTS_WITH_USAGE)]


def lock(tx: Tx, invoice_id: InvoiceId) -> StoredInvoice:
    """The invoice and its customer, held until `tx` ends; with all whose purchases are on it.

    Raises NotFound.
    """
    owners = [row.customer_id for row in tx.all(OWNERS, id=invoice_id)]
    payers.lock_all(tx, owners)
    tx.one(LOCK, kind="invoice", ref=invoice_id, id=invoice_id)
    return one(tx, invoice_id)


def lock_draft(tx: Tx, invoice_id: InvoiceId) -> Draft:
    """The draft, held until `tx` ends. Raises NotFound, InvoiceNotDraft."""
    stored = lock(tx, invoice_id)
    if stored.status is not InvoiceStatus.DRAFT:
        raise InvoiceNotDraft(invoice_id, stored.status)
    return stored.draft


def lock_approved(tx: Tx, invoice_id: InvoiceId) -> Approved:
    """The approved invoice, held until `tx` ends. Raises NotFound, InvoiceNotApproved."""
    stored = lock(tx, invoice_id)
    if stored.status is not InvoiceStatus.APPROVED:
        raise InvoiceNotApproved(invoice_id, stored.status)
    return stored.as_approved()


def lock_issued(tx: Tx, invoice_id: InvoiceId) -> StoredInvoice:
    """The issued invoice, held until `tx` ends. Raises NotFound, InvoiceNotIssued."""
    stored = lock(tx, invoice_id)
    if stored.status is not InvoiceStatus.ISSUED:
        raise InvoiceNotIssued(invoice_id, stored.status)
    return stored


def lock_drafts_of_contract(tx: Tx, contract_id: ContractId) -> list[Draft]:
    """The held drafts with a line of that contract, held until `tx` ends."""
    rows = tx.all(LOCK_DRAFTS_OF_CONTRACT, contract_id=contract_id)
    return [stored.draft for stored in many(tx, [row.id for row in rows])]


def next_number(
    tx: Tx,
    legal_entity_id: LegalEntityId,
    *,
    year: int,
    type: DocumentType = DocumentType.INVOICE,
) -> int:
    """The next count of the entity's series of that type in that year.

    The row stays locked until `tx` ends and rolls back with it: that makes the series gapless.
    """
    row = tx.one(
        NEXT_NUMBER,
        kind="legal entity",
        ref=legal_entity_id,
        legal_entity_id=legal_entity_id,
        type=type.value,
        year=year,
    )
    return int(row.last_number)


def previous_gross(tx: Tx, before: Mapping[Account, date]) -> dict[Account, dict[str, int]]:
    """The last totals of each account before its day, by grouping, in minor units."""
    accounts = list(before)
    found: dict[Account, dict[str, int]] = {account: {} for account in accounts}
    rows = tx.all(
        PREVIOUS,
        customer_ids=[account.customer_id for account in accounts],
        entity_ids=[account.legal_entity_id for account in accounts],
        currencies=[account.currency.code for account in accounts],
        days=list(before.values()),
    )
    for row in rows:
        key = value_from(row.grouping, Grouping).key
        found[accounts[row.position - 1]][key] = row.gross_minor
    return found


def save_approved(tx: Tx, approved: Approved) -> None:
    """Somebody found the draft right."""
    tx.run(SAVE_APPROVED, id=approved.draft.id, at=approved.approved_at, by=approved.approved_by)


def save_issued(tx: Tx, issued: Issued, *, parties: object) -> None:
    """It has its number; `parties` is who sold and bought as printed, frozen from now on."""
    tx.run(
        SAVE_ISSUED,
        id=issued.draft.id,
        number=issued.number,
        issued_on=issued.issued_on,
        due_on=issued.due_on,
        parties=jsonb(parties),
    )


def save_sent(tx: Tx, invoice_id: InvoiceId, *, at: datetime) -> None:
    """Its link was handed out; the first time counts."""
    tx.run(SAVE_SENT, id=invoice_id, at=at)


def save_void(tx: Tx, invoice_id: InvoiceId, *, on: date, reason: str) -> None:
    """It stands no more: what it billed falls due again."""
    coverage.stand_down(tx, invoice_id)
    tx.run(SAVE_VOID, id=invoice_id, on=on, reason=reason)


def _by_invoice(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.invoice_id, []).append(row)
    return found
