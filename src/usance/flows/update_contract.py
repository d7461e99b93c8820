"""Change a contract: what it is called, its purchase order, its days while it is a draft, what is
provisioned on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from usance.domain.calendar import FIRST_DAY
from usance.domain.contracts.contract import (
    Contract,
    ContractCanceled,
    ContractStatus,
    DraftContract,
    TermIsAgreed,
)
from usance.domain.customer import check_name
from usance.domain.ids import ContractId
from usance.domain.subscriptions.covering import LinkRequest
from usance.flows.runtime import Runtime, Scope
from usance.store import (
    contract_drafts,
    contract_links,
    contracts,
    desk,
    payers,
)
from usance.store.contract_links import Standing
from usance.store.database import Tx


@dataclass(frozen=True, slots=True)
class _Changes:
    name: str | None
    po_number: str | None
    starts_on: date | None
    ends_on: date | None
    sets_up_billing: bool


def update_contract(
    runtime: Runtime,
    scope: Scope,
    contract_id: ContractId,
    *,
    name: str | None = None,
    po_number: str | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    sets_up_billing: bool = False,
    links: Sequence[LinkRequest] | None = None,
) -> None:
    """None leaves as it is. Held drafts follow: they carry the new PO number at once.

    `links`: all the subscriptions that are to be on it; those that leave go on. Billing that is set
    up stays.

    Raises NotFound, ContractCanceled; TermIsAgreed for other days than its orders say; Invalid for
    a name or a PO number that is none, days in the wrong order, subscriptions that do not fit.
    """
    if name is not None:
        check_name(name, "name")
    if po_number:
        check_name(po_number, "poNumber")
    changes = _Changes(name, po_number, starts_on, ends_on, sets_up_billing)
    with runtime.transaction(scope) as tx:
        owner = contracts.owner(tx, contract_id)
        payers.lock_customer(tx, owner)
        contracts.lock_any(tx, contract_id)
        if contracts.stamps(tx, contract_id).status == ContractStatus.CANCELED:
            raise ContractCanceled(contract_id)

        draft = contract_drafts.maybe(tx, contract_id)
        if draft is not None:
            contract_drafts.save(tx, _drafted(draft, changes), at=runtime.now(tx))
        else:
            _save_agreed(runtime, scope, tx, contract_id, changes)
        facts = []
        if links is not None:
            at = runtime.now(tx, owner)
            standing = Standing(contract_id=contract_id, owner=owner, at=at, new_id=runtime.new_id)
            facts = contract_links.replace_all(tx, standing, links)
        after = {"name": name, "poNumber": po_number}
        runtime.note(tx, scope, "contract.updated", contract_id, *facts, after=after)


def _drafted(draft: DraftContract, changes: _Changes) -> DraftContract:
    return replace(
        draft,
        name=draft.name if changes.name is None else changes.name,
        po_number=draft.po_number if changes.po_number is None else changes.po_number,
        starts_on=changes.starts_on or draft.starts_on,
        ends_on=changes.ends_on or draft.ends_on,
        has_billing=draft.has_billing or changes.sets_up_billing,
    )


def _save_agreed(
    runtime: Runtime, scope: Scope, tx: Tx, contract_id: ContractId, changes: _Changes
) -> None:
    before = contracts.one(tx, contract_id)
    days = changes.starts_on or before.term.start, changes.ends_on or before.term.end
    if days != (before.term.start, before.term.end):
        raise TermIsAgreed(contract_id, before.term)
    said = {"name": changes.name, "po_number": changes.po_number}
    set_now = {key: value for key, value in said.items() if value is not None}
    if not set_now:
        return
    at = runtime.now(tx)
    agreed = _renamed(before, changes.name, changes.po_number)
    contracts.save(tx, agreed, next_due_on=FIRST_DAY, at=at)
    contracts.save_by_hand(tx, contract_id, **set_now)
    desk.redraft_contract(tx, contract_id, runtime.invoice_id, at=at, actor=scope.actor)


def _renamed(contract: Contract, name: str | None, po_number: str | None) -> Contract:
    terms = contract.terms
    if po_number is not None:
        terms = replace(terms, po_number=po_number)
    return replace(contract, name=contract.name if name is None else name, terms=terms)
