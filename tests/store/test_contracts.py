"""Orders, contracts and what is due of them, kept and listed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.stories.world import EXAMPLES, World
from usance.documents.order_form import order_from
from usance.documents.yaml_text import read_plain
from usance.domain.contracts.contract import Contract, ContractStatus
from usance.domain.contracts.owed import due
from usance.domain.ids import ContractId, OrderId
from usance.flows.archive_contract import archive_contract
from usance.flows.cancel_order import cancel_order
from usance.flows.runtime import Runtime, Scope
from usance.flows.sign_order import sign_order
from usance.store import contracts, coverage, listings, orders
from usance.store.listings import Slot

pytestmark = pytest.mark.postgres

DEAL = """
    3 months from 2025-01-15, as {ref}, by {owner}
    Platform 10.00 USD, monthly in advance
    API calls at 0.01 USD, used monthly
"""
NEXT_DUE = "SELECT next_due_on FROM contracts WHERE tenant_id = %(tenant_id)s AND id = %(id)s"


@pytest.fixture
def world(runtime: Runtime, scope: Scope) -> World:
    """Halden at New Year 2025, nothing sold yet."""
    return World(runtime, scope).open()


def without_totals(contract: Contract) -> Contract:
    """The contract; the totals on the form were to check the order by, and stay with it."""
    lines = (replace(line, sold=replace(line.sold, control_total=None)) for line in contract.lines)
    return replace(contract, lines=tuple(lines))


@pytest.mark.parametrize("file", sorted((EXAMPLES / "orders").iterdir()), ids=lambda one: one.stem)
def test_a_contract_comes_back_as_it_was_agreed(world: World, file: Path) -> None:
    form = read_plain(file.read_text(encoding="utf-8"), code="UnreadableOrderForm")
    signed = sign_order(world.runtime, world.scope, form, document=file.read_bytes())
    fulfilled = world.fulfil(signed.id)
    with world.runtime.transaction(world.scope) as tx:
        assert contracts.one(tx, fulfilled.contract.id) == without_totals(fulfilled.contract)
        kept = orders.one(tx, signed.id)
    assert order_from(kept.form, order_id=signed.id) == signed
    assert bytes(kept.document) == file.read_bytes()


def test_the_hint_of_what_is_due_next_is_never_later_than_the_truth(world: World) -> None:
    contract_id = world.sign(DEAL.format(ref="c1", owner="larkspur"))
    for days in range(0, 120, 7):
        world.on(str(date(2025, 1, 10) + timedelta(days=days))).bill()
        with world.runtime.transaction(world.scope) as tx:
            contract = contracts.one(tx, contract_id)
            stands = coverage.standing(tx, [line.id for line in contract.lines])
            (row,) = tx.all(NEXT_DUE, id=contract_id)
        owed = due(contract, through=contract.term.end, standing=stands).items
        assert row.next_due_on == min((item.due_on for item in owed), default=None)


def test_contracts_and_orders_are_listed_by_age_both_ways_and_by_state(world: World) -> None:
    for ref, owner in (("a", "larkspur"), ("b", "minato"), ("c", "larkspur")):
        world.sign(DEAL.format(ref=ref, owner=owner))
    world.order(DEAL.format(ref="d", owner="larkspur"))
    world.order(DEAL.format(ref="e", owner="larkspur"))
    cancel_order(world.runtime, world.scope, OrderId("e"))
    archive_contract(world.runtime, world.scope, ContractId("a"))
    with world.runtime.transaction(world.scope) as tx:
        everything = listings.contract_page(tx, Slot(after=None, before=None, limit=9))
        assert everything == ["a", "b", "c"]
        assert listings.contract_page(tx, Slot(after="a", before=None, limit=1)) == ["b"]
        assert listings.contract_page(tx, Slot(after=None, before="c", limit=9)) == ["b", "a"]
        assert listings.contract_page(
            tx, Slot(after=None, before=None, limit=9), customer_id="larkspur", statuses=["ACTIVE"]
        ) == ["c"]
        assert contracts.one(tx, ContractId("a")).status is ContractStatus.CANCELED
        for status, refs in {
            "NEW": ["d"],
            "FULFILLED": ["a", "b", "c"],
            "CANCELED": ["e"],
        }.items():
            assert orders.page(tx, after=None, before=None, limit=9, statuses=[status]) == refs
        assert [row.id for row in orders.of_contract(tx, ContractId("b"))] == ["b"]
