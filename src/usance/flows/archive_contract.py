"""Archive a contract: nothing more of it is billed, and what it provisioned ends."""

from __future__ import annotations

from usance.domain.contracts.contract import ContractCanceled, ContractStatus
from usance.domain.facts import ContractArchived, InvoiceVoided, SubscriptionCanceled
from usance.domain.ids import ContractId
from usance.domain.invoicing.invoice import Draft
from usance.flows.runtime import Runtime, Scope
from usance.store import (
    contract_subscriptions,
    contracts,
    desk,
    invoices,
    parties,
    payers,
)
from usance.store.database import Tx


def archive_contract(runtime: Runtime, scope: Scope, contract_id: ContractId) -> None:
    """Its held drafts lose its lines, and are void when no others are left. What was approved or
    issued stays: a correction is a new document. Raises NotFound, ContractCanceled.
    """
    with runtime.transaction(scope) as tx:
        owner = contracts.owner(tx, contract_id)
        payers.lock_customer(tx, owner)
        contracts.lock_any(tx, contract_id)
        if contracts.stamps(tx, contract_id).status == ContractStatus.CANCELED:
            raise ContractCanceled(contract_id)

        at = runtime.now(tx)
        contracts.save_canceled(tx, contract_id, at=at)
        ended = contract_subscriptions.cancel_all(tx, contract_id, at=at)
        for draft in invoices.lock_drafts_of_contract(tx, contract_id):
            _drop_lines(runtime, scope, tx, draft)
        facts = (SubscriptionCanceled(each) for each in ended)
        runtime.note(
            tx, scope, "contract.archived", contract_id, ContractArchived(contract_id), *facts
        )


def _drop_lines(runtime: Runtime, scope: Scope, tx: Tx, draft: Draft) -> None:
    """The draft without what no longer stands; its contract is canceled in `tx` already."""
    left = desk.redraft(tx, draft, runtime.invoice_id)
    if left:
        desk.save_redrafted(tx, draft, left, at=runtime.now(tx), actor=scope.actor)
        return
    seller = parties.entity(tx, draft.legal_entity_id)
    reason = "the contract was archived"
    invoices.save_void(tx, draft.id, on=runtime.today(tx, seller.zone), reason=reason)
    runtime.note(tx, scope, "invoice.voided", draft.id, InvoiceVoided(draft.id))
