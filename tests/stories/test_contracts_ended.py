"""Contracts that are over: billed to their end, looked at no more, and open again when due."""

from __future__ import annotations

from datetime import date

import pytest

from tests.stories.world import World
from usance.domain.ids import ContractId, LegalEntityId
from usance.flows.settle_late_usage import settle_late_usage
from usance.flows.update_contract import update_contract
from usance.store import contracts, due_contracts

pytestmark = pytest.mark.postgres

QUARTER = "3 months from 2025-01-01, as q1\nPlatform 100.00 EUR, monthly in advance"
CALLS = "1 months from 2025-01-01, as calls\nCalls at 0.10 EUR, used monthly"


def status(world: World, contract_id: str) -> str:
    """What the contract is now."""
    with world.runtime.transaction(world.scope) as tx:
        return str(contracts.stamps(tx, ContractId(contract_id)).status)


def ended(world: World, deal: str, *, on: str) -> str:
    """A contract of that deal, all of it issued, and its status once a run has looked at it."""
    contract_id = world.sign(deal)
    world.on(on).send_out()
    world.bill()
    return status(world, contract_id)


def test_a_contract_ends_once_all_of_it_is_billed_and_reviewed(world: World) -> None:
    world.sign(QUARTER)
    world.on("2025-03-31").send_out()
    world.bill()
    assert status(world, "q1") == "ACTIVE", "its last day is not over"
    assert world.on("2025-04-01").bill().draft_count == 0
    assert status(world, "q1") == "END_BILLING"


def test_a_contract_with_something_to_review_has_not_ended(world: World) -> None:
    world.sign(QUARTER)
    world.on("2025-04-01").bill()
    world.bill()
    assert status(world, "q1") == "ACTIVE"
    world.approve_all().bill()
    assert status(world, "q1") == "ACTIVE", "approved and not issued"
    world.issue_all()
    world.bill(is_dry=True)
    assert status(world, "q1") == "ACTIVE", "a dry run keeps nothing"
    world.bill()
    assert status(world, "q1") == "END_BILLING"


def test_a_void_invoice_opens_an_ended_contract_again(world: World) -> None:
    assert ended(world, QUARTER, on="2025-04-01") == "END_BILLING"
    world.void(world.every("ISSUED")[1].id)
    assert status(world, "q1") == "ACTIVE"
    assert world.bill().draft_count == 1
    world.approve_all().issue_all()
    world.bill()
    assert status(world, "q1") == "END_BILLING"


def test_late_usage_opens_an_ended_contract_again(world: World) -> None:
    assert ended(world, CALLS, on="2025-02-01") == "END_BILLING"
    world.usage("2025-01-20", 500)
    assert settle_late_usage(world.runtime, world.scope) == ["calls"]
    assert status(world, "calls") == "ACTIVE"
    world.bill()
    assert world.one("DRAFT").draft.net.text == "50.00"


def test_an_order_opens_an_ended_contract_again(world: World) -> None:
    assert ended(world, QUARTER, on="2025-04-01") == "END_BILLING"
    world.sign(
        "currency: EUR\nkind: RENEWAL\ncontractId: q1\norderId: R1\n"
        "effectiveOn: 2025-04-01\nterm: {start: 2025-04-01, months: 1}\n"
    )
    assert status(world, "q1") == "ACTIVE"
    assert world.bill().draft_count == 1


def test_a_new_name_lets_the_next_run_look_at_an_ended_contract_once(world: World) -> None:
    assert ended(world, QUARTER, on="2025-04-01") == "END_BILLING"
    update_contract(world.runtime, world.scope, ContractId("q1"), name="First quarter")
    assert status(world, "q1") == "ACTIVE"
    assert world.bill().draft_count == 0
    assert status(world, "q1") == "END_BILLING"


def test_a_contract_that_goes_on_by_itself_does_not_end(world: World) -> None:
    renewing = (
        "orderId: on\ncontractId: on\ncustomerId: nordlicht\nlegalEntityId: halden-de\n"
        "currency: EUR\nterm: {start: 2025-01-01, months: 1}\n"
        "renewal: {automatic: true, months: 1}\n"
        "lines:\n- {lineId: p, name: P, kind: RECURRING, price: {model: FLAT, amount: '10.00'},\n"
        "   billing: {every: {count: 1, unit: MONTH}, timing: IN_ADVANCE}}\n"
    )
    assert ended(world, renewing, on="2025-02-01") == "ACTIVE"


def test_who_ends_contracts_leaves_those_that_others_hold(world: World) -> None:
    world.sign(QUARTER)
    world.on("2025-04-01").send_out()
    with world.runtime.transaction(world.scope) as held:
        contracts.lock_any(held, ContractId("q1"))
        with world.runtime.transaction(world.scope) as tx:
            nobody = due_contracts.save_ended(
                tx, legal_entity_id=LegalEntityId("halden-de"), today=date(2025, 4, 1)
            )
    assert nobody == []
    assert status(world, "q1") == "ACTIVE"
