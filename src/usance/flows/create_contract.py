"""Create a contract, on which an order is fulfilled later, with what is provisioned for it."""

from __future__ import annotations

from collections.abc import Sequence

from usance.domain.contracts.contract import ContractExists, DraftContract
from usance.domain.subscriptions.covering import LinkRequest
from usance.flows.runtime import Runtime, Scope
from usance.store import contract_drafts, contract_links, contracts, payers
from usance.store.contract_links import Standing


def create_contract(
    runtime: Runtime, scope: Scope, draft: DraftContract, links: Sequence[LinkRequest] = ()
) -> bool:
    """Keep it as DRAFT; False, and all left as it is, when there is one of that id, in any state.

    The subscriptions with it, or nothing at all. Raises NotFound when there is no such customer;
    ContractExists where it is of another customer; Invalid with the problems of each subscription.
    """
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, draft.customer_id)
        at = runtime.now(tx, draft.customer_id)
        added = contract_drafts.add(tx, draft, at=runtime.now(tx))
        if not added and contracts.owner(tx, draft.id) != draft.customer_id:
            raise ContractExists(draft.id)
        if not added:
            return False

        standing = Standing(
            contract_id=draft.id, owner=draft.customer_id, at=at, new_id=runtime.new_id
        )
        facts = contract_links.link(tx, standing, links)
        after = {"name": draft.name}
        runtime.note(tx, scope, "contract.created", draft.id, *facts, after=after)
    return True
