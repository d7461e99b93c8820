"""Rehearsals: a contract's whole life, or what an order would change; nothing of it is kept."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field

from usance.api.caller import Asked
from usance.api.contracts.billing import ScheduledInvoice, upcoming
from usance.api.envelope import Amount, CurrencyCode, Single, Wire
from usance.api.fields import PathId, at
from usance.api.route import REPEATS, resource
from usance.domain.calendar import parse_day
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.value import contract_value
from usance.domain.ids import ContractId
from usance.domain.invoicing.invoice import Draft
from usance.domain.money import Money, total
from usance.flows.plays.rehearse import simulate_contract, what_if

router = resource("contracts", tag="Contracts")


class SimulationBody(Wire):
    """How far to play."""

    until: str = Field(examples=["2028-12-31"])


class SimulationWire(Wire):
    """The documents a contract makes until a day, and what they come to."""

    contract_id: str
    currency: CurrencyCode
    term_end: str = Field(description="After the renewals on the way; the first day not included.")
    total_contract_value: Amount
    net: Amount
    tax: Amount
    total: Amount
    invoices: list[ScheduledInvoice]


class WhatIfBody(Wire):
    """An order after the first, and how far to look."""

    until: str = Field(examples=["2027-12-31"])
    order: dict[str, Any] = Field(description="In the order form's notation; it is not kept.")


class WhatIfWire(Wire):
    """What a contract would be invoiced as it is, and with the order."""

    contract_id: str
    currency: CurrencyCode
    net_before: Amount
    net_after: Amount
    difference: Amount
    total_contract_value: Amount = Field(description="With the order.")
    before: list[ScheduledInvoice]
    after: list[ScheduledInvoice]


@router.post(
    "/{id}/simulate",
    operation_id="simulateContract",
    summary="Play its whole life",
    openapi_extra={REPEATS: True},
)
def simulate(caller: Asked, id: PathId, body: SimulationBody) -> Single[SimulationWire]:
    """By the stories that bill it, in a transaction that is rolled back: renewals, due items, late
    usage. Usage is as so far. Documents that exist already are not shown again.
    """
    until = at("until", lambda: parse_day(body.until))
    played = simulate_contract(caller.runtime, caller.scope, ContractId(id), until=until)
    drafts, of = played.documents, played.contract.currency
    return Single(
        data=SimulationWire(
            contract_id=id,
            currency=of.code,
            term_end=played.contract.term.end.isoformat(),
            total_contract_value=contract_value(played.contract).total.text,
            net=total([draft.net for draft in drafts], of).text,
            tax=total([draft.tax for draft in drafts], of).text,
            total=total([draft.gross for draft in drafts], of).text,
            invoices=[upcoming(draft) for draft in drafts],
        )
    )


@router.post(
    "/{id}/what-if",
    operation_id="whatIfContract",
    summary="See what an order would change",
    openapi_extra={REPEATS: True},
)
def see_what_if(caller: Asked, id: PathId, body: WhatIfBody) -> Single[WhatIfWire]:
    """The invoices to come without the order and with it, by the function that bills."""
    until: date = at("until", lambda: parse_day(body.until))
    form = {**body.order, "contractId": body.order.get("contractId", id)}
    seen = what_if(caller.runtime, caller.scope, form, until=until)
    before, after = _net(seen.before, seen.contract), _net(seen.after, seen.contract)
    return Single(
        data=WhatIfWire(
            contract_id=id,
            currency=seen.contract.currency.code,
            net_before=before.text,
            net_after=after.text,
            difference=(after - before).text,
            total_contract_value=contract_value(seen.contract).total.text,
            before=[upcoming(draft) for draft in seen.before],
            after=[upcoming(draft) for draft in seen.after],
        )
    )


def _net(drafts: tuple[Draft, ...], contract: Contract) -> Money:
    return total([draft.net for draft in drafts], contract.currency)
