"""Ids of another environment are ids of nothing, whatever one wants to do with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from tests.conftest import new_sandbox
from tests.stories.world import World
from usance.domain.api_keys.keys import Grace
from usance.domain.contracts.contract import DraftContract
from usance.domain.errors import NotFound
from usance.domain.ids import ContractId, CustomerId, LegalEntityId, OrderId
from usance.domain.money import Money, currency
from usance.domain.payments.allocating import NamedAllocation
from usance.flows.allocate_payment import allocate_payment
from usance.flows.approve_invoice import approve_invoice
from usance.flows.archive_contract import archive_contract
from usance.flows.archive_customer import archive_customer
from usance.flows.archive_paper import archive_paper
from usance.flows.cancel_order import cancel_order
from usance.flows.create_contract import create_contract
from usance.flows.fulfil_order import fulfil_order
from usance.flows.issue_invoice import issue_invoice
from usance.flows.keep_as_credit import keep_as_credit
from usance.flows.open_environment import create_key, revoke_key
from usance.flows.preview_billing import preview_contract, upcoming_invoices
from usance.flows.record_payment import RecordedPayment, RecordPayment, record_payment
from usance.flows.refresh_drafts import refresh_drafts
from usance.flows.release_credit import release_credit
from usance.flows.rotate_key import rotate_key
from usance.flows.run_billing import run_billing
from usance.flows.runtime import Runtime, Scope
from usance.flows.send_invoice import send_invoice
from usance.flows.set_up_company import save_tax_rates
from usance.flows.take_back_allocation import take_back_allocation
from usance.flows.update_contract import update_contract
from usance.flows.void_invoice import void_invoice
from usance.flows.withdraw_approval import withdraw_approval
from usance.store.database import Database

pytestmark = pytest.mark.postgres

USD = currency("USD")
Act = Callable[[Runtime, Scope, "Theirs"], object]


class Theirs:
    """One of everything, in an environment that is not ours."""

    def __init__(self, world: World) -> None:
        world.order("""
            12 months from 2025-01-01, as waiting
            Platform 1.00 USD, monthly in advance
        """)
        world.sign("""
            12 months from 2025-01-01, as running
            Platform 100.00 USD, monthly in advance
        """)
        (issued,) = world.send_out()
        self.issued = issued.draft.id
        self.paid: RecordedPayment = world.pay("150.00 USD", remittance=issued.number)
        self.payment = self.paid.balance.payment.id
        world.on("2025-02-01").bill()
        world.approve_all()
        self.approved = world.one("APPROVED").id
        world.on("2025-03-01").bill()
        self.draft = world.one("DRAFT").id
        self.key = create_key(world.runtime, world.scope, name="theirs").id


@pytest.fixture(scope="module")
def theirs(database: Database) -> Theirs:
    """What somebody else has."""
    return Theirs(World(Runtime(database), new_sandbox(database)).open())


def payment(of: Theirs, *, names: bool) -> RecordPayment:
    """Money of ours for an invoice of theirs; or from their customer."""
    return RecordPayment(
        legal_entity_id=LegalEntityId("halden-us"),
        customer_id=CustomerId("larkspur"),
        amount=Money.parse("1.00", USD),
        received_on=date(2025, 1, 1),
        allocations=[NamedAllocation(of.issued)] if names else None,
    )


RUNNING = ContractId("running")
ACTS: dict[str, Act] = {
    "fulfil an order": lambda r, s, _: fulfil_order(r, s, OrderId("waiting")),
    "cancel an order": lambda r, s, _: cancel_order(r, s, OrderId("waiting")),
    "create a contract": lambda r, s, _: create_contract(
        r, s, DraftContract(id=ContractId("n"), customer_id=CustomerId("larkspur"), name="n")
    ),
    "update a contract": lambda r, s, _: update_contract(r, s, RUNNING, name="Ours"),
    "archive a contract": lambda r, s, _: archive_contract(r, s, RUNNING),
    "preview a contract": lambda r, s, _: preview_contract(
        r, s, RUNNING, through=date(2025, 12, 31)
    ),
    "approve an invoice": lambda r, s, of: approve_invoice(r, s, of.draft),
    "withdraw an approval": lambda r, s, of: withdraw_approval(
        r, s, of.approved, reason="not ours"
    ),
    "refresh an invoice": lambda r, s, of: refresh_drafts(r, s, [of.draft]),
    "issue an invoice": lambda r, s, of: issue_invoice(r, s, of.approved),
    "send an invoice": lambda r, s, of: send_invoice(r, s, of.issued),
    "void an invoice": lambda r, s, of: void_invoice(r, s, of.draft, reason="not ours"),
    "read the paper": lambda r, s, of: archive_paper(r, s, of.issued),
    "record a payment": lambda r, s, of: record_payment(r, s, payment(of, names=False)),
    "allocate a payment": lambda r, s, of: allocate_payment(r, s, of.payment),
    "take an allocation back": lambda r, s, of: take_back_allocation(
        r, s, of.paid.allocations[0].id
    ),
    "keep as credit": lambda r, s, of: keep_as_credit(r, s, of.payment),
    "release credit": lambda r, s, of: release_credit(r, s, of.payment),
    "archive a customer": lambda r, s, _: archive_customer(r, s, CustomerId("larkspur")),
    "set tax rates": lambda r, s, _: save_tax_rates(r, s, LegalEntityId("halden-us"), []),
    "revoke a key": lambda r, s, of: revoke_key(r, s, of.key),
    "rotate a key": lambda r, s, of: rotate_key(r, s, of.key, grace=Grace.NOW),
}


@pytest.mark.parametrize("act", ACTS)
def test_nobody_can(runtime: Runtime, scope: Scope, theirs: Theirs, act: str) -> None:
    with pytest.raises(NotFound):
        ACTS[act](runtime, scope, theirs)


def test_money_of_ours_pays_no_invoice_of_theirs(
    runtime: Runtime, scope: Scope, theirs: Theirs
) -> None:
    World(runtime, scope).open()
    with pytest.raises(NotFound, match="invoice"):
        record_payment(runtime, scope, payment(theirs, names=True))


def test_a_run_of_ours_bills_nothing_of_theirs(
    runtime: Runtime, scope: Scope, theirs: Theirs
) -> None:
    assert run_billing(runtime, scope, through=date(2030, 1, 1)).draft_count == 0
    World(runtime, scope).open()
    assert run_billing(runtime, scope, through=date(2030, 1, 1)).draft_count == 0
    assert upcoming_invoices(runtime, scope, CustomerId("larkspur")) == []
    assert refresh_drafts(runtime, scope) == []


def test_two_environments_may_use_the_same_ids(
    runtime: Runtime, scope: Scope, theirs: Theirs
) -> None:
    ours = World(runtime, scope).open()
    ours.sign("""
        12 months from 2025-01-01, as running
        Platform 7.00 USD, monthly in advance
    """)
    (issued,) = ours.send_out()
    assert (issued.number, issued.draft.gross.text) == ("HUS-2025-00001", "7.00")
