"""The next invoice of each of several contracts: the one held for review, or the one to come.

A fixed number of statements, however many contracts. What is to come is drafted by the one function
that bills, each contract for itself: what others of the customer would add to it is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from usance.domain.calendar import Period
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.owed import Due, due
from usance.domain.contracts.schedule import looked_at_from
from usance.domain.customer import Customer
from usance.domain.due_items import Grouping, Piece
from usance.domain.ids import ContractId, CustomerId, InvoiceId
from usance.domain.invoicing.invoice import DocumentType, Draft
from usance.domain.invoicing.rated_items import counted_slices
from usance.domain.money import Money, currency
from usance.store import coverage, desk, parties
from usance.store.codec import value_from
from usance.store.database import Row, Tx
from usance.store.due_contracts import Owing

HELD = """
SELECT contract.id AS contract_id, held.*
  FROM unnest(%(contract_ids)s::text[]) AS contract (id)
 CROSS JOIN LATERAL (
        SELECT id, currency, gross_minor, bill_on, grouping, days.starts_on, days.ends_on
          FROM invoices
         CROSS JOIN LATERAL (
                SELECT min(lower(service_period)) AS starts_on,
                       max(upper(service_period)) AS ends_on
                  FROM invoice_lines
                 WHERE tenant_id = %(tenant_id)s
                   AND invoice_id = invoices.id) AS days
         WHERE tenant_id = %(tenant_id)s
           AND status IN ('DRAFT', 'APPROVED')
           AND type = 'INVOICE'
           AND id IN (SELECT invoice_id
                        FROM invoice_lines
                       WHERE tenant_id = %(tenant_id)s
                         AND contract_id = contract.id)
         ORDER BY bill_on, created_at, id
         LIMIT 1) AS held
"""
HINTS = """
SELECT id, next_due_on
  FROM contracts
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY (%(contract_ids)s)
   AND status = 'ACTIVE'
   AND next_due_on IS NOT NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextInvoice:
    """An invoice that is not issued yet. `id` None: it is still to come. `due_on` if it is issued
    on the day its items fall due; `service_period` from the first day to the last of its lines.
    """

    id: InvoiceId | None
    total: Money
    due_on: date
    service_period: Period


def of_contracts(
    tx: Tx,
    found: Collection[Contract],
    new_id: Callable[[], InvoiceId],
    *,
    counts_usage: bool,
) -> dict[ContractId, NextInvoice]:
    """The next invoice of each of those contracts that has one.

    Usage is as it is now; without `counts_usage` no event is read, and an invoice to come that
    rests on usage is left out.
    """
    held = tx.all(HELD, contract_ids=[contract.id for contract in found])
    next_of = {ContractId(row.contract_id): _held(row) for row in held}
    waiting = _waiting(tx, [contract for contract in found if contract.id not in next_of])
    dues = _next_dues(tx, waiting)
    if not counts_usage:
        dues = {each: owed for each, owed in dues.items() if not _is_counted(owed)}
    owing = [each.contract for each in waiting if each.contract.id in dues]
    for contract_id, drafts in _drafts(tx, owing, dues, new_id).items():
        invoices = [draft for draft in drafts if draft.type is DocumentType.INVOICE]
        if invoices:
            next_of[contract_id] = _to_come(invoices[0])
    return next_of


def _waiting(tx: Tx, found: Sequence[Contract]) -> list[Owing]:
    """Those that have something to bill, each with the day to look from."""
    rows = tx.all(HINTS, contract_ids=[contract.id for contract in found]) if found else []
    hints = {row.id: row.next_due_on for row in rows}
    return [Owing(each, hints[each.id]) for each in found if each.id in hints]


def _next_dues(tx: Tx, waiting: Sequence[Owing]) -> dict[ContractId, Due]:
    """What each of them owes on the first day it owes anything."""
    since = {
        line.id: looked_at_from(line, each.since, each.contract.longest_held)
        for each in waiting
        for line in each.contract.lines
    }
    standing = coverage.standing_since(tx, since) if since else {}
    found = {each.contract.id: _first_due(each, standing) for each in waiting}
    return {contract_id: owed for contract_id, owed in found.items() if owed.items}


def _first_due(owing: Owing, standing: Mapping[str, list[Piece]]) -> Due:
    contract, hint = owing
    last = contract.term.end + timedelta(days=contract.longest_held.usage_hold_days)
    found = due(contract, through=hint, standing=standing, since=hint)
    if not found.items and found.next_on is not None and found.next_on > hint:
        found = due(contract, through=found.next_on, standing=standing, since=hint)
    if not found.items and found.next_on is not None:  # what waits for a later charge
        found = due(contract, through=last, standing=standing, since=hint)
    first = min((item.due_on for item in found.items), default=None)
    return Due(tuple(item for item in found.items if item.due_on == first), found.next_on)


def _is_counted(owed: Due) -> bool:
    return any(True for item in owed.items for _ in counted_slices(item))


def _drafts(
    tx: Tx,
    owing: Sequence[Contract],
    dues: Mapping[ContractId, Due],
    new_id: Callable[[], InvoiceId],
) -> dict[ContractId, list[Draft]]:
    """The documents of each contract alone, from tables that are read once for all of them."""
    if not owing:
        return {}
    bought_by: set[CustomerId] = {item.customer_id for each in dues.values() for item in each.items}
    known: Mapping[CustomerId, Customer] = parties.families(tx, bought_by)
    owed = desk.gathered(owing, [dues[each.id] for each in owing], known)
    tables = desk.read(tx, owed)
    return {
        each.id: tables.all_drafts(desk.gathered([each], [dues[each.id]], known), new_id)
        for each in owing
    }


def _held(row: Row) -> NextInvoice:
    terms = value_from(row.grouping, Grouping).payment_terms
    return NextInvoice(
        id=row.id,
        total=Money(row.gross_minor, currency(row.currency)),
        due_on=terms.due_on(row.bill_on),
        service_period=Period(row.starts_on, row.ends_on),
    )


def _to_come(draft: Draft) -> NextInvoice:
    periods = [line.service_period for line in draft.lines]
    return NextInvoice(
        id=None,
        total=draft.gross,
        due_on=draft.grouping.payment_terms.due_on(draft.bill_on),
        service_period=Period(
            min(period.start for period in periods), max(period.end for period in periods)
        ),
    )
