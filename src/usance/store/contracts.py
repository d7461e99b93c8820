"""Contracts with their lines, and which of them have something due."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime

from psycopg.types.range import DateRange

from usance.domain.contracts.contract import (
    Contract,
    ContractLine,
    ContractStatus,
)
from usance.domain.errors import NotFound
from usance.domain.ids import ContractId, CustomerId, LineId
from usance.domain.money import currency
from usance.store.codec import jsonb
from usance.store.contract_rows import contract_from, line_from, plain_line, plain_versions
from usance.store.database import Row, Tx, range_text

SAVE = """
INSERT INTO contracts (tenant_id, id, customer_id, legal_entity_id, name, currency, status, term,
                       terms, versions, next_due_on, created_at, updated_at)
VALUES (%(tenant_id)s, %(id)s, %(customer_id)s, %(legal_entity_id)s, %(name)s, %(currency)s,
        %(status)s, %(term)s, %(terms)s, %(versions)s, %(next_due_on)s, %(at)s, %(at)s)
ON CONFLICT (tenant_id, id) DO UPDATE
   SET name = excluded.name,
       customer_id = excluded.customer_id,
       legal_entity_id = excluded.legal_entity_id,
       currency = excluded.currency,
       status = excluded.status,
       term = excluded.term,
       terms = excluded.terms,
       versions = excluded.versions,
       next_due_on = excluded.next_due_on,
       updated_at = excluded.updated_at
 WHERE contracts.customer_id = excluded.customer_id
    OR %(is_amended)s
"""
COLUMNS = (
    *("id", "contract_id", "order_id", "position", "line_ref", "kind", "opened_on"),
    *("service_window", "feature_id", "terms"),
)
CONTRACTS = """
SELECT id, customer_id, legal_entity_id, name, currency, status, terms, versions,
       lower(term) AS starts_on, upper(term) AS ends_on, created_at, updated_at
  FROM contracts
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
   AND terms IS NOT NULL
 ORDER BY id
"""
LINES = """
SELECT id, contract_id, order_id, line_ref, kind, opened_on, feature_id, terms,
       lower(service_window) AS starts_on, upper(service_window) AS ends_on
  FROM contract_lines
 WHERE tenant_id = %(tenant_id)s
   AND contract_id = ANY(%(ids)s)
 ORDER BY contract_id, position
"""
SAVE_LINE = """
UPDATE contract_lines
   SET position = %(position)s, order_id = %(order_id)s, service_window = %(window)s,
       terms = %(terms)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
FORGET_LINES = """
DELETE FROM contract_lines
 WHERE tenant_id = %(tenant_id)s
   AND contract_id = %(contract_id)s
   AND NOT id = ANY(%(ids)s)
   AND NOT EXISTS (SELECT FROM billed_slices b
                    WHERE b.tenant_id = %(tenant_id)s
                      AND b.contract_line_id = contract_lines.id)
"""
VOID_LINES = """
UPDATE contract_lines SET terms = terms || '{"is_void": true}'
 WHERE tenant_id = %(tenant_id)s AND contract_id = %(contract_id)s AND NOT id = ANY(%(ids)s)
"""
SAVE_CANCELED = """
UPDATE contracts
   SET status = 'CANCELED', next_due_on = NULL, updated_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
STAMPS = """
SELECT customer_id, status, created_at, updated_at
  FROM contracts
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
SET_BY_HAND = """
UPDATE contracts
   SET by_hand = coalesce(by_hand, '{}') || %(said)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
BY_HAND = "SELECT by_hand FROM contracts WHERE tenant_id = %(tenant_id)s AND id = %(id)s"
LOCK = "SELECT id FROM contracts WHERE tenant_id = %(tenant_id)s AND id = %(id)s FOR UPDATE"
EXISTS = "SELECT id FROM contracts WHERE tenant_id = %(tenant_id)s AND id = %(id)s"


def save_by_hand(tx: Tx, contract_id: ContractId, **said: str | None) -> None:
    """Remember a name or a PO number that was set beside the orders; None: no longer."""
    tx.run(SET_BY_HAND, id=contract_id, said=jsonb(said))


def as_set_by_hand(tx: Tx, contract: Contract) -> Contract:
    """The contract as its orders make it, with the name and the PO number set beside them."""
    row = tx.maybe(BY_HAND, id=contract.id)
    said = {} if row is None or row.by_hand is None else row.by_hand
    name, po_number = said.get("name"), said.get("po_number")
    terms = contract.terms
    if po_number is not None:
        terms = replace(terms, po_number=po_number)
    return replace(contract, name=contract.name if name is None else name, terms=terms)


def save(
    tx: Tx, contract: Contract, *, next_due_on: date | None, at: datetime, is_amended: bool = False
) -> bool:
    """Keep a contract, new or changed; its lines are kept by `save_lines`.

    False, and nothing done, when another customer has one of that id; one that `is_amended` may
    have been assigned to this one. What has to be looked at again has not ended.
    """
    status = contract.status
    if status is ContractStatus.END_BILLING and next_due_on is not None:
        status = ContractStatus.ACTIVE
    versions = plain_versions(contract)
    saved = tx.run(
        SAVE,
        id=contract.id,
        customer_id=contract.customer_id,
        legal_entity_id=contract.legal_entity_id,
        name=contract.name,
        currency=contract.currency.code,
        status=status,
        term=DateRange(contract.term.start, contract.term.end),
        terms=jsonb(contract.terms),
        versions=None if versions is None else jsonb(versions),
        next_due_on=next_due_on,
        is_amended=is_amended,
        at=at,
    )
    return bool(saved)


def stamps(tx: Tx, contract_id: ContractId) -> Row:
    """customer_id, status, created_at, updated_at of a contract of any state. Raises NotFound."""
    return tx.one(STAMPS, kind="contract", ref=contract_id, id=contract_id)


def owner(tx: Tx, contract_id: ContractId) -> CustomerId:
    """Whose contract it is. Raises NotFound."""
    return CustomerId(stamps(tx, contract_id).customer_id)


def save_canceled(tx: Tx, contract_id: ContractId, *, at: datetime) -> None:
    """Nothing more of it will be billed."""
    tx.run(SAVE_CANCELED, id=contract_id, at=at)


def lock_any(tx: Tx, contract_id: ContractId) -> None:
    """Hold a contract of any state until `tx` ends. Raises NotFound."""
    tx.one(LOCK, kind="contract", ref=contract_id, id=contract_id)


def line_ids(tx: Tx, contract_id: ContractId) -> dict[tuple[str, date], LineId]:
    """The ids of a contract's lines, by ref and the day they were opened."""
    rows = tx.all(LINES, ids=[contract_id])
    return {(row.line_ref, row.opened_on): row.id for row in rows}


def save_lines(tx: Tx, contract_id: ContractId, lines: Iterable[ContractLine]) -> None:
    """Put these in the place of a contract's lines; one that was billed and is gone is void."""
    kept = list(lines)
    ids = [line.id for line in kept]
    tx.run(FORGET_LINES, contract_id=contract_id, ids=ids)
    tx.run(VOID_LINES, contract_id=contract_id, ids=ids)
    known = set(line_ids(tx, contract_id).values())
    for position, line in enumerate(kept, start=1):
        if line.id in known:
            tx.run(
                SAVE_LINE,
                id=line.id,
                position=position,
                order_id=line.order_id,
                window=DateRange(line.sold.window.start, line.sold.window.end),
                terms=jsonb(plain_line(line.sold)),
            )
    append_lines(tx, contract_id, kept, known=known)


def append_lines(
    tx: Tx,
    contract_id: ContractId,
    lines: Iterable[ContractLine],
    *,
    known: Collection[LineId] = (),
) -> None:
    """Keep the lines of a contract, in their order, but for those it has already."""
    rows = (
        (
            line.id,
            contract_id,
            line.order_id,
            position,
            line.sold.ref,
            line.sold.kind.value,
            line.opened_on or line.sold.window.start,
            range_text(line.sold.window.start, line.sold.window.end),
            line.sold.feature_id,
            plain_line(line.sold),
        )
        for position, line in enumerate(lines, start=1)
        if line.id not in known
    )
    tx.append_rows("contract_lines", COLUMNS, rows)


def one(tx: Tx, contract_id: ContractId) -> Contract:
    """The contract of that id with its lines. Raises NotFound."""
    found = many(tx, [contract_id])
    if not found:
        raise NotFound("contract", contract_id)
    return found[0]


def exists(tx: Tx, contract_id: ContractId) -> bool:
    """True when there is a contract of that id."""
    return tx.maybe(EXISTS, id=contract_id) is not None


def many(tx: Tx, ids: Collection[ContractId]) -> list[Contract]:
    """The contracts of those ids, with their lines, by id."""
    lines: dict[str, list[Row]] = {}
    for row in tx.all(LINES, ids=list(ids)):
        lines.setdefault(row.contract_id, []).append(row)
    found = []
    for row in tx.all(CONTRACTS, ids=list(ids)):
        of = currency(row.currency)
        own = tuple(line_from(line, of) for line in lines.get(row.id, ()))
        found.append(contract_from(row, own))
    return found
