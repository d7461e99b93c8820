"""Families: what children buy is invoiced to the account that pays for them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from tests.stories.world import World, halden
from usance.documents.paper.invoice_paper import frozen_view
from usance.documents.paper.page import PageState, invoice_page
from usance.documents.paper.pdf import invoice_pdf
from usance.documents.paper.printed import printed
from usance.domain.customer import BillTo, Customer
from usance.domain.ids import CustomerId
from usance.flows.approve_invoice import DraftChanged, approve_invoice
from usance.flows.preview_billing import preview_contract, upcoming_invoices
from usance.flows.refresh_drafts import refresh_drafts
from usance.flows.run_billing import run_billing
from usance.flows.set_up_company import save_customer
from usance.flows.update_customer import update_customer
from usance.store.frozen import names_of, parties_of

pytestmark = pytest.mark.postgres

MONTHLY = "12 months from 2025-01-01, by {by}\nPlatform {amount} EUR, monthly in advance"
WEST, EAST = CustomerId("child-west"), CustomerId("a-child-east")  # after and before the payer
PAYER = CustomerId("nordlicht")


def child(customer_id: CustomerId, **others: object) -> Customer:
    """An account below Nordlicht in Berlin, whose own tax would be France's."""
    named = {each.id: each for each in halden().customers}
    parent = named[PAYER]
    assert parent.address is not None
    return replace(
        parent,
        **{
            "id": customer_id,
            "name": f"Nordlicht {customer_id[-4:].title()}",
            "address": replace(parent.address, country="FR"),
            "parent_id": PAYER,
            "bill_to": BillTo.PARENT,
            **others,
        },  # type: ignore[arg-type]
    )


@pytest.fixture
def family(world: World) -> World:
    """Nordlicht, and two accounts it pays for."""
    for each in (WEST, EAST):
        save_customer(world.runtime, world.scope, child(each))
    return world


def sold(world: World, **amounts: str) -> World:
    """Each of these buys a platform, by the month."""
    for by, amount in amounts.items():
        names = {"west": WEST, "east": EAST, "own": PAYER}
        world.sign(MONTHLY.format(by=names[by], amount=amount))
    return world


def on_paper(world: World, *statuses: str) -> list[tuple[str, list[tuple[str | None, str]]]]:
    """Each document: to whom, and of whom each line is and what it comes to."""
    return [
        (
            stored.draft.customer_id,
            [(line.for_customer_id, line.net.text) for line in stored.draft.lines],
        )
        for stored in world.every(*statuses)
    ]


def test_what_was_charged_to_one_is_given_back_to_it_whoever_pays_by_then(world: World) -> None:
    save_customer(world.runtime, world.scope, child(WEST, bill_to=BillTo.SELF))
    contract_id = world.sign(MONTHLY.format(by=WEST, amount="310.00"))
    world.send_out()
    save_customer(world.runtime, world.scope, child(WEST))
    world.sign(
        f"currency: EUR\nkind: TERMINATION\ncontractId: {contract_id}\norderId: OVER\n"
        "effectiveOn: 2025-01-11\nrefund: PRO_RATA\nfee: {amount: 50}"
    )
    world.on("2025-01-11").send_out()
    assert on_paper(world) == [
        (WEST, [(None, "310.00")]),
        (PAYER, [(WEST, "50.00")]),
        (WEST, [(None, "-210.00")]),
    ]


def test_what_children_bought_is_on_one_invoice_of_who_pays(family: World) -> None:
    sold(family, west="100.00", own="300.00", east="200.00").bill()
    assert on_paper(family) == [
        ("nordlicht", [(None, "300.00"), (EAST, "200.00"), (WEST, "100.00")])
    ]
    (issued,) = family.approve_all().issue_all()
    own = family.every("ISSUED")[0].draft
    treatments = {line.treatment for line in own.lines}
    assert len(treatments) == 1, "the place of supply is the payer's"
    family.pay(issued.draft.gross.text + " EUR", by="nordlicht")
    assert family.every("ISSUED")[0].settlement(family.today) is not None
    family.bill()
    assert len(family.every()) == 1


def test_who_pays_need_not_buy_anything(family: World) -> None:
    sold(family, west="100.00", east="200.00").bill()
    assert on_paper(family) == [("nordlicht", [(EAST, "200.00"), (WEST, "100.00")])]


def test_a_grandchild_is_paid_for_by_the_first_above_that_pays_its_own(family: World) -> None:
    grandchild = child(CustomerId("zz-below-west"), parent_id=WEST)
    save_customer(family.runtime, family.scope, grandchild)
    family.sign(MONTHLY.format(by=grandchild.id, amount="70.00"))
    sold(family, east="200.00").bill()
    assert on_paper(family) == [("nordlicht", [(EAST, "200.00"), (grandchild.id, "70.00")])]


def test_a_child_that_pays_its_own_has_its_own_invoice(family: World) -> None:
    save_customer(family.runtime, family.scope, child(EAST, bill_to=BillTo.SELF))
    sold(family, west="100.00", east="200.00").bill()
    assert sorted(on_paper(family), key=str) == [
        (EAST, [(None, "200.00")]),
        ("nordlicht", [(WEST, "100.00")]),
    ]


def test_a_childs_contract_may_want_an_invoice_of_its_own(family: World) -> None:
    alone = MONTHLY.replace("by {by}", "by {by}, invoiced alone")
    family.sign(alone.format(by=WEST, amount="100.00"))
    sold(family, own="300.00", east="200.00").bill()
    assert sorted(on_paper(family), key=str) == [
        ("nordlicht", [(WEST, "100.00")]),
        ("nordlicht", [(None, "300.00"), (EAST, "200.00")]),
    ]


def test_usage_counts_for_who_used_it(family: World) -> None:
    metered = "1 months from 2025-01-01, by {by}\nCalls at 0.10 EUR, used monthly"
    family.sign(metered.format(by=WEST))
    family.sign(metered.format(by=PAYER))
    family.on("2025-01-31").usage("2025-01-10", 1000, by=WEST)
    family.usage("2025-01-11", 10, by=PAYER)
    family.on("2025-02-01").bill()
    assert on_paper(family) == [("nordlicht", [(None, "1.00"), (WEST, "100.00")])]
    family.usage("2025-01-20", 500, by=WEST)
    assert len(refresh_drafts(family.runtime, family.scope)) == 1
    assert on_paper(family) == [("nordlicht", [(None, "1.00"), (WEST, "150.00")])]


def test_another_parent_counts_for_what_is_drafted_or_refreshed_later(family: World) -> None:
    sold(family, west="100.00", east="200.00").send_out()
    family.on("2025-02-01").bill()
    (held,) = family.every("DRAFT")
    update_customer(family.runtime, family.scope, WEST, {"parentId": None, "billTo": None})
    with pytest.raises(DraftChanged):
        approve_invoice(family.runtime, family.scope, held.id)
    assert refresh_drafts(family.runtime, family.scope, [held.id]) == [held.id]
    assert sorted(on_paper(family, "DRAFT"), key=str) == [
        (WEST, [(None, "100.00")]),
        ("nordlicht", [(EAST, "200.00")]),
    ]
    (kept,) = [each for each in family.every("DRAFT") if each.draft.customer_id == PAYER]
    assert kept.id == held.id, "it stays the payer's"
    assert on_paper(family, "ISSUED") == [("nordlicht", [(EAST, "200.00"), (WEST, "100.00")])]
    assert refresh_drafts(family.runtime, family.scope, [held.id]) == []


def test_previews_and_upcoming_invoices_are_addressed_to_who_pays(family: World) -> None:
    sold(family, own="300.00")
    west = family.sign(MONTHLY.format(by=WEST, amount="100.00"))
    through = family.today
    (shown,) = preview_contract(family.runtime, family.scope, west, through=through)
    assert (shown.customer_id, shown.lines[0].for_customer_id) == (PAYER, WEST)
    (upcoming,) = upcoming_invoices(family.runtime, family.scope, PAYER)
    assert [line.for_customer_id for line in upcoming.lines] == [None, WEST]
    (of_child,) = upcoming_invoices(family.runtime, family.scope, WEST)
    assert (of_child.customer_id, len(of_child.lines)) == (PAYER, 1)
    family.bill()
    assert family.one().draft.input_hash == upcoming.input_hash


def test_a_void_invoice_of_a_family_is_billed_again(family: World) -> None:
    sold(family, west="100.00", east="200.00").send_out()
    family.void(family.one().id)
    family.bill()
    assert on_paper(family, "DRAFT") == [("nordlicht", [(EAST, "200.00"), (WEST, "100.00")])]


def test_siblings_far_apart_in_a_run_still_share_a_document(
    family: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usance.flows.run_billing.BATCH", 1)
    sold(family, west="100.00", own="300.00", east="200.00")
    assert family.bill(is_dry=True).draft_count == 1
    assert family.bill().draft_count == 1
    assert len(family.every()) == 1


def test_two_workers_make_one_document_a_family_and_day(family: World) -> None:
    children = [
        child(CustomerId(f"{at:02}-child" if at % 2 else f"zz-child-{at:02}")) for at in range(12)
    ]
    for each in children:
        save_customer(family.runtime, family.scope, each)
        family.sign(MONTHLY.format(by=each.id, amount="10.00"))
    sold(family, own="300.00")
    start = Barrier(2)

    def work() -> int:
        start.wait()
        return run_billing(family.runtime, family.scope).draft_count

    with ThreadPoolExecutor(2) as pool:
        assert sum(each.result() for each in [pool.submit(work), pool.submit(work)]) == 1
    assert len(family.one().draft.lines) == 13


def test_each_line_names_who_it_was_bought_for_also_once_they_are_called_otherwise(
    family: World,
) -> None:
    sold(family, own="300.00", west="100.00").send_out()
    update_customer(family.runtime, family.scope, WEST, {"name": "Something else"})
    stored = family.one("ISSUED")
    seller, buyer = parties_of(stored)
    view = frozen_view(stored.as_issued(), seller=seller, buyer=buyer, names=names_of(stored))
    assert [line.bought_for for line in printed(view).lines] == ["", "für Nordlicht West"]
    assert "für Nordlicht West" in invoice_page(
        view, state=PageState.OPEN, pdf_url="https://halden.example/a.pdf", nonce="n"
    )
    assert invoice_pdf(view).startswith(b"%PDF")


def test_siblings_amended_at_once_are_both_amended_on_the_invoice_they_share(
    family: World,
) -> None:
    sold(family, west="100.00", east="200.00").bill()
    contract_of = {
        each.for_customer_id: each.contract_id for each in family.one("DRAFT").draft.lines
    }
    orders = [
        family.order(
            f"currency: EUR\nkind: AMENDMENT\norderId: {by}\ncontractId: {contract_of[by]}\n"
            "effectiveOn: 2025-01-01\n"
            'changes: [{lineId: platform, price: {model: FLAT, amount: "1.00"}}]'
        )
        for by in (WEST, EAST)
    ]
    start = Barrier(2)

    def fulfil(at: int) -> None:
        start.wait()
        family.fulfil(orders[at].id)

    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(fulfil, 0), pool.submit(fulfil, 1)]:
            each.result()
    assert on_paper(family) == [("nordlicht", [(EAST, "1.00"), (WEST, "1.00")])]
