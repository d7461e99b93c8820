"""Invoices without a contract, debts given up, and what paying late costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from tests.stories.world import World, halden
from usance.domain.calendar import Period
from usance.domain.errors import Invalid
from usance.domain.ids import CustomerId, InvoiceId, LegalEntityId
from usance.domain.invoicing.ad_hoc import AdHocInvoice, AdHocLine, NotWrittenByHand
from usance.domain.invoicing.crediting import CreditReason, CreditWish
from usance.domain.invoicing.invoice import Draft, InvoiceNotDraft, InvoiceNotVoidable
from usance.domain.invoicing.issuing import DraftHasErrors
from usance.domain.money import Money, currency
from usance.domain.payment_terms import PaymentTerms
from usance.domain.payments.write_off import (
    InvoiceGivenUp,
    WriteOff,
    WriteOffKind,
    WriteOffReversed,
    WriteOffWish,
)
from usance.domain.rating.prices import PerUnit, Pricing
from usance.domain.receivables_policy import (
    InterestRate,
    LateFeePolicy,
    ReceivablesPolicy,
    Recovery,
)
from usance.flows.approve_invoice import DraftChanged, approve_invoice
from usance.flows.charge_late_fees import charge_late_fees
from usance.flows.credit_and_rebill import credit_and_rebill
from usance.flows.credit_invoice import credit_invoice
from usance.flows.edit_ad_hoc import edit_ad_hoc
from usance.flows.invoice_ad_hoc import invoice_ad_hoc
from usance.flows.issue_invoice import issue_invoice
from usance.flows.refresh_drafts import refresh_drafts
from usance.flows.reverse_write_off import reverse_write_off
from usance.flows.set_up_company import save_customer, save_legal_entity
from usance.flows.write_off_invoice import write_off_invoice

pytestmark = pytest.mark.postgres

EUR = currency("EUR")
NORDLICHT = CustomerId("nordlicht")
HALDEN_DE = LegalEntityId("halden-de")
JANUARY = Period(date(2025, 1, 1), date(2025, 2, 1))
PLATFORM = "12 months from 2025-01-01, net 30\nPlatform 1,000.00 EUR, yearly in advance"


def eur(text: str) -> Money:
    return Money.parse(text, EUR)


def training(*days: int) -> AdHocInvoice:
    """So many days of training at 800.00 EUR, a line each; net 14."""
    lines = tuple(
        AdHocLine(
            name="Training",
            quantity=Decimal(count),
            pricing=Pricing(price=PerUnit(Decimal(800))),
            service_period=JANUARY,
            unit="days",
        )
        for count in days
    )
    return AdHocInvoice(currency=EUR, lines=lines, payment_terms=PaymentTerms(14))


def invoice(world: World, wanted: AdHocInvoice) -> Draft:
    return invoice_ad_hoc(
        world.runtime,
        world.scope,
        customer_id=NORDLICHT,
        legal_entity_id=HALDEN_DE,
        wanted=wanted,
    )


def due(world: World, invoice_id: InvoiceId) -> str:
    stored = world.invoice(invoice_id)
    assert stored is not None
    settled = stored.settlement(world.today)
    assert settled is not None
    return f"{settled.state} {settled.amount_due.text}"


def policy(world: World, receivables: ReceivablesPolicy) -> None:
    """What Halden does about small differences and late payment."""
    (seller,) = [each for each in halden().legal_entities if each.id == HALDEN_DE]
    save_legal_entity(world.runtime, world.scope, replace(seller, receivables=receivables))


def give_up(world: World, invoice_id: InvoiceId, wish: WriteOffWish) -> WriteOff:
    return write_off_invoice(world.runtime, world.scope, invoice_id, wish)


# -------------------------------------------------------------------- without a contract --


def test_an_invoice_without_a_contract_is_taxed_numbered_and_booked_like_others(
    world: World,
) -> None:
    draft = invoice(world, training(2))
    assert (draft.net.text, draft.tax.text) == ("1600.00", "304.00")
    assert [each.code for each in draft.findings] == []
    (issued,) = world.approve_all().issue_all()
    assert (issued.number, issued.due_on) == ("HDE-2025-00001", date(2025, 1, 15))
    assert world.books() == {
        "receivable": "1904.00 EUR",
        "contract_liability": "-1600.00 EUR",
        "tax_payable": "-304.00 EUR",
    }


def test_a_held_invoice_without_a_contract_is_edited_and_an_approved_one_is_not(
    world: World,
) -> None:
    draft = invoice(world, training(2))
    edited = edit_ad_hoc(world.runtime, world.scope, draft.id, training(1, 3))
    assert edited.id == draft.id
    assert world.one("DRAFT").draft.net.text == "3200.00"
    approve_invoice(world.runtime, world.scope, draft.id)
    with pytest.raises(InvoiceNotDraft):
        edit_ad_hoc(world.runtime, world.scope, draft.id, training(1))


def test_what_a_contract_billed_is_not_edited_by_hand(world: World) -> None:
    world.sign(PLATFORM)
    world.bill()
    with pytest.raises(NotWrittenByHand):
        edit_ad_hoc(world.runtime, world.scope, world.one("DRAFT").id, training(1))


def test_an_address_given_later_is_on_the_draft_when_it_is_approved(world: World) -> None:
    (buyer,) = [each for each in halden().customers if each.id == NORDLICHT]
    save_customer(world.runtime, world.scope, replace(buyer, address=None))
    draft = invoice(world, training(1))
    assert [each.code for each in draft.findings] == ["AddressMissing"]
    save_customer(world.runtime, world.scope, buyer)
    edit_ad_hoc(world.runtime, world.scope, draft.id, training(1))
    approve_invoice(world.runtime, world.scope, draft.id)


def test_a_billing_run_leaves_invoices_without_a_contract_alone(world: World) -> None:
    draft = invoice(world, training(1))
    world.sign(PLATFORM)
    world.bill()
    assert {draft.id} < {each.id for each in world.every("DRAFT")}


def test_an_invoice_without_a_contract_is_credited_and_written_anew(world: World) -> None:
    invoice(world, training(2))
    (issued,) = world.approve_all().issue_all()
    wish = CreditWish(reason=CreditReason.DUPLICATE)
    made = credit_and_rebill(world.runtime, world.scope, issued.draft.id, wish)
    (draft,) = made.drafts
    assert (draft.id != issued.draft.id, draft.net) == (True, issued.draft.net)
    assert due(world, issued.draft.id) == "PAID 0.00"
    edit_ad_hoc(world.runtime, world.scope, draft.id, training(1))
    world.approve_all().issue_all()
    assert world.books()["receivable"] == "952.00 EUR"


def test_a_line_without_a_name_or_no_line_at_all_is_refused(world: World) -> None:
    with pytest.raises(Invalid, match="lines"):
        training()
    line = replace(training(1).lines[0], name=" ")
    with pytest.raises(Invalid, match="name"):
        AdHocInvoice(currency=EUR, lines=(line,), payment_terms=PaymentTerms(14))


# -------------------------------------------------------------------------------- given up --


def test_a_bad_debt_is_an_expense_without_its_tax_and_comes_back_when_reversed(
    world: World,
) -> None:
    world.sign(PLATFORM)
    (issued,) = world.send_out()
    world.pay("240.00 EUR", remittance=issued.number)
    before = world.books()
    made = give_up(world, issued.draft.id, WriteOffWish(reason="insolvent"))
    assert (made.amount.text, made.tax.text) == ("950.00", "151.68")
    assert due(world, issued.draft.id) == "PAID 0.00"
    assert world.books() == {
        "bank": "240.00 EUR",
        "bad_debt": "798.32 EUR",
        "bad_debt_tax": "151.68 EUR",
        "contract_liability": "-1000.00 EUR",
        "tax_payable": "-190.00 EUR",
    }
    with pytest.raises(InvoiceNotVoidable):
        world.void(issued.draft.id)
    reverse_write_off(world.runtime, world.scope, made.id)
    assert world.books() == before
    assert due(world, issued.draft.id) == "PARTIALLY_PAID 950.00"
    with pytest.raises(WriteOffReversed):
        reverse_write_off(world.runtime, world.scope, made.id)


def test_a_bad_debt_is_not_credited_before_it_is_a_debt_again(world: World) -> None:
    world.sign(PLATFORM)
    (issued,) = world.send_out()
    made = give_up(world, issued.draft.id, WriteOffWish(reason="insolvent"))
    wish = CreditWish(reason=CreditReason.GOODWILL)
    with pytest.raises(InvoiceGivenUp):
        credit_invoice(world.runtime, world.scope, issued.draft.id, wish)
    with pytest.raises(InvoiceGivenUp):
        credit_and_rebill(world.runtime, world.scope, issued.draft.id, wish)
    reverse_write_off(world.runtime, world.scope, made.id)
    note = credit_invoice(world.runtime, world.scope, issued.draft.id, wish)
    approve_invoice(world.runtime, world.scope, note.id)
    issue_invoice(world.runtime, world.scope, note.id)
    assert world.books() == {}


def test_a_short_payment_within_the_tolerance_settles_the_invoice(world: World) -> None:
    policy(world, ReceivablesPolicy(tolerances=(eur("2.00"),)))
    world.sign(PLATFORM)
    (issued,) = world.send_out()
    world.pay("1,188.50 EUR", remittance=issued.number)
    assert due(world, issued.draft.id) == "PAID 0.00"
    assert world.books()["payment_differences"] == "1.50 EUR"
    assert ("InvoicePaid", issued.draft.id) in world.facts()


def test_a_short_payment_above_the_tolerance_leaves_the_rest_open(world: World) -> None:
    policy(world, ReceivablesPolicy(tolerances=(eur("2.00"),)))
    world.sign(PLATFORM)
    (issued,) = world.send_out()
    world.pay("1,187.99 EUR", remittance=issued.number)
    assert due(world, issued.draft.id) == "PARTIALLY_PAID 2.01"
    wish = WriteOffWish(kind=WriteOffKind.SMALL_DIFFERENCE, reason="bank fee")
    with pytest.raises(Invalid, match=r"at most 2\.00"):
        give_up(world, issued.draft.id, wish)
    give_up(world, issued.draft.id, replace(wish, amount=eur("1")))
    assert due(world, issued.draft.id) == "PARTIALLY_PAID 1.01"


def test_more_than_is_due_is_not_given_up_and_never_without_a_reason(world: World) -> None:
    world.sign(PLATFORM)
    (issued,) = world.send_out()
    with pytest.raises(Invalid, match=r"at most 1190\.00"):
        give_up(world, issued.draft.id, WriteOffWish(amount=eur("1190.01"), reason="x"))
    with pytest.raises(Invalid, match="for the auditor"):
        WriteOffWish()


# ------------------------------------------------------------------------------- paid late --

STATUTORY = LateFeePolicy(
    recovery=Recovery.EU,
    interest=(
        InterestRate(Decimal("11.62"), date(2024, 7, 1)),
        InterestRate(Decimal("10.00"), date(2025, 3, 11)),
    ),
)


def late(world: World, through: str) -> list[str]:
    """What charging through that day drafted, line by line."""
    made = charge_late_fees(world.runtime, world.scope, through=date.fromisoformat(through))
    drafts = [world.invoice(each) for each in made]
    return [
        f"{line.description} {line.service_period.start}..{line.service_period.end} {line.net.text}"
        for stored in drafts
        if stored is not None
        for line in stored.draft.lines
    ]


def test_a_late_invoice_costs_the_statutory_sum_and_interest_by_the_day(world: World) -> None:
    policy(world, ReceivablesPolicy(late_fees=STATUTORY))
    world.sign(PLATFORM)
    world.send_out()  # 1,190.00, due on 31 January
    assert late(world, "2025-01-31") == []
    assert late(world, "2025-03-31") == [
        "Late payment fee, invoice HDE-2025-00001 2025-02-01..2025-02-02 40.00",
        "Late payment interest, invoice HDE-2025-00001 2025-02-01..2025-03-01 10.61",
        "Late payment interest, invoice HDE-2025-00001 2025-03-01..2025-04-01 10.64",
    ]
    draft = world.one("DRAFT").draft
    assert (draft.tax.text, draft.gross.text) == ("0.00", "61.25")
    assert [row.category.value for row in draft.taxes] == ["O"]


def test_each_step_is_charged_once_even_when_the_charge_is_made_void(world: World) -> None:
    policy(world, ReceivablesPolicy(late_fees=STATUTORY))
    world.sign(PLATFORM)
    world.send_out()
    assert len(late(world, "2025-02-28")) == 2
    assert late(world, "2025-02-28") == []
    world.void(world.one("DRAFT").id)
    assert late(world, "2025-02-28") == []
    assert len(late(world, "2025-03-31")) == 1


def test_interest_ends_on_the_day_of_payment_and_is_on_what_was_open(world: World) -> None:
    policy(world, ReceivablesPolicy(late_fees=replace(STATUTORY, recovery=None)))
    world.sign(PLATFORM)
    (issued,) = world.send_out()
    world.on("2025-02-10").pay("590.00 EUR", remittance=issued.number)
    world.on("2025-02-20").pay("600.00 EUR", remittance=issued.number)
    # 1,190 for 10 days and 600 for 10 days, at 11.62 % of 365 days
    assert late(world, "2025-03-31") == [
        "Late payment interest, invoice HDE-2025-00001 2025-02-01..2025-03-01 5.70"
    ]


def test_a_held_late_fee_follows_a_payment_that_is_entered_late(world: World) -> None:
    policy(world, ReceivablesPolicy(late_fees=STATUTORY))
    world.sign(PLATFORM)
    (issued,) = world.send_out()
    assert len(late(world, "2025-03-31")) == 3
    held = world.one("DRAFT").id
    assert refresh_drafts(world.runtime, world.scope, [held]) == []

    world.on("2025-02-10").pay("1190.00 EUR", remittance=issued.number)  # entered in April
    world.on("2025-04-02")
    with pytest.raises(DraftChanged):
        approve_invoice(world.runtime, world.scope, held)
    assert refresh_drafts(world.runtime, world.scope, [held]) == [held]
    # 1,190 for 10 days at 11.62 % of 365 days
    assert [line.net.text for line in world.one("DRAFT").draft.lines] == ["40.00", "3.79"]
    assert refresh_drafts(world.runtime, world.scope, [held]) == []
    assert late(world, "2025-03-31") == []
    world.approve_all().issue_all()
    assert world.books()["late_fee_income"] == "-43.79 EUR"


def test_a_late_fee_for_what_was_paid_in_time_is_not_approved(world: World) -> None:
    policy(world, ReceivablesPolicy(late_fees=STATUTORY))
    world.sign(PLATFORM)
    (issued,) = world.send_out()
    late(world, "2025-03-31")
    held = world.one("DRAFT").id
    world.on("2025-01-30").pay("1190.00 EUR", remittance=issued.number)
    refresh_drafts(world.runtime, world.scope, [held])
    assert [each.code for each in world.one("DRAFT").draft.findings][:1] == ["PaidInTime"]
    with pytest.raises(DraftHasErrors):
        approve_invoice(world.runtime, world.scope, held)
    world.void(held)
    assert late(world, "2025-04-30") == []


def test_a_late_fee_is_income_and_bears_no_late_fee_itself(world: World) -> None:
    policy(world, ReceivablesPolicy(late_fees=LateFeePolicy(fixed=(eur("25"),), grace_days=5)))
    world.sign(PLATFORM)
    world.send_out()
    assert late(world, "2025-02-05") == []
    assert len(late(world, "2025-02-06")) == 1
    world.on("2025-02-06").approve_all().issue_all()
    assert world.books()["late_fee_income"] == "-25.00 EUR"
    assert late(world, "2025-12-31") == []


def test_a_monthly_percentage_is_charged_for_each_full_month(world: World) -> None:
    fees = LateFeePolicy(monthly_percent=Decimal("1.5"))
    policy(world, ReceivablesPolicy(late_fees=fees))
    invoice(world, training(1))
    world.approve_all().issue_all()  # 952.00, due on 15 January
    assert [each.split()[-1] for each in late(world, "2025-03-20")] == ["14.28", "14.28"]
