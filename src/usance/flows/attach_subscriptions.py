"""Put subscriptions on a contract: there already, or provisioned with it."""

from __future__ import annotations

from collections.abc import Sequence

from usance.domain.contracts.contract import ContractCanceled, ContractStatus
from usance.domain.ids import ContractId
from usance.domain.subscriptions.covering import LinkRequest
from usance.flows.runtime import Runtime, Scope
from usance.store import contract_links, contracts, payers
from usance.store.contract_links import Standing


def attach_subscriptions(
    runtime: Runtime, scope: Scope, contract_id: ContractId, links: Sequence[LinkRequest]
) -> None:
    """All or none; those that are on it already stay. Raises NotFound, ContractCanceled; Invalid
    where one is not of the contract's customer, not custom, over, on another contract, or of a
    product that is covered.
    """
    with runtime.transaction(scope) as tx:
        owner = contracts.owner(tx, contract_id)
        payers.lock_customer(tx, owner)
        contracts.lock_any(tx, contract_id)
        if contracts.stamps(tx, contract_id).status == ContractStatus.CANCELED:
            raise ContractCanceled(contract_id)

        at = runtime.now(tx, owner)
        standing = Standing(contract_id=contract_id, owner=owner, at=at, new_id=runtime.new_id)
        facts = contract_links.link(tx, standing, links)
        if facts:
            runtime.note(tx, scope, "contract.subscriptions_attached", contract_id, *facts)
