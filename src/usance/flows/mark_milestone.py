"""Mark a milestone done: what it is worth falls due on that day."""

from __future__ import annotations

from datetime import date

from usance.documents.order_form import read_order
from usance.domain.catalog import is_storable
from usance.domain.contracts.contract import Contract
from usance.domain.errors import Conflict, Invalid, NotFound, Problem
from usance.domain.facts import MilestoneReached
from usance.domain.ids import ContractId
from usance.flows.runtime import Runtime, Scope
from usance.store import (
    contracts,
    desk,
    parties,
    payers,
    timelines,
)
from usance.store.database import Tx

MAX_EVIDENCE = 2000


class MilestoneReachedBefore(Conflict):
    """It was marked done before; a milestone is reached once."""

    code = "MilestoneReachedBefore"


def mark_milestone(
    runtime: Runtime,
    scope: Scope,
    contract_id: ContractId,
    line_ref: str,
    *,
    on: date,
    evidence: str,
) -> Contract:
    """The contract with the milestone reached on that day, a day of the legal entity that is not
    to come yet, from the contract's start on and before it was terminated.

    `evidence` is what proves it: a link, a protocol, who accepted it. Raises NotFound,
    ContractNotActive, MilestoneReachedBefore; Invalid (EvidenceMissing, NotAMilestone,
    DayOutsideContract, DayInFuture).
    """
    if not evidence.strip() or len(evidence) > MAX_EVIDENCE or not is_storable(evidence):
        expected = f"what proves it, in 1 to {MAX_EVIDENCE} characters"
        raise Invalid(Problem("EvidenceMissing", "evidence", evidence[:80], expected))
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, contracts.owner(tx, contract_id))
        timelines.refuse_inactive(tx, contract_id)
        agreed = contracts.one(tx, contract_id)
        lines = {line.sold.ref: line.sold for line in agreed.lines}
        if line_ref not in lines:
            raise NotFound("contract line", line_ref)
        at = runtime.now(tx)
        added = timelines.add_milestone(
            tx, contract_id, line_ref, done_on=on, evidence=evidence, at=at
        )
        if not added:
            raise MilestoneReachedBefore(f"Milestone {line_ref!r} was marked done before.")
        if not lines[line_ref].is_done_later:
            expected = "a milestone that falls due when it is marked done"
            raise Invalid(Problem("NotAMilestone", "lineRef", line_ref, expected))
        _refuse_day(runtime, tx, agreed, on)

        contract = timelines.told(tx, contract_id, read=read_order, new_id=runtime.line_id).contract
        timelines.keep(tx, contract, at=at)
        desk.redraft_contract(tx, contract_id, runtime.invoice_id, at=at, actor=scope.actor)
        runtime.note(
            tx,
            scope,
            "milestone.reached",
            contract_id,
            MilestoneReached(contract_id),
            after={"line": line_ref, "on": on.isoformat(), "evidence": evidence},
        )
    return contract


def _refuse_day(runtime: Runtime, tx: Tx, contract: Contract, on: date) -> None:
    """A day on which nothing can have been reached under this contract."""
    where = parties.entities(tx, [contract.legal_entity_id])[contract.legal_entity_id].zone
    today = runtime.today(tx, where, contract.customer_id)
    over = contract.terminated_on
    if on < contract.term.start:
        expected = f"{contract.term.start}, on which the contract begins, or a later day"
        raise Invalid(Problem("DayOutsideContract", "doneOn", str(on), expected))
    if over is not None and on >= over:
        expected = f"a day before {over}, on which the contract was terminated"
        raise Invalid(Problem("DayOutsideContract", "doneOn", str(on), expected))
    if on > today:
        expected = f"{today} or earlier: what is proven has happened"
        raise Invalid(Problem("DayInFuture", "doneOn", str(on), expected))
