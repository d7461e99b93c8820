"""Evidence for tax: what tax services quoted, and what registers said of customers' tax ids."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import NamedTuple

from usance.domain.customer import TaxId
from usance.domain.ids import CustomerId, InvoiceId, LegalEntityId
from usance.domain.tax.checks import TaxIdCheck
from usance.domain.tax.quotes import TaxQuestion, TaxQuote
from usance.domain.tax.treatment import TaxTreatment
from usance.store.codec import jsonb, value_from
from usance.store.database import Row, Tx

QUOTES = """
SELECT key, treatment, reference, quoted_at
  FROM tax_quotes
 WHERE tenant_id = %(tenant_id)s
   AND key = ANY(%(keys)s)
"""
APPEND_QUOTE = """
INSERT INTO tax_quotes (tenant_id, key, legal_entity_id, question, treatment, reference, answer,
                        quoted_at)
VALUES (%(tenant_id)s, %(key)s, %(legal_entity_id)s, %(question)s, %(treatment)s, %(reference)s,
        %(answer)s, %(quoted_at)s)
ON CONFLICT (tenant_id, key) DO NOTHING
"""
UNQUOTED = """
SELECT i.id AS invoice_id, i.legal_entity_id, i.customer_id, l.tax_code,
       lower(l.service_period) AS tax_point
  FROM invoice_lines l
  JOIN invoices i ON i.tenant_id = l.tenant_id AND i.id = l.invoice_id
 WHERE l.tenant_id = %(tenant_id)s
   AND l.tax_rule = 'quote_missing'
   AND i.status = 'DRAFT'
 ORDER BY i.created_at, i.id, l.position
"""
APPEND_CHECK = """
INSERT INTO tax_id_checks (tenant_id, id, customer_id, kind, value, checked_at, is_valid,
                           consultation, name, address, answer)
VALUES (%(tenant_id)s, %(id)s, %(customer_id)s, %(kind)s, %(value)s, %(checked_at)s, %(is_valid)s,
        %(consultation)s, %(name)s, %(address)s, %(answer)s)
"""
LAST_CHECKS = """
SELECT DISTINCT ON (customer_id, kind, value)
       customer_id, kind, value, checked_at, is_valid, consultation, name, address
  FROM tax_id_checks
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = ANY(%(ids)s)
 ORDER BY customer_id, kind, value, checked_at DESC, id DESC
"""
CHECKS = """
SELECT id, customer_id, kind, value, checked_at, is_valid, consultation, name, address
  FROM tax_id_checks
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = %(customer_id)s
 ORDER BY checked_at DESC, id DESC
 LIMIT %(limit)s
"""


class Unquoted(NamedTuple):
    """A line of a held draft that waits for a tax service."""

    invoice_id: InvoiceId
    legal_entity_id: LegalEntityId
    customer_id: CustomerId
    tax_code: str
    tax_point: date


def quotes(tx: Tx, keys: Collection[str]) -> dict[str, TaxQuote]:
    """The answers there are to those questions."""
    if not keys:
        return {}
    return {
        row.key: TaxQuote(value_from(row.treatment, TaxTreatment), row.reference, row.quoted_at)
        for row in tx.all(QUOTES, keys=list(keys))
    }


def append_quote(
    tx: Tx, question: TaxQuestion, quote: TaxQuote, *, answer: Mapping[str, object]
) -> None:
    """Keep an answer, as we read it and as it came; the first to a question stands."""
    tx.run(
        APPEND_QUOTE,
        key=question.key,
        legal_entity_id=question.legal_entity_id,
        question=jsonb(question),
        treatment=jsonb(quote.treatment),
        reference=quote.reference,
        answer=jsonb(answer),
        quoted_at=quote.quoted_at,
    )


def unquoted(tx: Tx) -> list[Unquoted]:
    """The lines of held drafts that wait for a tax service, oldest draft first."""
    return [Unquoted(*row) for row in tx.all(UNQUOTED)]


def append_check(
    tx: Tx,
    check_id: str,
    customer_id: CustomerId,
    check: TaxIdCheck,
    *,
    answer: Mapping[str, object],
) -> None:
    """Keep what a register said of a customer's number."""
    tx.run(
        APPEND_CHECK,
        id=check_id,
        customer_id=customer_id,
        kind=check.tax_id.kind,
        value=check.tax_id.value,
        checked_at=check.checked_at,
        is_valid=check.is_valid,
        consultation=check.consultation,
        name=check.name,
        address=check.address,
        answer=jsonb(answer),
    )


def last_checks(
    tx: Tx, customer_ids: Collection[CustomerId]
) -> dict[CustomerId, tuple[TaxIdCheck, ...]]:
    """The last check of each number of those customers that has one."""
    if not customer_ids:
        return {}
    found: dict[CustomerId, tuple[TaxIdCheck, ...]] = {}
    for row in tx.all(LAST_CHECKS, ids=list(customer_ids)):
        found[row.customer_id] = (*found.get(row.customer_id, ()), check_from(row))
    return found


def checks(tx: Tx, customer_id: CustomerId, *, limit: int) -> list[Row]:
    """The checks of a customer's numbers, newest first."""
    return tx.all(CHECKS, customer_id=customer_id, limit=limit)


def check_from(row: Row) -> TaxIdCheck:
    """The check of a row."""
    return TaxIdCheck(
        tax_id=TaxId(row.kind, row.value),
        checked_at=row.checked_at,
        is_valid=row.is_valid,
        consultation=row.consultation,
        name=row.name,
        address=row.address,
    )
