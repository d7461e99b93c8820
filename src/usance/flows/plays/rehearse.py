"""Rehearse: a contract's life played to a day, or what an order would change, and nothing kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import msgspec

from usance.domain.contracts.contract import Contract
from usance.domain.ids import ContractId
from usance.domain.invoicing.invoice import Draft
from usance.flows.fulfil_order import fulfil_order
from usance.flows.plays.daily_work import do_daily_work
from usance.flows.preview_billing import preview_contract
from usance.flows.runtime import Runtime, Scope
from usance.flows.sign_order import sign_order
from usance.store import contracts


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The contract as it is in the end, and the documents it makes, by day."""

    contract: Contract
    documents: tuple[Draft, ...]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a contract would be invoiced through a day as it is, and with the order."""

    before: tuple[Draft, ...]
    after: tuple[Draft, ...]
    contract: Contract


def simulate_contract(
    runtime: Runtime, scope: Scope, contract_id: ContractId, *, until: date
) -> Rehearsed:
    """Play a contract to that day with the stories that bill it: renewals, due items, late usage.

    The customer's other contracts play along, for they may share documents; usage is as so far.
    Documents that exist already are not among those returned. Raises NotFound.
    """
    made: list[Draft] = []
    with runtime.transaction(scope) as tx:
        customer_id = contracts.owner(tx, contract_id)
    found: Contract | None = None
    with runtime.rehearsal(scope) as rehearsed:
        do_daily_work(rehearsed, scope, through=until, customer_id=customer_id, see=made.extend)
        with rehearsed.transaction(scope) as tx:
            found = contracts.one(tx, contract_id)
    assert found is not None, "a rehearsal is played to its end"
    own = [draft for draft in made if any(line.contract_id == contract_id for line in draft.lines)]
    return Rehearsed(found, tuple(sorted(own, key=lambda draft: draft.bill_on)))


def what_if(runtime: Runtime, scope: Scope, form: Mapping[str, object], *, until: date) -> WhatIf:
    """What an order after the first would change about what its contract is invoiced by that day.

    The order is signed and fulfilled as usual, and then was not. Raises what signing and
    fulfilling it would.
    """
    contract_id = ContractId(str(form.get("contractId", "")))
    before = preview_contract(runtime, scope, contract_id, through=until)
    after: list[Draft] = []
    changed: Contract | None = None
    with runtime.rehearsal(scope) as rehearsed:
        order = sign_order(rehearsed, scope, form, document=msgspec.json.encode(form))
        changed = fulfil_order(rehearsed, scope, order.id).contract
        after = preview_contract(rehearsed, scope, contract_id, through=until)
    assert changed is not None, "a rehearsal is played to its end"
    return WhatIf(tuple(before), tuple(after), changed)
