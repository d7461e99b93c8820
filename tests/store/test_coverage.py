"""Coverage: what stands of contract lines, what is given back, and what stands again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from tests.stories.world import World
from usance.domain.due_items import Piece
from usance.domain.ids import ContractId, InvoiceId
from usance.domain.invoicing.invoice import InvoiceNotVoidable
from usance.flows.preview_billing import preview_contract
from usance.flows.runtime import Runtime, Scope
from usance.store import contracts, coverage

pytestmark = pytest.mark.postgres

QUARTERS = """
    12 months from 2025-01-01, as c1, by larkspur
    Platform 900.00 USD, quarterly in advance
"""
CHEAPER = """
kind: AMENDMENT
orderId: {ref}
contractId: c1
currency: USD
effectiveOn: {on}
signature: {{by: Dana Whitfield, on: 2025-01-20}}
changes:
  - {{lineId: platform, price: {{model: FLAT, amount: "{price}"}}}}
"""
DEPOSIT = """
orderForm: 1
kind: INITIAL
orderId: c2
contractId: c2
contractName: A project
customerId: larkspur
legalEntityId: halden-us
currency: USD
term: {start: 2025-03-01, months: 6}
lines:
  - lineId: project
    name: Project
    kind: RECURRING
    price: {model: FLAT, amount: "1000.00"}
    plan:
      - {on: 2025-02-01, percent: 30, name: Deposit}
      - {on: 2025-03-01, percent: 20}
      - {on: 2025-08-01, percent: 50}
"""


@pytest.fixture
def world(runtime: Runtime, scope: Scope) -> World:
    """Halden at New Year 2025, a contract billed by the quarter."""
    world = World(runtime, scope).open()
    world.sign(QUARTERS)
    return world


def cheaper(world: World, on: str, price: str, ref: str = "a1") -> None:
    """From that day on the platform costs that much a quarter."""
    world.sign(CHEAPER.format(on=on, price=price, ref=ref))


def stands(world: World, *, without: Sequence[InvoiceId] = ()) -> list[str]:
    """What stands of the first line, as days and amount, by the database."""
    with world.runtime.transaction(world.scope) as tx:
        (line, *_) = contracts.one(tx, ContractId("c1")).lines
        found = coverage.standing(tx, [line.id], without=without)
    return [shown(piece) for piece in found.get(line.id, [])]


def shown(piece: Piece) -> str:
    """Its days and what was billed for them."""
    return f"{piece.start}..{piece.end}  {piece.net_minor / 100:.2f}"


def test_what_stands_since_a_day_is_all_that_begins_from_then_on(world: World) -> None:
    for day in ("2025-01-01", "2025-04-01", "2025-07-01"):
        world.on(day).bill()
    with world.runtime.transaction(world.scope) as tx:
        (line,) = contracts.one(tx, ContractId("c1")).lines
        everything = coverage.standing(tx, [line.id])[line.id]
        assert [piece.start.month for piece in everything] == [1, 4, 7]
        for day, months in (("2025-01-01", 3), ("2025-04-01", 2), ("2025-04-02", 1)):
            since = coverage.standing_since(tx, {line.id: date.fromisoformat(day)})
            assert since[line.id] == everything[-months:]
        assert coverage.standing_since(tx, {}) == {}


def test_days_given_back_stand_no_more_and_stand_again_once_that_document_is_void(
    world: World,
) -> None:
    world.bill()
    world.approve_all().issue_all()
    cheaper(world, "2025-02-01", "450.00")
    world.on("2025-04-01").bill()
    now = ["2025-01-01..2025-02-01  310.00", "2025-02-01..2025-04-01  295.00"]
    assert stands(world) == [*now, "2025-04-01..2025-07-01  450.00"]
    corrected = world.one("DRAFT")
    assert corrected.draft.net.text == "155.00"
    before = ["2025-01-01..2025-04-01  900.00"]
    assert stands(world, without=[corrected.id]) == before
    world.void(corrected.id)
    assert stands(world) == before

    world.bill()
    assert stands(world) == [*now, "2025-04-01..2025-07-01  450.00"]
    assert world.one("DRAFT").draft.net == corrected.draft.net, "what it gave back, it gives again"


def test_an_invoice_is_not_made_void_while_a_later_one_gives_back_days_of_it(world: World) -> None:
    world.bill()
    first = world.one("DRAFT").id
    world.approve_all().issue_all()
    cheaper(world, "2025-02-01", "450.00")
    world.on("2025-04-01").bill()
    with pytest.raises(InvoiceNotVoidable):
        world.void(first)
    world.void(world.one("DRAFT").id)
    world.void(first)
    assert stands(world) == []
    world.bill()
    assert stands(world) == [
        "2025-01-01..2025-02-01  310.00",
        "2025-02-01..2025-04-01  295.00",
        "2025-04-01..2025-07-01  450.00",
    ]


def test_two_changes_give_back_parts_of_one_piece_and_each_can_be_made_void(world: World) -> None:
    world.bill()
    world.approve_all().issue_all()
    original = ["2025-01-01..2025-04-01  900.00"]
    assert stands(world) == original
    cheaper(world, "2025-03-01", "1800.00", ref="a1")
    world.on("2025-03-01").send_out()
    cheaper(world, "2025-02-01", "450.00", ref="a2")
    world.on("2025-04-01").bill()
    preview = preview_contract(
        world.runtime, world.scope, ContractId("c1"), through=date(2025, 6, 1)
    )
    assert preview == []
    for stored in reversed(world.every("DRAFT", "ISSUED")):
        world.void(stored.id)
    assert stands(world) == []


def test_a_deposit_before_the_term_is_billed_on_its_day(world: World) -> None:
    world.sign(DEPOSIT)
    world.on("2025-02-01").bill()
    found = [line for line in world.invoices() if "Project" in line]
    assert [line.split()[-2:] for line in found] == [["300.00", "USD"]]
    world.on("2025-08-01").bill()
    found = [line for line in world.invoices() if "Project" in line]
    assert [line.split()[-2] for line in found] == ["300.00", "200.00", "500.00"]
    assert world.bill().draft_count == 0
