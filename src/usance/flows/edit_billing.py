"""Edit the billing of a contract, item by item, before it is published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from usance.documents.billing_form import opened
from usance.domain.contracts.billing_draft import (
    Amends,
    BillingDraft,
    BillingNotOpen,
    BillingNotSetUp,
)
from usance.domain.contracts.contract import DraftContract
from usance.domain.ids import ContractId
from usance.flows.runtime import Runtime, Scope
from usance.store import (
    billing_drafts,
    contract_drafts,
    contracts,
    parties,
    timelines,
)

Edit = Callable[[BillingDraft], BillingDraft]


def edit_billing(
    runtime: Runtime, scope: Scope, contract_id: ContractId, edit: Edit
) -> BillingDraft:
    """The draft as `edit` leaves it; nothing is billed from it until it is published.

    Raises NotFound, BillingNotOpen unless the contract is a draft or was opened for editing,
    BillingNotSetUp; and whatever `edit` raises.
    """
    with runtime.transaction(scope) as tx:
        contracts.lock_any(tx, contract_id)
        draft = billing_drafts.one(tx, contract_id)
        unsigned = contract_drafts.maybe(tx, contract_id)
        if unsigned is None and draft.amends is None:
            raise BillingNotOpen(f"Open contract {contract_id} by edit-active, then edit it.")
        if unsigned is not None and not unsigned.has_billing:
            raise BillingNotSetUp(contract_id)

        edited = edit(draft)

        at = runtime.now(tx)
        billing_drafts.save(tx, contract_id, edited, at=at)
        if unsigned is not None:
            contract_drafts.save(tx, _dated(unsigned, edited), at=at)
        after = {"items": [item.ref for item in edited.items]}
        runtime.note(tx, scope, "contract.billing_edited", contract_id, after=after)
    return edited


def open_billing(
    runtime: Runtime, scope: Scope, contract_id: ContractId, amends: Amends
) -> BillingDraft:
    """The billing of a contract that runs, to be edited; as it was opened, when it is open.

    Raises NotFound, ContractNotActive.
    """
    with runtime.transaction(scope) as tx:
        timelines.refuse_inactive(tx, contract_id)
        draft = billing_drafts.one(tx, contract_id)
        if draft.amends is amends:
            return draft
        contract = contracts.one(tx, contract_id)
        zone = parties.entity(tx, contract.legal_entity_id).zone
        at, today = runtime.now(tx), runtime.today(tx, zone)

        if draft.amends is None:
            made = opened(draft, contract, amends=amends, on=today)
        else:
            made = replace(draft, amends=amends)

        billing_drafts.save(tx, contract_id, made, at=at)
        after = {"amends": amends.value}
        runtime.note(tx, scope, "contract.billing_opened", contract_id, after=after)
    return made


def _dated(unsigned: DraftContract, edited: BillingDraft) -> DraftContract:
    return replace(
        unsigned,
        starts_on=edited.starts_on or unsigned.starts_on,
        ends_on=edited.ends_on or unsigned.ends_on,
    )
