"""Which contracts have something due, and when to look at each again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import NamedTuple

from usance.domain.contracts.contract import Contract
from usance.domain.contracts.owed import Due
from usance.domain.ids import ContractId, CustomerId, LegalEntityId
from usance.store.contracts import many
from usance.store.database import Tx

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
# The next day on which a contract has something due, is renewed by itself, or is over. One that
# waits for its next invoice with something to give back is looked at each day.
NEXT_EVENT = """
SELECT min(day) AS day
  FROM (SELECT CASE WHEN next_due_on IS NULL THEN upper(term)
                    ELSE greatest(next_due_on, %(after)s::date + 1)
               END AS day
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
   SET next_due_on = %(on)s, status = 'ACTIVE'
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(%(ids)s)
   AND status IN ('ACTIVE', 'END_BILLING')
   AND (next_due_on IS NULL OR next_due_on > %(on)s)
"""
# Nothing left to bill, and nothing to review. One that somebody holds is left to the next run; one
# that goes on by itself does not end.
END = """
WITH ended AS (
    SELECT id
      FROM contracts
     WHERE tenant_id = %(tenant_id)s
       AND legal_entity_id = %(legal_entity_id)s
       AND status = 'ACTIVE'
       AND next_due_on IS NULL
       AND upper(term) <= %(today)s
       AND (%(customer_id)s::text IS NULL OR customer_id = %(customer_id)s)
       AND NOT (coalesce((terms #>> '{renewal,is_automatic}')::boolean, false)
                AND versions ->> 'terminated_on' IS NULL)
       AND NOT EXISTS (SELECT
                         FROM invoice_lines l
                         JOIN invoices i ON i.tenant_id = %(tenant_id)s AND i.id = l.invoice_id
                        WHERE l.tenant_id = %(tenant_id)s
                          AND l.contract_id = contracts.id
                          AND i.status IN ('DRAFT', 'APPROVED'))
     ORDER BY id
       FOR UPDATE SKIP LOCKED)
UPDATE contracts
   SET status = 'END_BILLING'
  FROM ended
 WHERE contracts.tenant_id = %(tenant_id)s
   AND contracts.id = ended.id
RETURNING contracts.id
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
ACTIVE_OF = """
SELECT id
  FROM contracts
 WHERE tenant_id = %(tenant_id)s
   AND status = 'ACTIVE'
   AND customer_id = ANY(%(customer_ids)s)
 ORDER BY id
"""


class Owing(NamedTuple):
    """A contract that may owe something; all that fell due before `since` is billed."""

    contract: Contract
    since: date


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


def active_of(tx: Tx, customer_ids: Collection[CustomerId]) -> list[Contract]:
    """The active contracts of those customers."""
    return many(tx, [row.id for row in tx.all(ACTIVE_OF, customer_ids=list(customer_ids))])


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


def save_ended(
    tx: Tx,
    *,
    legal_entity_id: LegalEntityId,
    today: date,
    customer_id: CustomerId | None = None,
) -> list[ContractId]:
    """End the contracts with that entity whose term is over and of which nothing is left to bill
    or to review; their ids. `today` is the entity's.
    """
    rows = tx.all(END, legal_entity_id=legal_entity_id, today=today, customer_id=customer_id)
    return sorted(row.id for row in rows)


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
    """Have these contracts looked at from that day, ended or not: something billed of them fell
    away.
    """
    tx.run(MARK_DUE, ids=list(ids), on=on)
