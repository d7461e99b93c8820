"""Take a subscription off a contract; it goes on."""

from __future__ import annotations

from usance.domain.ids import ContractId
from usance.flows.runtime import Runtime, Scope
from usance.store import contract_links, contracts, payers


def detach_subscription(
    runtime: Runtime, scope: Scope, contract_id: ContractId, subscription_id: str
) -> None:
    """One that is not on it stays as it is. Raises NotFound."""
    with runtime.transaction(scope) as tx:
        owner = contracts.owner(tx, contract_id)
        payers.lock_customer(tx, owner)
        contracts.lock_any(tx, contract_id)
        at = runtime.now(tx, owner)
        facts = contract_links.unlink(tx, contract_id, subscription_id, at=at)
        if facts:
            after = {"subscriptionId": subscription_id}
            runtime.note(
                tx, scope, "contract.subscription_detached", contract_id, *facts, after=after
            )
