"""What each event books. Pure: the event goes in, the entry comes out, or None for nothing."""

from __future__ import annotations

from datetime import date

from usance.domain.ids import CustomerId, EntryId
from usance.domain.invoicing.invoice import Draft, Issued
from usance.domain.ledger.accounts import Account
from usance.domain.ledger.entry import Entry, EntryKind, Posting
from usance.domain.money import Money
from usance.domain.payments.payment import Allocation, CustomerCredit, Payment


def entry_for_issue(issued: Issued, *, entry_id: EntryId) -> Entry | None:
    """The customer owes the gross; we owe the service and, per rate, the tax.

    None for an invoice on which every amount is zero: there is nothing to book.
    """
    draft = issued.draft
    postings = _issue_postings(draft)
    if not postings:
        return None
    return Entry(
        id=entry_id,
        legal_entity_id=draft.legal_entity_id,
        currency=draft.currency,
        kind=EntryKind.INVOICE_ISSUED,
        source_id=draft.id,
        booked_on=issued.issued_on,
        postings=postings,
    )


def entry_for_void(issued: Issued, *, entry_id: EntryId, on: date) -> Entry | None:
    """The exact reverse of issuing, booked on the day of the void, never on the invoice's own.

    None where issuing booked nothing. Nothing may be allocated to the invoice any more.
    """
    draft = issued.draft
    postings = _issue_postings(draft)
    if not postings:
        return None
    return Entry(
        id=entry_id,
        legal_entity_id=draft.legal_entity_id,
        currency=draft.currency,
        kind=EntryKind.INVOICE_VOIDED,
        source_id=draft.id,
        booked_on=on,
        postings=tuple(Posting(one.account, -one.amount, one.customer_id) for one in postings),
    )


def entry_for_payment(payment: Payment, *, entry_id: EntryId) -> Entry:
    """The money is ours to hold, and to account for: it pays nothing until it is allocated."""
    return Entry(
        id=entry_id,
        legal_entity_id=payment.legal_entity_id,
        currency=payment.amount.currency,
        kind=EntryKind.PAYMENT_RECEIVED,
        source_id=payment.id,
        booked_on=payment.received_on,
        postings=_move(
            payment.amount,
            payment.customer_id,
            debit=Account.BANK,
            credit=Account.UNAPPLIED_CASH,
        ),
    )


def entry_for_allocation(payment: Payment, allocation: Allocation, *, entry_id: EntryId) -> Entry:
    """Money held pays a debt; a row that takes an allocation back books the reverse."""
    is_reverse = allocation.takes_back is not None
    kind = EntryKind.ALLOCATION_TAKEN_BACK if is_reverse else EntryKind.PAYMENT_ALLOCATED
    return Entry(
        id=entry_id,
        legal_entity_id=payment.legal_entity_id,
        currency=payment.amount.currency,
        kind=kind,
        source_id=allocation.id,
        booked_on=allocation.allocated_on,
        postings=_move(
            allocation.amount,
            payment.customer_id,
            debit=Account.UNAPPLIED_CASH,
            credit=Account.RECEIVABLE,
        ),
    )


def entry_for_credit(payment: Payment, credit: CustomerCredit, *, entry_id: EntryId) -> Entry:
    """Money held becomes the customer's credit; a release books the reverse."""
    is_release = credit.amount.is_negative
    kind = EntryKind.CUSTOMER_CREDIT_RELEASED if is_release else EntryKind.CUSTOMER_CREDIT_KEPT
    return Entry(
        id=entry_id,
        legal_entity_id=payment.legal_entity_id,
        currency=payment.amount.currency,
        kind=kind,
        source_id=credit.id,
        booked_on=credit.kept_on,
        postings=_move(
            credit.amount,
            payment.customer_id,
            debit=Account.UNAPPLIED_CASH,
            credit=Account.CUSTOMER_CREDIT,
        ),
    )


def _issue_postings(draft: Draft) -> tuple[Posting, ...]:
    """Nothing is posted for an amount of zero: an exempt line owes no tax."""
    amounts = [
        (Account.RECEIVABLE, draft.gross),
        (Account.CONTRACT_LIABILITY, -draft.net),
        *((Account.TAX_PAYABLE, -row.tax) for row in draft.taxes),
    ]
    return tuple(
        Posting(account, amount, draft.customer_id)
        for account, amount in amounts
        if not amount.is_zero
    )


def _move(
    amount: Money, customer_id: CustomerId, *, debit: Account, credit: Account
) -> tuple[Posting, ...]:
    return Posting(debit, amount, customer_id), Posting(credit, -amount, customer_id)
