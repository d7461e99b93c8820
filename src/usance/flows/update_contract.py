"""Change what a contract is called and which purchase order it names."""

from __future__ import annotations

from dataclasses import replace

from usance.domain.calendar import FIRST_DAY
from usance.domain.contracts.contract import Contract, ContractCanceled, ContractStatus
from usance.domain.customer import check_name
from usance.domain.ids import ContractId
from usance.flows.runtime import Runtime, Scope
from usance.store import (
    contract_drafts,
    contracts,
    desk,
    payers,
)


def update_contract(
    runtime: Runtime,
    scope: Scope,
    contract_id: ContractId,
    *,
    name: str | None = None,
    po_number: str | None = None,
) -> None:
    """None leaves as it is. Held drafts follow: they carry the new PO number at once.

    Raises NotFound, ContractCanceled; Invalid for a name or a PO number that is none.
    """
    if name is not None:
        check_name(name, "name")
    if po_number:
        check_name(po_number, "poNumber")
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, contracts.owner(tx, contract_id))
        contracts.lock_any(tx, contract_id)
        if contracts.stamps(tx, contract_id).status == ContractStatus.CANCELED:
            raise ContractCanceled(contract_id)

        draft = contract_drafts.maybe(tx, contract_id)
        at = runtime.now(tx)
        if draft is not None:
            changed = replace(
                draft,
                name=draft.name if name is None else name,
                po_number=draft.po_number if po_number is None else po_number,
            )
            contract_drafts.save(tx, changed, at=at)
        else:
            agreed = _changed(contracts.one(tx, contract_id), name, po_number)
            contracts.save(tx, agreed, next_due_on=FIRST_DAY, at=at)
            said = {"name": name, "po_number": po_number}
            set_now = {key: value for key, value in said.items() if value is not None}
            contracts.save_by_hand(tx, contract_id, **set_now)
            desk.redraft_contract(tx, contract_id, runtime.invoice_id, at=at, actor=scope.actor)
        after = {"name": name, "poNumber": po_number}
        runtime.note(tx, scope, "contract.updated", contract_id, after=after)


def _changed(contract: Contract, name: str | None, po_number: str | None) -> Contract:
    terms = contract.terms
    if po_number is not None:
        terms = replace(terms, po_number=po_number)
    return replace(contract, name=contract.name if name is None else name, terms=terms)
