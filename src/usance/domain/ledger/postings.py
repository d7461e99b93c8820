"""What each event books. Pure: the event goes in, the entry comes out, or None for nothing."""

from __future__ import annotations

from datetime import date

from usance.domain.ids import CustomerId, EntryId
from usance.domain.invoicing.ad_hoc import LATE_PAYMENT
from usance.domain.invoicing.invoice import DocumentType, Draft, Issued
from usance.domain.ledger.accounts import Account
from usance.domain.ledger.entry import Entry, EntryKind, Posting
from usance.domain.money import Money
from usance.domain.payments.allocating import OpenItem
from usance.domain.payments.credit_balance import CreditBalance
from usance.domain.payments.payment import Allocation, CustomerCredit, Payment
from usance.domain.payments.refund import Refund
from usance.domain.payments.write_off import WriteOff, WriteOffKind


def entry_for_issue(issued: Issued, *, entry_id: EntryId) -> Entry | None:
    """The customer owes the gross; we owe the service and, per rate, the tax. A credit note turns
    it round: the customer has its gross with us until it is applied or refunded.

    None for a document on which every amount is zero: there is nothing to book.
    """
    draft = issued.draft
    postings = _issue_postings(draft)
    if not postings:
        return None
    is_credit_note = draft.type is DocumentType.CREDIT_NOTE
    return Entry(
        id=entry_id,
        legal_entity_id=draft.legal_entity_id,
        currency=draft.currency,
        kind=EntryKind.CREDIT_NOTE_ISSUED if is_credit_note else EntryKind.INVOICE_ISSUED,
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
    is_credit_note = draft.type is DocumentType.CREDIT_NOTE
    return Entry(
        id=entry_id,
        legal_entity_id=draft.legal_entity_id,
        currency=draft.currency,
        kind=EntryKind.CREDIT_NOTE_VOIDED if is_credit_note else EntryKind.INVOICE_VOIDED,
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


def entry_for_credit_allocation(
    note: CreditBalance, allocation: Allocation, *, entry_id: EntryId
) -> Entry:
    """What the customer has with us pays a debt; a row that takes it back books the reverse."""
    is_reverse = allocation.takes_back is not None
    return Entry(
        id=entry_id,
        legal_entity_id=note.legal_entity_id,
        currency=note.amount.currency,
        kind=EntryKind.ALLOCATION_TAKEN_BACK if is_reverse else EntryKind.CREDIT_ALLOCATED,
        source_id=allocation.id,
        booked_on=allocation.allocated_on,
        postings=_move(
            allocation.amount,
            note.customer_id,
            debit=Account.CUSTOMER_CREDIT,
            credit=Account.RECEIVABLE,
        ),
    )


def entry_for_refund(refund: Refund, *, entry_id: EntryId) -> Entry:
    """What a refund books where it stands: promised, we owe it; sent, it left the bank; called off,
    the customer has it with us again.
    """
    held = Account.UNAPPLIED_CASH if refund.payment_id is not None else Account.CUSTOMER_CREDIT
    owed = Account.REFUNDS_PAYABLE
    if refund.sent_on is not None:
        kind, on, debit, credit = EntryKind.REFUND_SENT, refund.sent_on, owed, Account.BANK
    elif refund.canceled_on is not None:
        kind, on, debit, credit = EntryKind.REFUND_CANCELED, refund.canceled_on, owed, held
    else:
        kind, on, debit, credit = EntryKind.REFUND_PROMISED, refund.promised_on, held, owed
    return Entry(
        id=entry_id,
        legal_entity_id=refund.legal_entity_id,
        currency=refund.amount.currency,
        kind=kind,
        source_id=refund.id,
        booked_on=on,
        postings=_move(refund.amount, refund.customer_id, debit=debit, credit=credit),
    )


def entry_for_write_off(
    made: WriteOff, item: OpenItem, *, entry_id: EntryId, reversed_on: date | None = None
) -> Entry:
    """What is given up is an expense without its tax, which tax offices give back. Reversed, on
    the day of the reversal, it books the other way round.
    """
    is_small = made.kind is WriteOffKind.SMALL_DIFFERENCE
    loss = Account.PAYMENT_DIFFERENCES if is_small else Account.BAD_DEBT
    amounts = [
        (loss, made.amount - made.tax),
        (Account.BAD_DEBT_TAX, made.tax),
        (Account.RECEIVABLE, -made.amount),
    ]
    is_reversed = reversed_on is not None
    return Entry(
        id=entry_id,
        legal_entity_id=item.legal_entity_id,
        currency=made.amount.currency,
        kind=EntryKind.WRITE_OFF_REVERSED if is_reversed else EntryKind.INVOICE_WRITTEN_OFF,
        source_id=made.id,
        booked_on=reversed_on or made.written_off_on,
        postings=tuple(
            Posting(account, -amount if is_reversed else amount, item.customer_id)
            for account, amount in amounts
            if not amount.is_zero
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
    is_credit_note = draft.type is DocumentType.CREDIT_NOTE
    late = [line.net.minor for line in draft.lines if line.treatment.rule == LATE_PAYMENT.rule]
    fees = Money(sum(late), draft.currency)
    amounts = [
        (Account.CUSTOMER_CREDIT if is_credit_note else Account.RECEIVABLE, draft.gross),
        (Account.CONTRACT_LIABILITY, fees - draft.net),
        (Account.LATE_FEE_INCOME, -fees),
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
