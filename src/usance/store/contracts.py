"""Contracts with their lines, and which of them have something due."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from psycopg.types.range import DateRange

from usance.domain.contracts.contract import (
    Contract,
    ContractLine,
    DraftContract,
)
from usance.domain.contracts.owed import Due
from usance.domain.errors import NotFound
from usance.domain.ids import ContractId, CustomerId, LegalEntityId, LineId
from usance.domain.money import currency
from usance.store.codec import jsonb, value_from
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
ADD_DRAFT = """
INSERT INTO contracts (tenant_id, id, customer_id, name, status, draft, created_at, updated_at)
VALUES (%(tenant_id)s, %(id)s, %(customer_id)s, %(name)s, 'DRAFT', %(draft)s, %(at)s, %(at)s)
ON CONFLICT (tenant_id, id) DO NOTHING
"""
SAVE_DRAFT = """
UPDATE contracts
   SET name = %(name)s, draft = %(draft)s, updated_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   AND status = 'DRAFT'
"""
DRAFT = """
SELECT status, draft
  FROM contracts
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   AND terms IS NULL
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
LOCK = "SELECT id FROM contracts WHERE tenant_id = %(tenant_id)s AND id = %(id)s FOR UPDATE"
# Contracts that go on by themselves, and whose last day to say otherwise has passed.
RENEWING = """
SELECT id
  FROM contracts
 WHERE tenant_id = %(tenant_id)s
   AND status IN ('ACTIVE', 'END_BILLING')
   AND (terms #>> '{renewal,is_automatic}')::boolean
   AND versions ->> 'terminated_on' IS NULL
   AND upper(term) - coalesce((terms #>> '{renewal,notice_days}')::int, 0) <= %(through)s
   AND (%(customer_id)s::text IS NULL OR customer_id = %(customer_id)s)
 ORDER BY id
"""
# The next day on which a contract has something due, or is renewed by itself. One that waits for
# its next invoice with something to give back is looked at each day.
NEXT_EVENT = """
SELECT min(day) AS day
  FROM (SELECT greatest(next_due_on, %(after)s::date + 1) AS day
          FROM contracts
         WHERE tenant_id = %(tenant_id)s
           AND legal_entity_id = %(legal_entity_id)s
           AND status = 'ACTIVE'
           AND (%(customer_id)s::text IS NULL OR customer_id = %(customer_id)s)
         UNION ALL
        SELECT upper(term) - coalesce((terms #>> '{renewal,notice_days}')::int, 0)
          FROM contracts
         WHERE tenant_id = %(tenant_id)s
           AND legal_entity_id = %(legal_entity_id)s
           AND status = 'ACTIVE'
           AND (terms #>> '{renewal,is_automatic}')::boolean
           AND (%(customer_id)s::text IS NULL OR customer_id = %(customer_id)s)) AS event
 WHERE day > %(after)s
"""
EXISTS = "SELECT id FROM contracts WHERE tenant_id = %(tenant_id)s AND id = %(id)s"
SAVE_BILLED = """
UPDATE contracts
   SET next_due_on = billed.next_on,
       first_billed_on = least(contracts.first_billed_on, billed.first_on)
  FROM unnest(%(ids)s::text[], %(next_on)s::date[], %(first_on)s::date[])
    AS billed (id, next_on, first_on)
 WHERE tenant_id = %(tenant_id)s
   AND contracts.id = billed.id
"""
FIRST_BILLED = """
SELECT id, first_billed_on
  FROM contracts
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
   AND first_billed_on IS NOT NULL
"""
MARK_DUE = """
UPDATE contracts
   SET next_due_on = %(on)s
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
   AND (next_due_on IS NULL OR next_due_on > %(on)s)
"""
# Customers are the unit of work: what one of them owes on a day may share a document. A busy one
# is left to whoever holds it, and waited for at the end of the run.
DUE_CUSTOMERS = """
SELECT DISTINCT customer_id
  FROM contracts
 WHERE tenant_id = %(tenant_id)s
   AND legal_entity_id = %(legal_entity_id)s
   AND status = 'ACTIVE'
   AND customer_id > %(after)s
   AND next_due_on <= %(through)s
   AND (%(customer_id)s::text IS NULL OR customer_id = %(customer_id)s)
 ORDER BY customer_id
 LIMIT %(limit)s
"""
# Not for its key: rows that only refer to a customer need not wait for whoever holds it.
LOCK_FREE_CUSTOMERS = """
SELECT id
  FROM customers
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
 ORDER BY id
   FOR NO KEY UPDATE SKIP LOCKED
"""
LOCK_CUSTOMERS = """
SELECT id
  FROM customers
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
 ORDER BY id
   FOR NO KEY UPDATE
"""
LOCK_CUSTOMER = """
SELECT id FROM customers WHERE tenant_id = %(tenant_id)s AND id = %(id)s FOR NO KEY UPDATE
"""
DUE = """
SELECT id, next_due_on
  FROM contracts
 WHERE tenant_id = %(tenant_id)s
   AND status = 'ACTIVE'
   AND next_due_on <= %(through)s
   AND customer_id = ANY(%(customer_ids)s)
   AND legal_entity_id = %(legal_entity_id)s
 ORDER BY id
   FOR UPDATE
"""
OF_ACCOUNT = """
SELECT id
  FROM contracts
 WHERE tenant_id = %(tenant_id)s
   AND status = 'ACTIVE'
   AND customer_id = %(customer_id)s
   AND (%(legal_entity_id)s::text IS NULL OR legal_entity_id = %(legal_entity_id)s)
   AND (%(currency)s::text IS NULL OR currency = %(currency)s)
 ORDER BY id
"""


class Owing(NamedTuple):
    """A contract that may owe something; all that fell due before `since` is billed."""

    contract: Contract
    since: date


def save(
    tx: Tx, contract: Contract, *, next_due_on: date | None, at: datetime, is_amended: bool = False
) -> bool:
    """Keep a contract, new or changed; its lines are kept by `save_lines`.

    False, and nothing done, when another customer has one of that id; one that `is_amended` may
    have been assigned to this one.
    """
    versions = plain_versions(contract)
    saved = tx.run(
        SAVE,
        id=contract.id,
        customer_id=contract.customer_id,
        legal_entity_id=contract.legal_entity_id,
        name=contract.name,
        currency=contract.currency.code,
        status=contract.status,
        term=DateRange(contract.term.start, contract.term.end),
        terms=jsonb(contract.terms),
        versions=None if versions is None else jsonb(versions),
        next_due_on=next_due_on,
        is_amended=is_amended,
        at=at,
    )
    return bool(saved)


def add_draft(tx: Tx, draft: DraftContract, *, at: datetime) -> bool:
    """Keep a new contract on which nothing is agreed yet; False when there is one of that id."""
    added = tx.run(
        ADD_DRAFT,
        id=draft.id,
        customer_id=draft.customer_id,
        name=draft.name,
        draft=jsonb(draft),
        at=at,
    )
    return bool(added)


def save_draft(tx: Tx, draft: DraftContract, *, at: datetime) -> None:
    """Change what is known of a contract on which nothing is agreed yet."""
    tx.run(SAVE_DRAFT, id=draft.id, name=draft.name, draft=jsonb(draft), at=at)


def maybe_draft(tx: Tx, contract_id: ContractId) -> DraftContract | None:
    """The contract of that id while nothing is agreed on it and it is not canceled, or None."""
    row = tx.maybe(DRAFT, id=contract_id)
    if row is None or row.status != "DRAFT":
        return None
    return value_from(row.draft, DraftContract)


def drafted(tx: Tx, contract_id: ContractId) -> DraftContract | None:
    """What was known before anything was agreed, canceled or not; None once something was."""
    row = tx.maybe(DRAFT, id=contract_id)
    return None if row is None else value_from(row.draft, DraftContract)


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


def due_customers(
    tx: Tx,
    *,
    legal_entity_id: LegalEntityId,
    through: date,
    after: str,
    limit: int,
    customer_id: CustomerId | None = None,
) -> list[CustomerId]:
    """Customers after `after`, by id, who may owe that entity something by then; or that one."""
    rows = tx.all(
        DUE_CUSTOMERS,
        legal_entity_id=legal_entity_id,
        through=through,
        after=after,
        limit=limit,
        customer_id=customer_id,
    )
    return [row.customer_id for row in rows]


def lock_customers(
    tx: Tx, customer_ids: Collection[CustomerId], *, is_waiting: bool
) -> list[CustomerId]:
    """Hold customers until `tx` ends; those that others hold are waited for, or left out."""
    statement = LOCK_CUSTOMERS if is_waiting else LOCK_FREE_CUSTOMERS
    return [row.id for row in tx.all(statement, ids=list(customer_ids))]


def lock_due(
    tx: Tx,
    customer_ids: Collection[CustomerId],
    *,
    legal_entity_id: LegalEntityId,
    through: date,
) -> list[Owing]:
    """The contracts of those customers that may have something due, held until `tx` ends."""
    rows = tx.all(
        DUE, customer_ids=list(customer_ids), legal_entity_id=legal_entity_id, through=through
    )
    since = {row.id: row.next_due_on for row in rows}
    return [Owing(contract, since[contract.id]) for contract in many(tx, list(since))]


def lock_customer(tx: Tx, customer_id: CustomerId) -> None:
    """Hold a customer until `tx` ends: always before its contracts, invoices and payments."""
    tx.one(LOCK_CUSTOMER, kind="customer", ref=customer_id, id=customer_id)


def active_of(
    tx: Tx,
    customer_id: CustomerId,
    *,
    legal_entity_id: LegalEntityId | None = None,
    currency_code: str | None = None,
) -> list[Contract]:
    """The active contracts of a customer, all or those of one entity and currency."""
    rows = tx.all(
        OF_ACCOUNT,
        customer_id=customer_id,
        legal_entity_id=legal_entity_id,
        currency=currency_code,
    )
    return many(tx, [row.id for row in rows])


def save_billed(tx: Tx, dues: Mapping[ContractId, Due]) -> None:
    """Remember of each contract when to look at it again (too early only costs a look), and the
    earliest day it was drafted for.
    """
    tx.run(
        SAVE_BILLED,
        ids=list(dues),
        next_on=[due.next_on for due in dues.values()],
        first_on=[min((item.due_on for item in due.items), default=None) for due in dues.values()],
    )


def renewing(tx: Tx, *, through: date, customer_id: CustomerId | None = None) -> list[ContractId]:
    """Contracts that are renewed by themselves by that day, of one customer or of all."""
    return [row.id for row in tx.all(RENEWING, through=through, customer_id=customer_id)]


def next_event(
    tx: Tx,
    *,
    legal_entity_id: LegalEntityId,
    after: date,
    customer_id: CustomerId | None = None,
) -> date | None:
    """The next day on which a contract with that entity has something to happen, or None."""
    row = tx.maybe(
        NEXT_EVENT, legal_entity_id=legal_entity_id, after=after, customer_id=customer_id
    )
    return None if row is None else row.day


def first_billed(tx: Tx, ids: Collection[ContractId]) -> dict[ContractId, date]:
    """The earliest day anything was drafted for, of those contracts of which something was."""
    return {row.id: row.first_billed_on for row in tx.all(FIRST_BILLED, ids=list(ids))}


def save_due_again(tx: Tx, ids: Collection[ContractId], *, on: date) -> None:
    """Have these contracts looked at from that day: something billed of them fell away."""
    tx.run(MARK_DUE, ids=list(ids), on=on)
