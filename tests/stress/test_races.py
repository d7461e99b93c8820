"""Two people, or a person and the run, at the same moment: one wins, the other is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

import pytest

from tests.stories.deals import order_form
from tests.stories.world import World, halden
from tests.stress.races import at_once, overtaken
from usance.domain.contracts.contract import ContractExists, DraftContract
from usance.domain.contracts.fulfilment import OrderNotNew
from usance.domain.contracts.order import Order
from usance.domain.errors import Invalid
from usance.domain.ids import ContractId, CustomerId, InvoiceId, OrderId
from usance.domain.invoicing.invoice import (
    InvoiceNotApproved,
    InvoiceNotDraft,
    InvoiceNotVoidable,
    Issued,
)
from usance.flows.approve_invoice import DraftChanged, approve_invoice
from usance.flows.archive_contract import archive_contract
from usance.flows.cancel_order import cancel_order
from usance.flows.create_contract import create_contract
from usance.flows.fulfil_order import fulfil_order
from usance.flows.issue_invoice import issue_invoice
from usance.flows.record_payment import RecordPayment, record_payment
from usance.flows.run_billing import run_billing
from usance.flows.runtime import Runtime
from usance.flows.sign_order import OrderExists, sign_order
from usance.flows.update_contract import update_contract
from usance.flows.void_invoice import void_invoice
from usance.store import contract_drafts
from usance.store.joined import Joined

pytestmark = pytest.mark.postgres

T = TypeVar("T")
PLATFORM = """
    12 months from 2025-01-01, as platform
    Platform 100.00 USD, monthly in advance
"""


def race(world: World, first: Callable[[Runtime], object], second: Callable[[Runtime], T]) -> T:
    """What `second` comes to when `first` is just ahead of it."""
    return overtaken(world.runtime, world.scope, first, partial(second, world.runtime))


# --------------------------------------------------------------------------- finance, twice --


def test_of_two_who_issue_one_draft_at_once_one_wins(world: World) -> None:
    world.sign(PLATFORM)
    world.bill()
    draft = world.approve_all().one()

    def issue(runtime: Runtime) -> Issued:
        return issue_invoice(runtime, world.scope, draft.id)

    with pytest.raises(InvoiceNotApproved, match="ISSUED"):
        race(world, issue, issue)
    (next_one,) = world.on("2025-02-01").send_out()
    assert next_one.number == "HUS-2025-00002"
    assert world.books()["receivable"] == "200.00 USD"


def test_of_two_who_approve_one_draft_at_once_one_wins(world: World) -> None:
    world.sign(PLATFORM)
    world.bill()
    draft = world.one()

    def approve(runtime: Runtime) -> object:
        return approve_invoice(runtime, world.scope, draft.id)

    with pytest.raises(InvoiceNotDraft):
        race(world, approve, approve)
    assert world.one().status == "APPROVED"


def test_of_two_who_make_one_invoice_void_at_once_one_wins(world: World) -> None:
    world.sign(PLATFORM)
    (issued,) = world.send_out()

    def void(runtime: Runtime) -> None:
        void_invoice(runtime, world.scope, issued.draft.id, reason="twice")

    with pytest.raises(InvoiceNotVoidable):
        race(world, void, void)
    assert world.books() == {}


def test_twenty_invoices_issued_by_eight_people_are_numbered_one_to_twenty(world: World) -> None:
    for number in range(20):
        owner = halden().customers[number % 4].id
        world.sign(PLATFORM.replace("as platform", f"as p{number}, by {owner}, invoiced alone"))
    world.bill()
    world.approve_all()

    def issue_some(ids: list[InvoiceId]) -> list[str]:
        return [issue_invoice(world.runtime, world.scope, each).number for each in ids]

    ids = [stored.id for stored in world.every("APPROVED")]
    shares = at_once(*(partial(issue_some, ids[start::8]) for start in range(8)))
    numbers = [number for share in shares if isinstance(share, list) for number in share]
    assert sorted(numbers) == [f"HUS-2025-{count:05d}" for count in range(1, 21)]


def test_an_issue_that_fails_after_taking_its_number_leaves_no_gap(world: World) -> None:
    world.sign(PLATFORM)
    world.sign(PLATFORM.replace("as platform", "as other, invoiced alone"))
    world.bill()
    first, second = world.approve_all().every("APPROVED")

    def fail(runtime: Runtime) -> None:
        with runtime.transaction(world.scope) as tx:
            issue_invoice(replace(runtime, database=Joined(tx)), world.scope, first.id)
            raise ConnectionError("the power goes out before the commit")

    with pytest.raises(ConnectionError):
        fail(world.runtime)
    assert issue_invoice(world.runtime, world.scope, second.id).number == "HUS-2025-00001"
    assert issue_invoice(world.runtime, world.scope, first.id).number == "HUS-2025-00002"


# ----------------------------------------------------------------------- finance and the run --


def test_a_run_that_begins_while_a_contract_is_archived_bills_nothing_of_it(world: World) -> None:
    world.sign(PLATFORM)

    def archive(runtime: Runtime) -> None:
        archive_contract(runtime, world.scope, ContractId("platform"))

    run = race(world, archive, lambda runtime: run_billing(runtime, world.scope))
    assert run.draft_count == 0
    assert world.every() == []


def test_archiving_while_a_run_drafts_makes_those_drafts_void(world: World) -> None:
    world.sign(PLATFORM)
    race(
        world,
        lambda runtime: run_billing(runtime, world.scope),
        lambda runtime: archive_contract(runtime, world.scope, ContractId("platform")),
    )
    assert world.documents() == ["-  VOID  Platform  100.00 USD"]


def test_a_run_that_begins_while_an_invoice_is_made_void_drafts_it_anew(world: World) -> None:
    world.sign(PLATFORM)
    (issued,) = world.send_out()

    def void(runtime: Runtime) -> None:
        void_invoice(runtime, world.scope, issued.draft.id, reason="wrong address")

    world.on("2025-02-01")
    run = race(world, void, lambda runtime: run_billing(runtime, world.scope))
    assert run.draft_count == 2
    assert len(world.invoices()) == 2


def test_voiding_while_a_run_drafts_leaves_the_days_to_the_next_run(world: World) -> None:
    world.sign(PLATFORM)
    (issued,) = world.send_out()
    world.on("2025-02-01")
    race(
        world,
        lambda runtime: run_billing(runtime, world.scope),
        lambda runtime: void_invoice(runtime, world.scope, issued.draft.id, reason="wrong address"),
    )
    assert world.bill().draft_count == 1
    assert [line[:10] for line in world.invoices()] == ["2025-01-01", "2025-02-01"]


def test_of_two_runs_at_once_the_second_finds_nothing_left(world: World) -> None:
    world.sign(PLATFORM)

    def run(runtime: Runtime) -> int:
        return run_billing(runtime, world.scope).draft_count

    assert race(world, run, run) == 0
    assert len(world.every()) == 1


def test_a_draft_approved_while_its_po_number_changes_has_the_new_one(world: World) -> None:
    world.sign(PLATFORM)
    world.bill()
    draft = world.one()
    race(
        world,
        lambda runtime: update_contract(
            runtime, world.scope, ContractId("platform"), po_number="PO-2"
        ),
        lambda runtime: approve_invoice(runtime, world.scope, draft.id),
    )
    assert world.one("APPROVED").draft.grouping.po_number == "PO-2"


def test_a_draft_seen_before_its_po_number_changed_is_not_approved_unseen(world: World) -> None:
    world.sign(PLATFORM)
    world.bill()
    seen = world.one()
    with pytest.raises(DraftChanged):
        race(
            world,
            lambda runtime: update_contract(
                runtime, world.scope, ContractId("platform"), po_number="PO-2"
            ),
            lambda runtime: approve_invoice(
                runtime, world.scope, seen.id, seen=seen.draft.input_hash
            ),
        )


# ------------------------------------------------------------------------- money and the void --


def payment(world: World) -> RecordPayment:
    """What pays the first invoice."""
    recorded = world.one("ISSUED")
    return RecordPayment(
        legal_entity_id=recorded.draft.legal_entity_id,
        customer_id=recorded.draft.customer_id,
        amount=recorded.draft.gross,
        received_on=world.today,
        remittance=recorded.number or "",
    )


def test_an_invoice_that_is_being_paid_is_not_made_void(world: World) -> None:
    world.sign(PLATFORM)
    (issued,) = world.send_out()
    paid = payment(world)
    with pytest.raises(InvoiceNotVoidable, match="allocated"):
        race(
            world,
            lambda runtime: record_payment(runtime, world.scope, paid),
            lambda runtime: void_invoice(runtime, world.scope, issued.draft.id, reason="late"),
        )
    assert world.documents() == ["HUS-2025-00001  PAID  Platform  100.00 USD"]


def test_money_for_an_invoice_that_is_being_made_void_stays_unallocated(world: World) -> None:
    world.sign(PLATFORM)
    (issued,) = world.send_out()
    paid = payment(world)
    recorded = race(
        world,
        lambda runtime: void_invoice(runtime, world.scope, issued.draft.id, reason="early"),
        lambda runtime: record_payment(runtime, world.scope, paid),
    )
    assert recorded.allocations == ()
    assert world.books() == {"bank": "100.00 USD", "unapplied_cash": "-100.00 USD"}


# --------------------------------------------------------------------------------- two orders --


def sign(world: World, text: str) -> Callable[[Runtime], Order]:
    """Somebody signs that."""

    def act(runtime: Runtime) -> Order:
        return sign_order(runtime, world.scope, order_form(text), document=text.encode())

    return act


def test_one_document_signed_twice_at_once_is_one_order(world: World) -> None:
    again = race(world, sign(world, PLATFORM), sign(world, PLATFORM))
    assert again.id == "platform"
    assert world.facts() == [("OrderReceived", "platform")]


def test_of_two_documents_signed_at_once_under_one_id_one_wins(world: World) -> None:
    with pytest.raises(OrderExists):
        race(world, sign(world, PLATFORM), sign(world, PLATFORM.replace("100.00", "1.00")))
    world.fulfil(OrderId("platform"))
    world.bill()
    assert world.one().draft.net.text == "100.00"


def test_an_order_fulfilled_twice_at_once_makes_one_contract(world: World) -> None:
    world.order(PLATFORM)

    def fulfil(runtime: Runtime) -> object:
        return fulfil_order(runtime, world.scope, OrderId("platform"))

    with pytest.raises(OrderNotNew):
        race(world, fulfil, fulfil)
    assert world.bill().draft_count == 1


def test_an_order_is_not_fulfilled_while_it_is_called_off(world: World) -> None:
    world.order(PLATFORM)
    with pytest.raises(OrderNotNew):
        race(
            world,
            lambda runtime: cancel_order(runtime, world.scope, OrderId("platform")),
            lambda runtime: fulfil_order(runtime, world.scope, OrderId("platform")),
        )
    assert world.bill().draft_count == 0


def test_of_two_customers_orders_for_one_contract_id_at_once_one_wins(world: World) -> None:
    for customer in ("larkspur", "minato"):
        form = order_form(PLATFORM.replace("as platform", f"by {customer}"))
        form |= {"orderId": customer, "contractId": "shared"}
        sign_order(world.runtime, world.scope, form, document=customer.encode())
    with pytest.raises(Invalid, match="contractId"):
        race(
            world,
            lambda runtime: fulfil_order(runtime, world.scope, OrderId("larkspur")),
            lambda runtime: fulfil_order(runtime, world.scope, OrderId("minato")),
        )
    assert world.order_status(OrderId("minato")) == "NEW"
    world.bill()
    assert world.one().draft.customer_id == "larkspur"


def test_two_draft_contracts_of_one_id_at_once_leave_the_first(world: World) -> None:
    def create(customer_id: str) -> Callable[[Runtime], bool]:
        draft = DraftContract(
            id=ContractId("shared"), customer_id=CustomerId(customer_id), name=customer_id
        )
        return lambda runtime: create_contract(runtime, world.scope, draft)

    with pytest.raises(ContractExists):
        race(world, create("larkspur"), create("minato"))
    with world.runtime.transaction(world.scope) as tx:
        kept = contract_drafts.maybe(tx, ContractId("shared"))
    assert kept is not None
    assert (kept.customer_id, kept.name) == ("larkspur", "larkspur")
