"""What a contract is worth, and how far that is billed: `docs/decisions/0007-billed.md`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pydantic import Field

from usance.api.caller import Asked, Caller
from usance.api.contracts.wire import AsOf, day_in
from usance.api.envelope import Amount, CurrencyCode, Single, Wire
from usance.api.fields import PathId
from usance.api.route import resource
from usance.documents.order_form import read_order
from usance.domain.contracts.billed_value import LineValue, billed_value, value_by_line
from usance.domain.contracts.timeline import as_of as taken_by
from usance.domain.due_items import LineKind
from usance.domain.ids import ContractId, LineId
from usance.domain.money import Currency, Money
from usance.flows.preview_billing import preview_contract
from usance.store import billed, parties, timelines

router = resource("contracts", tag="Contracts")


class BilledWire(Wire):
    """How far it is billed, before tax."""

    billed: Amount = Field(
        description="Of committed fees, on approved and issued documents, less what was given back."
    )
    billed_usage: Amount = Field(description="Usage on them, above what is committed.")
    drafted: Amount = Field(description="On drafts held for review, usage included.")
    unbilled: Amount = Field(description="Due by the day and on no document, usage included.")
    credited: Amount = Field(description="Given back by credit notes, and not billed again.")
    remaining: Amount = Field(
        description="Committed, and neither billed nor credited: drafted, due, or to come."
    )


class LineValueWire(BilledWire):
    """One line."""

    line_id: str
    line_ref: str
    name: str
    kind: LineKind
    committed: Amount = Field(description="What it will be invoiced for, usage above it apart.")
    counted: Amount = Field(description="Usage of other lines that fills this commitment.")


class ValueWire(BilledWire):
    """A contract as agreed by a day, and what stood on documents by then."""

    contract_id: str
    currency: CurrencyCode
    as_of: str
    total_contract_value: Amount = Field(description="Every committed fee of the term.")
    annual_contract_value: Amount = Field(description="Its recurring part by the year.")
    lines: list[LineValueWire]


@router.get("/{id}/value", operation_id="getContractValue", summary="Its value, billed and to come")
def get_value(caller: Asked, id: PathId, as_of: AsOf = None) -> Single[ValueWire]:
    """In all and by line; as agreed by `asOf`, by default today."""
    contract_id, asked = ContractId(id), day_in(as_of, "asOf")
    with caller.transaction() as tx:
        agreed = timelines.agreed(tx, contract_id, read_order)
        seller = parties.entity(tx, agreed.contract.legal_entity_id)
        day = asked or caller.runtime.today(tx, seller.zone)
        contract = agreed.contract
        if asked is not None:
            contract = agreed.after(taken_by(agreed.orders, asked))
        standing = billed.standing(tx, [contract], through=asked)
    of = contract.currency
    due = due_by(caller, contract_id, day, of)
    nets = {line_id: each.net for line_id, each in standing.items()}
    lines = value_by_line(contract, nets, due)
    value = billed_value(contract, lines)
    return Single(
        data=ValueWire(
            contract_id=id,
            currency=of.code,
            as_of=day.isoformat(),
            total_contract_value=value.total.text,
            annual_contract_value=value.annual.text,
            billed=value.billed.text,
            billed_usage=value.billed_usage.text,
            drafted=value.drafted.text,
            unbilled=value.unbilled.text,
            credited=value.credited.text,
            remaining=value.remaining.text,
            lines=_lines(lines),
        )
    )


def due_by(caller: Caller, contract_id: ContractId, day: date, of: Currency) -> dict[LineId, Money]:
    """What billing the contract through that day would put on documents, by line."""
    found: dict[LineId, Money] = {}
    for draft in preview_contract(caller.runtime, caller.scope, contract_id, through=day):
        for line in draft.lines:
            if line.line_id is not None:
                found[line.line_id] = found.get(line.line_id, Money.zero(of)) + line.net
    return found


def _lines(lines: Sequence[LineValue]) -> list[LineValueWire]:
    return [
        LineValueWire(
            line_id=each.line.id,
            line_ref=each.line.sold.ref,
            name=each.line.sold.name,
            kind=each.line.sold.kind,
            committed=each.committed.text,
            billed=each.billed.text,
            billed_usage=each.billed_usage.text,
            counted=each.counted.text,
            drafted=each.drafted.text,
            unbilled=each.unbilled.text,
            credited=each.credited.text,
            remaining=each.remaining.text,
        )
        for each in lines
        if not each.line.sold.is_void
    ]
