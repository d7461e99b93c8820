"""Milestones that fall due when they are marked done: in time, late, and never."""

from __future__ import annotations

from datetime import date

import pytest

from tests.stories.test_contracts_amended import nets
from tests.stories.world import World
from usance.domain.errors import Invalid
from usance.domain.ids import ContractId
from usance.flows.mark_milestone import mark_milestone

CONTRACT = """
currency: EUR
customerId: nordlicht
legalEntityId: halden-de
orderId: FIRST
contractId: c1
term: {start: 2025-01-01, months: 12}
lines:
- {lineId: go-live, name: Go-live, kind: MILESTONE, done: LATER,
   price: {model: FLAT, amount: "500.00"}}
- {lineId: fee, name: Fee, kind: RECURRING, price: {model: FLAT, amount: "10.00"},
   billing: {every: {unit: MONTH}}}
"""
OVER = """
currency: EUR
kind: TERMINATION
contractId: c1
orderId: OVER
effectiveOn: 2025-03-01
refund: %s
fee: {percent: 10}
"""


def done(world: World, day: str) -> None:
    """It was reached on that day."""
    on = date.fromisoformat(day)
    mark_milestone(
        world.runtime, world.scope, ContractId("c1"), "go-live", on=on, evidence="protocol"
    )


@pytest.mark.parametrize("day", ["2024-12-31", "2025-02-03"])
def test_nothing_is_reached_before_the_contract_or_on_a_day_to_come(world: World, day: str) -> None:
    world.sign(CONTRACT)
    world.on("2025-02-02").send_out()
    with pytest.raises(Invalid) as refused:
        done(world, day)
    (problem,) = refused.value.problems
    code = "DayInFuture" if day > "2025-02-02" else "DayOutsideContract"
    assert (problem.code, problem.path, problem.value) == (code, "doneOn", day)
    world.bill()
    assert not [line for line in nets(world) if "500.00" in line]


@pytest.mark.parametrize("refund", ["PRO_RATA", "NONE"])
def test_a_termination_calls_off_what_was_not_reached(world: World, refund: str) -> None:
    world.sign(CONTRACT)
    world.sign(OVER % refund)
    world.on("2025-04-02").send_out()
    # ten months of 10.00 and the milestone of 500.00 are lost: a tenth of it is 60.00
    assert nets(world)[-1] == "2025-03-01 I 2025-03-01..2025-03-02 60.00"
    with pytest.raises(Invalid) as refused:
        done(world, "2025-03-01")
    assert [each.code for each in refused.value.problems] == ["DayOutsideContract"]
    world.bill()
    assert nets(world)[-1] == "2025-03-01 I 2025-03-01..2025-03-02 60.00"


def test_what_was_reached_before_a_termination_is_billed_however_late_it_is_told(
    world: World,
) -> None:
    world.sign(CONTRACT)
    world.sign(OVER % "PRO_RATA")
    world.on("2025-04-02").send_out()
    done(world, "2025-02-14")
    world.bill()
    assert sorted(nets(world)[2:]) == [
        "2025-02-14 I 2025-02-14..2025-02-15 500.00",
        "2025-03-01 C 2025-03-01..2025-03-02 -60.00",
        "2025-03-01 C 2025-03-01..2025-03-02 10.00",
        "2025-03-01 I 2025-03-01..2025-03-02 60.00",
    ]


def test_one_reached_after_the_term_has_run_out_is_still_billed(world: World) -> None:
    world.sign(CONTRACT)
    world.on("2026-02-01").send_out()
    done(world, "2026-01-20")
    world.bill()
    assert nets(world)[-1] == "2026-01-20 I 2026-01-20..2026-01-21 500.00"
