"""The billing of contracts while it is edited, before it is published as an order."""

from __future__ import annotations

from datetime import datetime

from usance.domain.contracts.billing_draft import BillingDraft
from usance.domain.ids import ContractId
from usance.store.codec import jsonb, value_from
from usance.store.database import Tx

ONE = "SELECT billing FROM contracts WHERE tenant_id = %(tenant_id)s AND id = %(id)s"
SAVE = """
UPDATE contracts
   SET billing = %(billing)s, updated_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""


def one(tx: Tx, contract_id: ContractId) -> BillingDraft:
    """What was collected for a contract; an empty draft where nothing was. Raises NotFound."""
    row = tx.one(ONE, kind="contract", ref=contract_id, id=contract_id)
    return BillingDraft() if row.billing is None else value_from(row.billing, BillingDraft)


def save(tx: Tx, contract_id: ContractId, draft: BillingDraft, *, at: datetime) -> None:
    """Keep what was collected."""
    tx.run(SAVE, id=contract_id, billing=jsonb(draft), at=at)
