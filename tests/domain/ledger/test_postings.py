"""What each event books."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.ledger.books import (
    EIGHT,
    EUR,
    TODAY,
    allocation,
    credit,
    eur,
    issued,
    open_item,
    payment,
)
from tests.domain.ledger.corrections import bad_debt, credit_allocation, refund
from tests.domain.ledger.lives import LINES, STEPS, lived
from usance.domain.ids import AllocationId, EntryId, InvoiceId
from usance.domain.invoicing.crediting import CreditReason, CreditWish
from usance.domain.invoicing.crediting import credit as make_credit
from usance.domain.invoicing.invoice import Approved, Issued
from usance.domain.ledger.accounts import Account
from usance.domain.ledger.entry import Entry, EntryKind
from usance.domain.ledger.postings import (
    entry_for_allocation,
    entry_for_credit,
    entry_for_credit_allocation,
    entry_for_issue,
    entry_for_payment,
    entry_for_refund,
    entry_for_void,
    entry_for_write_off,
)
from usance.domain.ledger.trial_balance import imbalances, trial_balance
from usance.domain.money import Money, currency
from usance.domain.payments.allocating import take_back
from usance.domain.payments.credit_balance import balance_of
from usance.domain.payments.refund import call_off

ENT_1, ENT_2 = EntryId("ent_1"), EntryId("ent_2")
INVOICES = LINES.map(lambda lines: issued("inv_1", lines)).filter(
    lambda invoice: not invoice.draft.gross.is_negative
)


def written(entry: Entry | None) -> list[str]:
    """An entry as an accountant writes it down."""
    assert entry is not None
    return [
        f"{'Cr' if each.amount.is_negative else 'Dr'} {each.account} "
        f"{(-each.amount if each.amount.is_negative else each.amount).text}"
        for each in entry.postings
    ]


def test_issuing_books_the_gross_as_owed_and_the_net_and_each_tax_as_owed_by_us() -> None:
    invoice = issued("inv_1", [(100_00, 19), (50_00, 7), (10_00, 0)])
    entry = entry_for_issue(invoice, entry_id=ENT_1)
    assert written(entry) == [
        "Dr receivable 182.50",
        "Cr contract_liability 160.00",
        "Cr tax_payable 19.00",
        "Cr tax_payable 3.50",
    ]


def test_an_invoice_is_booked_on_the_day_it_is_issued() -> None:
    entry = entry_for_issue(issued("inv_1", [(1, 0)], on=date(2026, 2, 3)), entry_id=ENT_1)
    assert entry is not None
    assert (entry.booked_on, entry.source_id) == (date(2026, 2, 3), "inv_1")


def test_an_invoice_of_zero_books_nothing() -> None:
    invoice = issued("inv_1", [(0, 19)])
    assert entry_for_issue(invoice, entry_id=ENT_1) is None
    assert entry_for_void(invoice, entry_id=ENT_2, on=TODAY) is None


def test_lines_that_cancel_out_before_tax_still_book_their_taxes() -> None:
    entry = entry_for_issue(issued("inv_1", [(100_00, 19), (-100_00, 0)]), entry_id=ENT_1)
    assert written(entry) == ["Dr receivable 19.00", "Cr tax_payable 19.00"]


def test_a_void_is_booked_on_its_own_day() -> None:
    invoice = issued("inv_1", [(100_00, 19)], on=date(2026, 2, 28))
    entry = entry_for_void(invoice, entry_id=ENT_1, on=date(2026, 3, 5))
    assert entry is not None
    assert entry.booked_on == date(2026, 3, 5)
    assert written(entry) == [
        "Cr receivable 119.00",
        "Dr contract_liability 100.00",
        "Dr tax_payable 19.00",
    ]


def test_a_payment_is_held_until_it_is_allocated() -> None:
    paid = payment(eur("119.00"))
    assert written(entry_for_payment(paid, entry_id=ENT_1)) == [
        "Dr bank 119.00",
        "Cr unapplied_cash 119.00",
    ]
    made = allocation(eur("119.00"))
    assert written(entry_for_allocation(paid, made, entry_id=ENT_2)) == [
        "Dr unapplied_cash 119.00",
        "Cr receivable 119.00",
    ]


def test_an_over_payment_kept_is_owed_as_customer_credit() -> None:
    entry = entry_for_credit(payment(eur("10")), credit("2.50"), entry_id=ENT_1)
    assert entry.kind is EntryKind.CUSTOMER_CREDIT_KEPT
    assert written(entry) == ["Dr unapplied_cash 2.50", "Cr customer_credit 2.50"]


def test_a_yen_invoice_is_booked_in_yen() -> None:
    yen = currency("JPY")
    entry = entry_for_issue(issued("inv_1", [(1000, 10)], of=yen), entry_id=ENT_1)
    assert entry is not None
    assert (entry.currency, entry.postings[0].amount) == (yen, Money(1100, yen))


def _owes(invoice: Issued) -> bool:
    return invoice.draft.gross.minor > 0


@given(INVOICES)
def test_voiding_an_invoice_leaves_every_account_as_if_it_had_not_been_issued(
    invoice: Issued,
) -> None:
    both = [
        entry_for_issue(invoice, entry_id=ENT_1),
        entry_for_void(invoice, entry_id=ENT_2, on=TODAY),
    ]
    rows = trial_balance(entry for entry in both if entry is not None)
    assert all(row.balance.is_zero for row in rows)


@given(st.integers(1, 10**12))
def test_taking_an_allocation_back_leaves_every_account_as_if_it_had_not_been_made(
    minor: int,
) -> None:
    made = allocation(Money(minor, EUR))
    undone = take_back(made, allocation_id=AllocationId("alc_2"), on=TODAY, was_taken_back=False)
    paid = payment(Money(minor, EUR))
    entries = [
        entry_for_allocation(paid, made, entry_id=ENT_1),
        entry_for_allocation(paid, undone, entry_id=ENT_2),
    ]
    assert entries[1].kind is EntryKind.ALLOCATION_TAKEN_BACK
    assert all(row.balance.is_zero for row in trial_balance(entries))


@given(st.integers(1, 10**12))
def test_calling_a_refund_off_leaves_every_account_as_if_it_had_not_been_promised(
    minor: int,
) -> None:
    promised = refund(Money(minor, EUR).text)
    entries = [
        entry_for_refund(promised, entry_id=ENT_1),
        entry_for_refund(call_off(promised, on=TODAY), entry_id=ENT_2),
    ]
    assert all(row.balance.is_zero for row in trial_balance(entries))


@given(minor=st.integers(1, 10**12), share=st.integers(0, 100))
def test_reversing_a_write_off_leaves_every_account_as_if_it_had_not_been_made(
    minor: int, share: int
) -> None:
    amount, tax = Money(minor, EUR), Money(minor * share // 100, EUR)
    made = bad_debt(amount.text, tax.text)
    item = open_item("inv_4", amount)
    entries = [
        entry_for_write_off(made, item, entry_id=ENT_1),
        entry_for_write_off(made, item, entry_id=ENT_2, reversed_on=TODAY),
    ]
    assert all(row.balance.is_zero for row in trial_balance(entries))


@given(LINES.map(lambda lines: issued("inv_1", lines)).filter(_owes))
def test_crediting_an_invoice_whole_and_applying_the_credit_leaves_every_account_at_zero(
    invoice: Issued,
) -> None:
    wish = CreditWish(reason=CreditReason.CANCELLATION)
    draft = make_credit(invoice, {}, wish, invoice_id=InvoiceId("cn_1"), on=TODAY)
    note = Issued(
        approved=Approved(draft, EIGHT, "test"), number="CN-1", issued_on=TODAY, due_on=TODAY
    )
    applied = credit_allocation(invoice.draft.gross, invoice_id="inv_1")
    entries = [
        entry_for_issue(invoice, entry_id=EntryId("ent_0")),
        entry_for_issue(note, entry_id=ENT_1),
        entry_for_credit_allocation(balance_of(note), applied, entry_id=ENT_2),
    ]
    made = [entry for entry in entries if entry is not None]
    assert all(row.balance.is_zero for row in trial_balance(made))


@given(st.integers(1, 10**12))
def test_releasing_customer_credit_leaves_every_account_as_if_it_had_not_been_kept(
    minor: int,
) -> None:
    paid, kept = payment(Money(minor, EUR)), credit(Money(minor, EUR).text)
    entries = [
        entry_for_credit(paid, kept, entry_id=ENT_1),
        entry_for_credit(paid, credit((-kept.amount).text), entry_id=ENT_2),
    ]
    assert entries[1].kind is EntryKind.CUSTOMER_CREDIT_RELEASED
    assert all(row.balance.is_zero for row in trial_balance(entries))


@given(STEPS)
def test_the_trial_balance_adds_up_to_zero_for_each_legal_entity_and_currency(
    steps: list[tuple[str, object]],
) -> None:
    assert imbalances(trial_balance(lived(steps).entries)) == {}


@given(STEPS)
def test_the_receivable_account_is_what_is_still_due_on_all_issued_invoices(
    steps: list[tuple[str, object]],
) -> None:
    books = lived(steps)
    due = sum(item.amount_due.minor for item in books.items())
    assert books.balance_of(Account.RECEIVABLE) == due


@given(STEPS)
def test_what_is_unapplied_and_what_is_kept_stand_on_their_accounts(
    steps: list[tuple[str, object]],
) -> None:
    books = lived(steps)
    assert books.balance_of(Account.UNAPPLIED_CASH) == -sum(
        balance.left.minor for balance in books.balances()
    )
    assert books.balance_of(Account.CUSTOMER_CREDIT) == -sum(
        balance.kept.minor for balance in books.balances()
    )
