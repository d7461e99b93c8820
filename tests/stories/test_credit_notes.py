"""Credit notes: what finance gives back, what becomes of it, and what the books say."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.stories.world import World, halden
from usance.domain.errors import Invalid
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.crediting import CreditReason, CreditWish, LineCredit
from usance.domain.invoicing.invoice import (
    Disposition,
    DocumentType,
    Draft,
    InvoiceNotIssued,
    InvoiceNotVoidable,
    Issued,
)
from usance.domain.money import Money, currency
from usance.domain.payments.allocating import NamedAllocation
from usance.domain.payments.payment import Allocation
from usance.domain.payments.refund import Refund, RefundNotPending
from usance.domain.receivables_policy import CreditApplication, ReceivablesPolicy
from usance.flows.apply_credit import apply_credit
from usance.flows.approve_invoice import approve_invoice
from usance.flows.cancel_refund import cancel_refund
from usance.flows.credit_and_rebill import Rebilled, credit_and_rebill
from usance.flows.credit_invoice import credit_invoice
from usance.flows.issue_invoice import issue_invoice
from usance.flows.keep_as_credit import keep_as_credit
from usance.flows.refund_credit import refund_credit
from usance.flows.refund_payment import refund_payment
from usance.flows.send_refund import send_refund
from usance.flows.set_up_company import save_legal_entity
from usance.flows.take_back_allocation import take_back_allocation
from usance.store import credit_notes, payments, refunds

pytestmark = pytest.mark.postgres

EUR = currency("EUR")
SEATS = """
    12 months from 2025-01-01, as seats
    Platform 1,000.00 EUR, monthly in advance
    10 Seats at 30.00 EUR a month, monthly in advance
"""


def eur(text: str) -> Money:
    return Money.parse(text, EUR)


def invoiced(world: World) -> Issued:
    """January's invoice: 1,000.00 + 300.00 net, 1,547.00 gross."""
    world.sign(SEATS)
    (issued,) = world.send_out()
    return issued


def credited(
    world: World,
    invoice_id: InvoiceId,
    *lines: LineCredit,
    becomes: Disposition = Disposition.APPLY,
) -> Draft:
    """A goodwill credit of those lines, or of all; held for review."""
    wish = CreditWish(reason=CreditReason.GOODWILL, lines=lines or None, disposition=becomes)
    return credit_invoice(world.runtime, world.scope, invoice_id, wish)


def issued_credit(
    world: World,
    invoice_id: InvoiceId,
    *lines: LineCredit,
    becomes: Disposition = Disposition.APPLY,
) -> Issued:
    """The same, approved and issued."""
    note = credited(world, invoice_id, *lines, becomes=becomes)
    approve_invoice(world.runtime, world.scope, note.id)
    return issue_invoice(world.runtime, world.scope, note.id)


def rebilled(world: World, invoice_id: InvoiceId) -> Rebilled:
    wish = CreditWish(reason=CreditReason.PRICE_ERROR)
    return credit_and_rebill(world.runtime, world.scope, invoice_id, wish)


def due(world: World, invoice_id: InvoiceId) -> str:
    """State and amount due of an invoice today."""
    stored = world.invoice(invoice_id)
    assert stored is not None
    settled = stored.settlement(world.today)
    assert settled is not None
    return f"{settled.state} {settled.amount_due.text}"


def left(world: World, note_id: InvoiceId) -> str:
    """What a credit note is still worth."""
    with world.runtime.transaction(world.scope) as tx:
        return credit_notes.one_balance(tx, note_id).left.text


def applied(world: World, note_id: InvoiceId, *named: tuple[InvoiceId, str]) -> list[str]:
    wishes = [NamedAllocation(invoice_id, eur(amount)) for invoice_id, amount in named]
    made = apply_credit(world.runtime, world.scope, note_id, wishes or None)
    return [f"{each.invoice_id} {each.amount.text} {each.basis}" for each in made]


def of_note(world: World, note_id: InvoiceId) -> list[Allocation]:
    with world.runtime.transaction(world.scope) as tx:
        return payments.allocations_of_credit_note(tx, note_id)


def pending(world: World) -> list[Refund]:
    with world.runtime.transaction(world.scope) as tx:
        return refunds.page(tx, is_pending=True)


def manual(world: World) -> None:
    """Halden applies credit by hand from now on."""
    (seller,) = [each for each in halden().legal_entities if each.id == "halden-de"]
    policy = ReceivablesPolicy(credit_application=CreditApplication.MANUAL)
    save_legal_entity(world.runtime, world.scope, replace(seller, receivables=policy))


# ------------------------------------------------------------------------------ given back --


def test_a_credit_note_lowers_its_open_invoice_when_it_is_issued(world: World) -> None:
    invoice = invoiced(world)
    note = issued_credit(world, invoice.draft.id, LineCredit(2, quantity=Decimal(4)))
    assert note.number == "HDE-CN-2025-00001"
    assert (note.draft.net.text, note.draft.tax.text) == ("-120.00", "-22.80")
    assert due(world, invoice.draft.id) == "PARTIALLY_PAID 1404.20"
    assert left(world, note.draft.id) == "0.00"
    assert world.books() == {
        "receivable": "1404.20 EUR",
        "contract_liability": "-1180.00 EUR",
        "tax_payable": "-224.20 EUR",
    }


def test_until_it_is_issued_a_credit_note_changes_nothing(world: World) -> None:
    invoice = invoiced(world)
    before = world.books()
    credited(world, invoice.draft.id)
    assert due(world, invoice.draft.id) == "OPEN 1547.00"
    assert world.books() == before


def test_crediting_everything_in_parts_leaves_nothing_to_the_minor_unit(world: World) -> None:
    invoice = invoiced(world)
    for amount in ("333.33", "333.33", "0.01"):
        issued_credit(world, invoice.draft.id, LineCredit(1, eur(amount)))
    issued_credit(world, invoice.draft.id)
    assert due(world, invoice.draft.id) == "PAID 0.00"
    assert world.books() == {}
    with pytest.raises(Invalid, match="something is left"):
        credited(world, invoice.draft.id)


def test_a_goodwill_credit_leaves_its_days_billed(world: World) -> None:
    invoice = invoiced(world)
    issued_credit(world, invoice.draft.id)
    world.bill()
    assert [each.id for each in world.every("DRAFT")] == []


def test_a_draft_is_not_credited(world: World) -> None:
    world.sign(SEATS)
    world.bill()
    with pytest.raises(InvoiceNotIssued):
        credited(world, world.one("DRAFT").id)


def test_credit_notes_have_their_own_gapless_series(world: World) -> None:
    invoice = invoiced(world)
    numbers = [
        issued_credit(world, invoice.draft.id, LineCredit(1, eur("1"))).number for _ in range(3)
    ]
    assert numbers == ["HDE-CN-2025-00001", "HDE-CN-2025-00002", "HDE-CN-2025-00003"]
    assert world.on("2025-02-01").send_out()[0].number == "HDE-2025-00002"


def test_a_held_credit_note_counts_as_given_back_and_a_void_one_does_not(world: World) -> None:
    invoice = invoiced(world)
    note = credited(world, invoice.draft.id)
    with pytest.raises(Invalid):
        credited(world, invoice.draft.id)
    world.void(note.id)
    assert credited(world, invoice.draft.id).gross.text == "-1547.00"


def test_a_credited_invoice_is_not_made_void(world: World) -> None:
    invoice = invoiced(world)
    note = credited(world, invoice.draft.id, becomes=Disposition.BALANCE)
    with pytest.raises(InvoiceNotVoidable, match="gives back"):
        world.void(invoice.draft.id)
    world.void(note.id)
    world.void(invoice.draft.id)


def test_an_issued_credit_note_is_void_only_while_nothing_of_it_is_used(world: World) -> None:
    invoice = invoiced(world)
    note = issued_credit(world, invoice.draft.id)
    with pytest.raises(InvoiceNotVoidable, match="is used"):
        world.void(note.draft.id)
    (made,) = of_note(world, note.draft.id)
    take_back_allocation(world.runtime, world.scope, made.id)
    assert due(world, invoice.draft.id) == "OPEN 1547.00"
    assert world.books()["customer_credit"] == "-1547.00 EUR"
    world.void(note.draft.id)
    assert "customer_credit" not in world.books()


# --------------------------------------------------------------------- what becomes of it --


def test_a_credit_note_on_a_paid_invoice_is_the_customers_and_pays_the_next(world: World) -> None:
    invoice = invoiced(world)
    world.pay("1,547.00 EUR")
    note = issued_credit(world, invoice.draft.id, LineCredit(1, eur("100")))
    assert left(world, note.draft.id) == "119.00"
    (second,) = world.on("2025-02-01").send_out()
    assert due(world, second.draft.id) == "PARTIALLY_PAID 1428.00"
    assert left(world, note.draft.id) == "0.00"
    assert ("InvoicePaid", second.draft.id) not in world.facts()


def test_more_credit_than_is_open_lowers_the_invoice_and_leaves_the_rest(world: World) -> None:
    invoice = invoiced(world)
    world.pay("1,000.00 EUR", remittance=invoice.number)
    note = issued_credit(world, invoice.draft.id, LineCredit(1))
    assert due(world, invoice.draft.id) == "PAID 0.00"
    assert left(world, note.draft.id) == "643.00"
    assert ("InvoicePaid", invoice.draft.id) in world.facts()


def test_credit_kept_as_balance_waits_for_the_next_invoice(world: World) -> None:
    invoice = invoiced(world)
    note = issued_credit(
        world, invoice.draft.id, LineCredit(1, eur("100")), becomes=Disposition.BALANCE
    )
    assert due(world, invoice.draft.id) == "OPEN 1547.00"
    world.on("2025-02-01").send_out()
    assert due(world, invoice.draft.id) == "OVERDUE 1428.00"
    assert left(world, note.draft.id) == "0.00"


def test_where_credit_is_applied_by_hand_it_waits_until_somebody_does(world: World) -> None:
    manual(world)
    invoice = invoiced(world)
    world.pay("1,547.00 EUR")
    note = issued_credit(world, invoice.draft.id, LineCredit(1, eur("100")))
    (second,) = world.on("2025-02-01").send_out()
    assert due(world, second.draft.id) == "OPEN 1547.00"
    assert applied(world, note.draft.id, (second.draft.id, "19")) == [
        f"{second.draft.id} 19.00 NAMED"
    ]
    assert applied(world, note.draft.id) == [f"{second.draft.id} 100.00 OLDEST_DUE"]
    with pytest.raises(Invalid, match="left"):
        applied(world, note.draft.id, (second.draft.id, "1"))


def test_an_overpayment_kept_as_credit_pays_the_next_invoice(world: World) -> None:
    invoice = invoiced(world)
    paid = world.pay("1,600.00 EUR", remittance=invoice.number)
    keep_as_credit(world.runtime, world.scope, paid.balance.payment.id)
    (second,) = world.on("2025-02-01").send_out()
    assert due(world, second.draft.id) == "PARTIALLY_PAID 1494.00"
    assert "customer_credit" not in world.books()


# ------------------------------------------------------------------------------- refunded --


def test_a_refunded_credit_note_is_owed_until_it_is_sent(world: World) -> None:
    invoice = invoiced(world)
    world.pay("1,547.00 EUR")
    issued_credit(world, invoice.draft.id, LineCredit(1, eur("100")), becomes=Disposition.REFUND)
    (refund,) = pending(world)
    assert world.books()["refunds_payable"] == "-119.00 EUR"
    send_refund(world.runtime, world.scope, refund.id, reference="TX-9")
    assert "refunds_payable" not in world.books()
    assert world.books()["bank"] == "1428.00 EUR"
    assert pending(world) == []
    with pytest.raises(RefundNotPending):
        cancel_refund(world.runtime, world.scope, refund.id)


def test_a_refund_called_off_is_credit_again(world: World) -> None:
    invoice = invoiced(world)
    world.pay("1,547.00 EUR")
    note = issued_credit(world, invoice.draft.id, LineCredit(1), becomes=Disposition.REFUND)
    (refund,) = pending(world)
    cancel_refund(world.runtime, world.scope, refund.id)
    assert left(world, note.draft.id) == "1190.00"
    again = refund_credit(world.runtime, world.scope, note.draft.id, eur("190"))
    assert left(world, note.draft.id) == "1000.00"
    assert again.amount.text == "190.00"
    with pytest.raises(Invalid, match=r"at most 1000\.00"):
        refund_credit(world.runtime, world.scope, note.draft.id, eur("1000.01"))


def test_a_refund_opens_the_invoice_again_and_with_a_credit_note_it_stays_settled(
    world: World,
) -> None:
    """Kill Bill's partial refunds: 10 alone, then 1 and 10 with an adjustment of the line."""
    world.sign("12 months from 2025-01-01\nPlatform 249.95 USD, yearly in advance")
    (invoice,) = world.send_out()
    payment = world.pay("249.95 USD").balance.payment
    usd = currency("USD")
    balances = []
    refund_payment(
        world.runtime,
        world.scope,
        payment.id,
        Money.parse("10", usd),
        invoice_id=invoice.draft.id,
    )
    balances.append(due(world, invoice.draft.id).split()[1])
    for amount in ("1", "10"):
        line = LineCredit(1, Money.parse(amount, usd))
        issued_credit(world, invoice.draft.id, line, becomes=Disposition.REFUND)
        balances.append(due(world, invoice.draft.id).split()[1])
    assert balances == ["10.00", "10.00", "10.00"]
    assert sum(each.amount.minor for each in pending(world)) == 21_00


def test_money_that_pays_nothing_is_refunded_and_no_more(world: World) -> None:
    payment = world.pay("100.00 EUR").balance.payment
    refund_payment(world.runtime, world.scope, payment.id, eur("60"))
    with pytest.raises(Invalid, match=r"at most 40\.00"):
        refund_payment(world.runtime, world.scope, payment.id, eur("40.01"))
    assert world.books() == {
        "bank": "100.00 EUR",
        "unapplied_cash": "-40.00 EUR",
        "refunds_payable": "-60.00 EUR",
    }


# -------------------------------------------------------------------------- credit, rebill --


def test_credit_and_rebill_gives_everything_back_and_drafts_the_same_days(world: World) -> None:
    invoice = invoiced(world)
    before = world.books()
    made = rebilled(world, invoice.draft.id)
    assert made.credit_note.draft.gross == -invoice.draft.gross
    (draft,) = made.drafts
    assert (draft.type, draft.gross) == (DocumentType.INVOICE, invoice.draft.gross)
    assert [line.service_period for line in draft.lines] == [
        line.service_period for line in invoice.draft.lines
    ]
    assert due(world, invoice.draft.id) == "PAID 0.00"
    assert world.books() == {}
    world.bill()
    (held,) = world.every("DRAFT")
    assert held.id == draft.id
    world.approve_all().issue_all()
    assert world.books() == before


def test_what_was_credited_before_is_not_given_back_twice_by_a_rebill(world: World) -> None:
    invoice = invoiced(world)
    issued_credit(world, invoice.draft.id, LineCredit(1, eur("400")))
    made = rebilled(world, invoice.draft.id)
    assert made.credit_note.draft.net.text == "-900.00"
    assert made.drafts[0].net.text == "1300.00"


def test_a_paid_invoice_that_is_rebilled_pays_its_replacement(world: World) -> None:
    invoice = invoiced(world)
    world.pay("1,547.00 EUR")
    made = rebilled(world, invoice.draft.id)
    assert left(world, made.credit_note.draft.id) == "1547.00"
    world.approve_all().issue_all()
    assert due(world, made.drafts[0].id) == "PAID 0.00"
