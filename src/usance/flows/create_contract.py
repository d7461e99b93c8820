"""Create a contract on which an order will be fulfilled later."""

from __future__ import annotations

from usance.domain.contracts.contract import DraftContract
from usance.flows.runtime import Runtime, Scope
from usance.store import contract_drafts, parties


def create_contract(runtime: Runtime, scope: Scope, draft: DraftContract) -> None:
    """Keep it as DRAFT. One of that id that exists already, in any state, is left as it is.

    Raises NotFound when there is no such customer.
    """
    with runtime.transaction(scope) as tx:
        parties.customer(tx, draft.customer_id)
        added = contract_drafts.add(tx, draft, at=runtime.now(tx))
        if not added:
            return

        runtime.note(tx, scope, "contract.created", draft.id, after={"name": draft.name})
