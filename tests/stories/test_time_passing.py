"""Time that passes stops where something falls due, and nowhere else."""

from __future__ import annotations

from datetime import date, datetime

from tests.stories.world import World
from usance.domain.contracts.contract import ContractStatus
from usance.flows.plays.pass_time import pass_time
from usance.store import contracts

YEARLY = """
currency: EUR
customerId: nordlicht
legalEntityId: halden-de
contractId: c1
term: {start: 2025-01-01, months: 24}
lines:
- lineId: fee
  name: Platform
  kind: RECURRING
  price: {model: FLAT, amount: "1200.00"}
  billing: {every: {unit: YEAR}}
"""


def stops(world: World, day: str) -> list[tuple[date, int]]:
    """The days at which it stopped on the way, and how many drafts each made."""
    seen: list[tuple[date, int]] = []
    noon = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    pass_time(world.runtime, world.scope, to=noon, see=lambda *stop: seen.append(stop))
    return seen


def test_a_contract_of_which_all_is_billed_is_looked_at_again_when_it_ends(world: World) -> None:
    contract_id = world.on("2025-01-01").sign(YEARLY)
    assert stops(world, "2025-06-30") == []
    assert stops(world, "2026-06-30") == [(date(2026, 1, 1), 1)]
    world.approve_all().issue_all()
    assert stops(world, "2027-06-30") == [(date(2027, 1, 1), 0)]
    with world.runtime.transaction(world.scope) as tx:
        assert contracts.many(tx, [contract_id])[0].status is ContractStatus.END_BILLING
