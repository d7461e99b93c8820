"""Milestones: what falls due when something is reached, and the proof that it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Path
from pydantic import Field

from usance.api.caller import Asked
from usance.api.envelope import Amount, CurrencyCode, Instant, Single, Wire
from usance.api.fields import PathId, at
from usance.api.route import resource
from usance.domain.calendar import parse_day
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.value import line_value
from usance.domain.due_items import LineKind
from usance.domain.ids import ContractId
from usance.flows.mark_milestone import MAX_EVIDENCE, mark_milestone
from usance.store import contracts, timelines
from usance.store.database import Row

router = resource("contracts", tag="Contracts")


class MilestoneBody(Wire):
    """When it was reached, and what proves it."""

    done_on: str = Field(
        max_length=40, description="A day of the legal entity.", examples=["2026-03-31"]
    )
    evidence: str = Field(
        min_length=1, max_length=MAX_EVIDENCE, examples=["Acceptance protocol of 31 March"]
    )


class MilestoneWire(Wire):
    """A milestone of a contract."""

    line_id: str
    line_ref: str
    name: str
    currency: CurrencyCode
    amount: Amount = Field(description="What it is worth, before tax.")
    due_on: str | None = Field(description="Null: it falls due when it is marked done.")
    done_on: str | None
    evidence: str | None
    marked_at: Instant | None


@router.get("/{id}/milestones", operation_id="listMilestones", summary="List its milestones")
def list_milestones(caller: Asked, id: PathId) -> Single[list[MilestoneWire]]:
    """Dated ones, those reached, and those still to be."""
    with caller.transaction() as tx:
        contract = contracts.one(tx, ContractId(id))
        marked = timelines.milestones(tx, contract.id)
    return Single(data=_milestones(contract, marked))


@router.post(
    "/{id}/milestones/{lineRef}", operation_id="markMilestone", summary="Mark a milestone done"
)
def mark(
    caller: Asked,
    id: PathId,
    line_ref: Annotated[PathId, Path(alias="lineRef")],
    body: MilestoneBody,
) -> Single[MilestoneWire]:
    """Once: what it is worth falls due that day."""
    on = at("doneOn", lambda: parse_day(body.done_on))
    contract = mark_milestone(
        caller.runtime, caller.scope, ContractId(id), line_ref, on=on, evidence=body.evidence
    )
    with caller.transaction() as tx:
        marked = timelines.milestones(tx, contract.id)
    found = [each for each in _milestones(contract, marked) if each.line_ref == line_ref]
    return Single(data=found[-1])


def _milestones(contract: Contract, marked: Sequence[Row]) -> list[MilestoneWire]:
    done = {row.line_ref: row for row in marked}
    of = contract.currency
    found = []
    for line in contract.lines:
        sold = line.sold
        if sold.kind is not LineKind.MILESTONE or sold.is_void:
            continue
        row = done.get(sold.ref)
        found.append(
            MilestoneWire(
                line_id=line.id,
                line_ref=sold.ref,
                name=sold.name,
                currency=of.code,
                amount=line_value(line, of, contract.terms).text,
                due_on=None if sold.is_done_later else sold.window.start.isoformat(),
                done_on=None if row is None else row.done_on.isoformat(),
                evidence=None if row is None else row.evidence,
                marked_at=None if row is None else row.created_at,
            )
        )
    return found
