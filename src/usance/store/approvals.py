"""Approvals: who found a draft right, what its rules ask, and who had a hand in its orders."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from usance.domain.approval_rules import ApprovalRules
from usance.domain.ids import ContractId, InvoiceId, LegalEntityId
from usance.domain.invoicing.invoice import Draft
from usance.domain.invoicing.review import Approval, Asked, asked_of
from usance.domain.money import Money
from usance.store import parties
from usance.store.codec import value_from
from usance.store.database import Tx

APPROVALS = """
SELECT invoice_id, approved_by, approved_at, input_hash, comment
  FROM invoice_approvals
 WHERE tenant_id = %(tenant_id)s
   AND invoice_id = ANY(%(ids)s)
 ORDER BY invoice_id, position
"""
APPEND = """
INSERT INTO invoice_approvals
       (tenant_id, invoice_id, position, approved_by, approved_at, input_hash, comment)
SELECT %(tenant_id)s, %(invoice_id)s, count(*) + 1, %(by)s, %(at)s, %(input_hash)s, %(comment)s
  FROM invoice_approvals
 WHERE tenant_id = %(tenant_id)s
   AND invoice_id = %(invoice_id)s
"""
DELETE = """
DELETE FROM invoice_approvals WHERE tenant_id = %(tenant_id)s AND invoice_id = %(invoice_id)s
"""
BACK_TO_DRAFT = """
UPDATE invoices
   SET status = 'DRAFT', approved_at = NULL, approved_by = NULL
 WHERE tenant_id = %(tenant_id)s
   AND id = %(invoice_id)s
   AND status = 'APPROVED'
"""
TERMS = """
SELECT id, terms -> 'review' AS review, terms -> 'approve_under' AS approve_under
  FROM contracts
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(contract_ids)s)
 ORDER BY id
"""
RULES = """
SELECT id, terms -> 'review' AS review
  FROM contracts
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(contract_ids)s)
   AND jsonb_typeof(terms -> 'review') = 'object'
"""
# To carry out an order, or to end it, is not to enter or change it.
AUTHORS = """
SELECT DISTINCT actor
  FROM audit_log
 WHERE tenant_id = %(tenant_id)s
   AND subject_id = ANY(%(contract_ids)s::text[] || ARRAY(
            SELECT id
              FROM orders
             WHERE tenant_id = %(tenant_id)s
               AND contract_id = ANY(%(contract_ids)s)))
   AND action NOT IN ('order.fulfilled', 'order.canceled', 'contract.archived')
   AND action ~ '^(order|contract)[.]'
"""


# What may be approved at one go: of one legal entity, up to an amount of one currency, without
# findings beyond information, where asked.
HELD = """
SELECT id
  FROM invoices
 WHERE tenant_id = %(tenant_id)s
   AND status = 'DRAFT'
   AND (%(legal_entity_id)s::text IS NULL OR legal_entity_id = %(legal_entity_id)s)
   AND (%(currency)s::text IS NULL
        OR (currency = %(currency)s AND abs(gross_minor) <= %(up_to_minor)s))
   AND (NOT %(without_findings)s
        OR NOT jsonb_path_exists(findings, '$[*] ? (@.severity != "INFO")'))
 ORDER BY bill_on, id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which held drafts: all, or only those of an entity, up to a gross amount, of no concern.

    `without_findings` leaves out those with a finding beyond information.
    """

    legal_entity_id: LegalEntityId | None = None
    up_to: Money | None = None
    without_findings: bool = False


class OfContract(NamedTuple):
    """What a contract says of those who approve."""

    review: ApprovalRules | None
    approve_under: Money | None


def of(tx: Tx, ids: Collection[InvoiceId]) -> dict[InvoiceId, tuple[Approval, ...]]:
    """The approvals that stand of each of those invoices, in the order they were given."""
    found: dict[InvoiceId, tuple[Approval, ...]] = dict.fromkeys(ids, ())
    for row in tx.all(APPROVALS, ids=list(ids)):
        given = Approval(row.approved_by, row.approved_at, row.input_hash, row.comment)
        found[row.invoice_id] = (*found[row.invoice_id], given)
    return found


def append(tx: Tx, invoice_id: InvoiceId, given: Approval) -> None:
    """Keep one more; the invoice is locked."""
    tx.run(
        APPEND,
        invoice_id=invoice_id,
        by=given.by,
        at=given.at,
        input_hash=given.input_hash,
        comment=given.comment,
    )


def delete(tx: Tx, invoice_id: InvoiceId) -> None:
    """None of them stands any more: an approved invoice is a draft again."""
    tx.run(DELETE, invoice_id=invoice_id)
    tx.run(BACK_TO_DRAFT, invoice_id=invoice_id)


def held(tx: Tx, wanted: Selection) -> list[InvoiceId]:
    """The drafts a selection means, by the day they fell due."""
    rows = tx.all(
        HELD,
        legal_entity_id=wanted.legal_entity_id,
        currency=None if wanted.up_to is None else wanted.up_to.currency.code,
        up_to_minor=None if wanted.up_to is None else wanted.up_to.minor,
        without_findings=wanted.without_findings,
    )
    return [row.id for row in rows]


def rules(tx: Tx, contract_ids: Collection[ContractId]) -> dict[ContractId, ApprovalRules]:
    """What those of the contracts ask of reviewers that ask for anything."""
    rows = tx.all(RULES, contract_ids=list(contract_ids))
    return {row.id: value_from(row.review, ApprovalRules) for row in rows}


def asked(tx: Tx, draft: Draft) -> Asked:
    """Everything the draft is judged by: entity, contracts, and, where that matters, who entered
    or changed its orders.
    """
    contract_ids = {line.contract_id for line in draft.lines if line.contract_id is not None}
    terms = _terms(tx, contract_ids)
    found = asked_of(
        parties.entity(tx, draft.legal_entity_id),
        {ref: each.review for ref, each in terms.items() if each.review is not None},
        approve_under=_least(terms),
    )
    if any(stated.rules.separate_duties for stated in found.rules):
        return replace(found, authors=_authors(tx, contract_ids))
    return found


def _terms(tx: Tx, contract_ids: Collection[ContractId]) -> dict[ContractId, OfContract]:
    return {
        row.id: OfContract(
            review=None if row.review is None else value_from(row.review, ApprovalRules),
            approve_under=None
            if row.approve_under is None
            else value_from(row.approve_under, Money),
        )
        for row in tx.all(TERMS, contract_ids=list(contract_ids))
    }


def _least(terms: Mapping[ContractId, OfContract]) -> Money | None:
    """The least amount the contracts let pass; None when one of them lets nothing pass."""
    limits = [each.approve_under for each in terms.values() if each.approve_under is not None]
    return min(limits) if limits and len(limits) == len(terms) else None


def _authors(tx: Tx, contract_ids: Collection[ContractId]) -> frozenset[str]:
    rows = tx.all(AUTHORS, contract_ids=list(contract_ids))
    return frozenset(row.actor for row in rows)
