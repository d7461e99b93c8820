"""Contracts on which nothing is agreed yet."""

from __future__ import annotations

from datetime import datetime

from usance.domain.contracts.contract import DraftContract
from usance.domain.ids import ContractId
from usance.store.codec import jsonb, value_from
from usance.store.database import Tx

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


def add(tx: Tx, draft: DraftContract, *, at: datetime) -> bool:
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


def save(tx: Tx, draft: DraftContract, *, at: datetime) -> None:
    """Change what is known of a contract on which nothing is agreed yet."""
    tx.run(SAVE_DRAFT, id=draft.id, name=draft.name, draft=jsonb(draft), at=at)


def maybe(tx: Tx, contract_id: ContractId) -> DraftContract | None:
    """The contract of that id while nothing is agreed on it and it is not canceled, or None."""
    row = tx.maybe(DRAFT, id=contract_id)
    if row is None or row.status != "DRAFT":
        return None
    return value_from(row.draft, DraftContract)


def drafted(tx: Tx, contract_id: ContractId) -> DraftContract | None:
    """What was known before anything was agreed, canceled or not; None once something was."""
    row = tx.maybe(DRAFT, id=contract_id)
    return None if row is None else value_from(row.draft, DraftContract)
