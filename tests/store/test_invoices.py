"""Invoices as they are kept: pages, numbers, what is billed, what stands."""

from __future__ import annotations

import pytest

from tests.stories.world import World
from usance.domain.errors import NotFound
from usance.domain.ids import InvoiceId, LegalEntityId
from usance.domain.invoicing.invoice import InvoiceNotApproved, InvoiceNotDraft, InvoiceNotIssued
from usance.flows.runtime import Runtime, Scope
from usance.store import invoices

pytestmark = pytest.mark.postgres


@pytest.fixture
def world(runtime: Runtime, scope: Scope) -> World:
    """Two customers, billed through March: one issued, one approved, the rest held."""
    world = World(runtime, scope).open()
    for ref, owner in (("c1", "larkspur"), ("c2", "minato")):
        world.sign(f"""
            12 months from 2025-01-01, as {ref}, by {owner}
            Platform 10.00 USD, monthly in advance
        """)
    world.send_out()
    world.on("2025-02-01").bill()
    world.approve_all()
    world.on("2025-03-01").bill()
    return world


def test_pages_go_by_age_both_ways_and_by_customer_contract_and_state(world: World) -> None:
    with world.runtime.transaction(world.scope) as tx:
        everything = invoices.page(tx, after=None, before=None, limit=9)
        assert len(everything) == 6
        assert invoices.page(tx, after=everything[1], before=None, limit=2) == everything[2:4]
        assert invoices.page(tx, after=None, before=everything[4], limit=2) == everything[3:1:-1]
        of_contract = invoices.page(tx, after=None, before=None, limit=9, contract_id="c1")
        of_customer = invoices.page(tx, after=None, before=None, limit=9, customer_id="larkspur")
        assert of_contract == of_customer
        assert len(of_customer) == 3
        held = invoices.page(tx, after=None, before=None, limit=9, statuses=["DRAFT", "ISSUED"])
    assert held == everything[:2] + everything[4:]


def test_an_invoice_is_locked_only_for_what_its_state_allows(world: World) -> None:
    states = {stored.status.value: stored.id for stored in world.every()}
    with world.runtime.transaction(world.scope) as tx:
        with pytest.raises(InvoiceNotDraft):
            invoices.lock_draft(tx, states["APPROVED"])
        with pytest.raises(InvoiceNotApproved):
            invoices.lock_approved(tx, states["DRAFT"])
        with pytest.raises(InvoiceNotIssued):
            invoices.lock_issued(tx, states["APPROVED"])
        with pytest.raises(NotFound):
            invoices.lock_draft(tx, InvoiceId("inv_none"))
        assert invoices.lock_draft(tx, states["DRAFT"]).id == states["DRAFT"]
        assert invoices.lock_approved(tx, states["APPROVED"]).draft.id == states["APPROVED"]
        assert invoices.lock_issued(tx, states["ISSUED"]).id == states["ISSUED"]


def test_numbers_are_counted_by_company_and_year(world: World) -> None:
    american, german = LegalEntityId("halden-us"), LegalEntityId("halden-de")
    with world.runtime.transaction(world.scope) as tx:
        assert invoices.next_number(tx, american, year=2025) == 3, "two were issued"
        assert invoices.next_number(tx, american, year=2025) == 4
        assert invoices.next_number(tx, american, year=2026) == 1
        assert invoices.next_number(tx, german, year=2025) == 1


def test_many_come_in_the_order_they_are_asked_for(world: World) -> None:
    ids = [stored.id for stored in world.every()]
    asked = [ids[3], InvoiceId("inv_none"), ids[0]]
    with world.runtime.transaction(world.scope) as tx:
        assert [stored.id for stored in invoices.many(tx, asked)] == [ids[3], ids[0]]
