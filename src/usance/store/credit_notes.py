"""Credit notes: what was given back of each line of an invoice, and what each is still worth."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from usance.domain.errors import NotFound
from usance.domain.ids import CustomerId, InvoiceId, LegalEntityId
from usance.domain.invoicing.crediting import GivenBackOf
from usance.domain.invoicing.history import Account
from usance.domain.money import Money, currency
from usance.domain.payments.credit_balance import CreditBalance
from usance.store.database import Row, Tx

# Whatever refers to a line and turns its sign gives it back: a credit note somebody wrote, and one,
# or a line of an invoice, that a contract's change made.
GIVEN_BACK = """
SELECT given.source_position AS position, invoice.currency,
       -sum(given.net_minor) AS net_minor, -sum(given.tax_minor) AS tax_minor,
       coalesce(sum((given.working -> 'facts' ->> 'units')::numeric)
                FILTER (WHERE given.working ->> 'rule' = 'credit'), 0) AS units
  FROM invoice_lines AS given
  JOIN invoices AS invoice
    ON invoice.tenant_id = %(tenant_id)s AND invoice.id = given.invoice_id
  JOIN invoice_lines AS source
    ON source.tenant_id = %(tenant_id)s
   AND source.invoice_id = given.source_invoice_id
   AND source.position = given.source_position
 WHERE given.tenant_id = %(tenant_id)s
   AND given.source_invoice_id = %(id)s
   AND sign(given.net_minor) <> sign(source.net_minor)
   AND invoice.status <> 'VOID'
 GROUP BY given.source_position, invoice.currency
"""
OF_INVOICE = """
SELECT DISTINCT invoice.created_at, invoice.id
  FROM invoice_lines AS line
  JOIN invoices AS invoice
    ON invoice.tenant_id = %(tenant_id)s AND invoice.id = line.invoice_id
 WHERE line.tenant_id = %(tenant_id)s
   AND line.source_invoice_id = %(id)s
   AND line.contract_line_id IS NULL
   AND invoice.type = 'CREDIT_NOTE'
   AND invoice.status <> 'VOID'
 ORDER BY invoice.created_at, invoice.id
"""
# Days given back for less than they were billed for, since a credit note had given back the rest.
RELYING_ON = """
SELECT DISTINCT gives.created_at, gives.id
  FROM invoice_lines AS note
  JOIN given_back AS gone
    ON gone.tenant_id = %(tenant_id)s
   AND gone.source_invoice_id = note.source_invoice_id
   AND gone.source_position = note.source_position
  JOIN invoice_lines AS line
    ON line.tenant_id = %(tenant_id)s
   AND line.invoice_id = gone.invoice_id
   AND line.position = gone.position
   AND line.source_invoice_id = gone.source_invoice_id
  JOIN invoices AS gives
    ON gives.tenant_id = %(tenant_id)s AND gives.id = gone.invoice_id
 WHERE note.tenant_id = %(tenant_id)s
   AND note.invoice_id = %(id)s
   AND note.contract_line_id IS NULL
   AND line.net_minor <> -gone.net_minor
   AND gives.status IN ('APPROVED', 'ISSUED')
 ORDER BY gives.created_at, gives.id
"""
BALANCES = """
SELECT id, number, issued_on, customer_id, legal_entity_id, currency, -gross_minor AS amount_minor,
       (SELECT coalesce(sum(amount_minor), 0)
          FROM allocations
         WHERE tenant_id = %(tenant_id)s AND credit_note_id = invoices.id) AS allocated_minor,
       (SELECT coalesce(sum(amount_minor), 0)
          FROM refunds
         WHERE tenant_id = %(tenant_id)s
           AND credit_note_id = invoices.id
           AND canceled_on IS NULL) AS refunded_minor
  FROM invoices
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
   AND type = 'CREDIT_NOTE'
   AND status = 'ISSUED'
"""
LOCK = """
SELECT id
  FROM invoices
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
 ORDER BY id
   FOR UPDATE
"""
USABLE = """
SELECT id
  FROM invoices
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = %(customer_id)s
   AND legal_entity_id = %(legal_entity_id)s
   AND currency = %(currency)s
   AND type = 'CREDIT_NOTE'
   AND status = 'ISSUED'
   AND -gross_minor > (SELECT coalesce(sum(amount_minor), 0)
                         FROM allocations
                        WHERE tenant_id = %(tenant_id)s AND credit_note_id = invoices.id)
                    + (SELECT coalesce(sum(amount_minor), 0)
                         FROM refunds
                        WHERE tenant_id = %(tenant_id)s
                          AND credit_note_id = invoices.id
                          AND canceled_on IS NULL)
 ORDER BY issued_on, number, id
"""
# Whether it is worth the locks to look closer: any credit note, any over-payment ever kept.
ANY = """
SELECT EXISTS (SELECT
                 FROM invoices
                WHERE tenant_id = %(tenant_id)s
                  AND customer_id = %(customer_id)s
                  AND type = 'CREDIT_NOTE'
                  AND status = 'ISSUED')
    OR EXISTS (SELECT
                 FROM customer_credits AS kept
                 JOIN payments AS payment
                   ON payment.tenant_id = %(tenant_id)s AND payment.id = payment_id
                WHERE kept.tenant_id = %(tenant_id)s
                  AND customer_id = %(customer_id)s) AS is_any
"""
UNUSED = """
SELECT legal_entity_id, currency,
       -sum(gross_minor) - sum(allocated.minor) - sum(refunded.minor) AS left_minor
  FROM invoices,
       LATERAL (SELECT coalesce(sum(amount_minor), 0) AS minor
                  FROM allocations
                 WHERE tenant_id = %(tenant_id)s AND credit_note_id = invoices.id) AS allocated,
       LATERAL (SELECT coalesce(sum(amount_minor), 0) AS minor
                  FROM refunds
                 WHERE tenant_id = %(tenant_id)s
                   AND credit_note_id = invoices.id
                   AND canceled_on IS NULL) AS refunded
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = %(customer_id)s
   AND type = 'CREDIT_NOTE'
   AND status = 'ISSUED'
 GROUP BY legal_entity_id, currency
HAVING -sum(gross_minor) - sum(allocated.minor) - sum(refunded.minor) > 0
 ORDER BY legal_entity_id, currency
"""


class UnusedCredit(NamedTuple):
    """What a customer has with one legal entity from credit notes."""

    legal_entity_id: LegalEntityId
    left: Money


def given_back(tx: Tx, invoice_id: InvoiceId) -> dict[int, GivenBackOf]:
    """What stands against each line of an invoice, by position; lines without any are left out."""
    return {
        row.position: GivenBackOf(
            _money(row.net_minor, row.currency), _money(row.tax_minor, row.currency), row.units
        )
        for row in tx.all(GIVEN_BACK, id=invoice_id)
    }


def of_invoice(tx: Tx, invoice_id: InvoiceId) -> list[InvoiceId]:
    """The credit notes somebody wrote for an invoice, held or issued, by age."""
    return [row.id for row in tx.all(OF_INVOICE, id=invoice_id)]


def relying_on(tx: Tx, credit_note_id: InvoiceId) -> list[InvoiceId]:
    """The approved and issued documents that give days back for less because of that credit note,
    by age. A held one follows when it is drafted anew.
    """
    return [row.id for row in tx.all(RELYING_ON, id=credit_note_id)]


def balances(tx: Tx, ids: Collection[InvoiceId]) -> dict[InvoiceId, CreditBalance]:
    """What those issued credit notes are still worth; any other document is left out."""
    return {row.id: _balance_from(row) for row in tx.all(BALANCES, ids=list(ids))}


def one_balance(tx: Tx, credit_note_id: InvoiceId) -> CreditBalance:
    """What that issued credit note is still worth. Raises NotFound."""
    found = balances(tx, [credit_note_id])
    if credit_note_id not in found:
        raise NotFound("issued credit note", credit_note_id)
    return found[credit_note_id]


def lock_balance(tx: Tx, credit_note_id: InvoiceId) -> CreditBalance:
    """The same, held until `tx` ends; lock its customer and invoices before. Raises NotFound."""
    tx.all(LOCK, ids=[credit_note_id])
    return one_balance(tx, credit_note_id)


def lock_usable(tx: Tx, account: Account) -> list[CreditBalance]:
    """The credit notes of an account that are not used up, oldest first, held until `tx` ends."""
    rows = tx.all(
        USABLE,
        customer_id=account.customer_id,
        legal_entity_id=account.legal_entity_id,
        currency=account.currency.code,
    )
    ids = [row.id for row in rows]
    tx.all(LOCK, ids=ids)
    found = balances(tx, ids)
    return [found[each] for each in ids if each in found]


def may_have_credit(tx: Tx, customer_id: CustomerId) -> bool:
    """False for a customer who never had any; true says nothing about how much is left."""
    return bool(tx.one(ANY, kind="customer", ref=customer_id, customer_id=customer_id).is_any)


def unused(tx: Tx, customer_id: CustomerId) -> list[UnusedCredit]:
    """What a customer has from credit notes, by legal entity and currency; none: no row."""
    return [
        UnusedCredit(row.legal_entity_id, _money(row.left_minor, row.currency))
        for row in tx.all(UNUSED, customer_id=customer_id)
    ]


def _balance_from(row: Row) -> CreditBalance:
    return CreditBalance(
        credit_note_id=row.id,
        number=row.number,
        issued_on=row.issued_on,
        customer_id=row.customer_id,
        legal_entity_id=row.legal_entity_id,
        amount=_money(row.amount_minor, row.currency),
        allocated=_money(row.allocated_minor, row.currency),
        refunded=_money(row.refunded_minor, row.currency),
    )


def _money(minor: int, code: str) -> Money:
    return Money(int(minor), currency(code))
