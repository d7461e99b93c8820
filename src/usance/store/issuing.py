"""Issuing: a document gets its number, is frozen and booked, and its money finds its place.

Whoever issues does all of it, in one transaction: the flow that issues what was approved, and the
one that credits and bills anew in one step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from usance.domain.customer import Customer
from usance.domain.facts import CreditNoteIssued, Fact, InvoiceIssued, InvoicePaid, RefundPromised
from usance.domain.ids import AllocationId, CustomerCreditId, EntryId, InvoiceId, RefundId
from usance.domain.invoicing.history import Account
from usance.domain.invoicing.invoice import Approved, Disposition, DocumentType, Issued
from usance.domain.invoicing.issuing import document_number, issue
from usance.domain.ledger.entry import Entry
from usance.domain.ledger.postings import (
    entry_for_allocation,
    entry_for_credit,
    entry_for_credit_allocation,
    entry_for_issue,
    entry_for_refund,
)
from usance.domain.legal_entity import LegalEntity
from usance.domain.money import Money
from usance.domain.payments.allocating import OpenItem, Share, as_allocations
from usance.domain.payments.credit_balance import (
    CreditBalance,
    apply_at_issue,
    as_credit_allocations,
    balance_of,
    spread,
)
from usance.domain.payments.payment import Allocation, CustomerCredit, PaymentBalance
from usance.domain.payments.refund import Refund
from usance.domain.receivables_policy import CreditApplication
from usance.store import credit_notes, invoices, ledger, parties, payments, refunds
from usance.store.database import Tx
from usance.store.frozen import tax_shown


@dataclass(frozen=True, slots=True)
class Moment:
    """When it happens: the instant, the day at the legal entity, and new ids."""

    now: datetime
    today: date
    new_id: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The issued document, and what is to be announced of it."""

    issued: Issued
    facts: tuple[Fact, ...]


def save_issued(tx: Tx, approved: Approved, moment: Moment) -> Outcome:
    """Number it, freeze it, book it; then apply credit, or what the credit note says.

    The customer is locked already, with the document. Raises FxRateMissing where the tax must be
    shown in a currency whose rate is not known.
    """
    draft = approved.draft
    seller = parties.entity(tx, draft.legal_entity_id)
    buyer = parties.customer(tx, draft.customer_id)
    year = moment.today.year
    count = invoices.next_number(tx, seller.id, year=year, type=draft.type)
    number = document_number(draft.type, series=seller.series, year=year, count=count)
    issued = issue(approved, number=number, on=moment.today)

    shown = tax_shown(tx, draft, seller, on=moment.today)
    frozen: dict[str, object] = {"seller": seller, "buyer": buyer, "tax_display": shown}
    if draft.bought_by:
        frozen["bought_by"] = parties.names(tx, draft.bought_by)
    invoices.save_issued(tx, issued, parties=frozen)
    entry = entry_for_issue(issued, entry_id=EntryId(moment.new_id("ent")))
    ledger.append(tx, entry, at=moment.now)
    is_automatic = _applies_credit(seller, buyer)
    if draft.type is DocumentType.CREDIT_NOTE:
        facts = (
            CreditNoteIssued(draft.id),
            *_settle(tx, issued, moment, is_automatic=is_automatic),
        )
        return Outcome(issued, facts)
    paid = _use_credit(tx, issued, moment) if is_automatic else ()
    return Outcome(issued, (InvoiceIssued(draft.id), *paid))


def save_credit_applied(
    tx: Tx, note: CreditBalance, shares: Sequence[Share], moment: Moment
) -> tuple[Allocation, ...]:
    """Keep and book what of a credit note goes to which invoice."""
    ids = [AllocationId(moment.new_id("alc")) for _ in shares]
    made = as_credit_allocations(shares, note.credit_note_id, ids=ids, on=moment.today)
    payments.add_allocations(tx, made, at=moment.now)
    entries = [
        entry_for_credit_allocation(note, each, entry_id=EntryId(moment.new_id("ent")))
        for each in made
    ]
    ledger.append_all(tx, entries, at=moment.now)
    return made


def save_refund(tx: Tx, refund: Refund, moment: Moment) -> None:
    """Keep and book a promised refund."""
    refunds.add(tx, refund, at=moment.now)
    entry = entry_for_refund(refund, entry_id=EntryId(moment.new_id("ent")))
    ledger.append(tx, entry, at=moment.now)


def refund_of_credit(note: CreditBalance, amount: Money, moment: Moment) -> Refund:
    """The promise to give back so much of a credit note."""
    return Refund(
        id=RefundId(moment.new_id("ref")),
        customer_id=note.customer_id,
        legal_entity_id=note.legal_entity_id,
        amount=amount,
        promised_on=moment.today,
        credit_note_id=note.credit_note_id,
    )


def _applies_credit(seller: LegalEntity, buyer: Customer) -> bool:
    chosen = buyer.credit_application or seller.receivables.credit_application
    return chosen is CreditApplication.AUTOMATIC


def _settle(tx: Tx, issued: Issued, moment: Moment, *, is_automatic: bool) -> tuple[Fact, ...]:
    """What becomes of a credit note at once, by its disposition."""
    note = balance_of(issued)
    if note.amount.is_zero:
        return ()
    if issued.draft.disposition is Disposition.REFUND:
        refund = refund_of_credit(note, note.amount, moment)
        save_refund(tx, refund, moment)
        return (RefundPromised(refund.id),)
    items = payments.lock_items(tx, note, None)
    shares = apply_at_issue(issued, list(items.values()), is_automatic=is_automatic)
    save_credit_applied(tx, note, shares, moment)
    return _paid_by(shares, items)


def _use_credit(tx: Tx, issued: Issued, moment: Moment) -> tuple[Fact, ...]:
    """Customer credit pays what is open, the oldest due first, until it is used up."""
    draft = issued.draft
    if not credit_notes.may_have_credit(tx, draft.customer_id):
        return ()
    account = Account(draft.customer_id, draft.legal_entity_id, draft.currency)
    items = payments.lock_open(tx, account)
    notes, kept = credit_notes.lock_usable(tx, account), payments.lock_kept(tx, account)
    spent = spread(
        [*(note.left for note in notes), *(each.kept for each in kept)], [*items.values()]
    )
    for note, shares in zip(notes, spent, strict=False):
        save_credit_applied(tx, note, shares, moment)
    for each, shares in zip(kept, spent[len(notes) :], strict=True):
        _save_kept_applied(tx, each, shares, moment)
    return _paid_by([share for shares in spent for share in shares], items)


def _save_kept_applied(
    tx: Tx, balance: PaymentBalance, shares: Sequence[Share], moment: Moment
) -> None:
    """What was kept of a payment is released, and pays."""
    payment = balance.payment
    used = Money(sum(share.amount.minor for share in shares), payment.amount.currency)
    if used.is_zero:
        return
    released = CustomerCredit(
        id=CustomerCreditId(moment.new_id("ccr")),
        payment_id=payment.id,
        amount=-used,
        kept_on=moment.today,
    )
    ids = [AllocationId(moment.new_id("alc")) for _ in shares]
    made = as_allocations(shares, payment, ids=ids, on=moment.today)
    payments.add_credit(tx, released, at=moment.now)
    payments.add_allocations(tx, made, at=moment.now)
    entries: list[Entry] = [
        entry_for_credit(payment, released, entry_id=EntryId(moment.new_id("ent")))
    ]
    for each in made:
        entry_id = EntryId(moment.new_id("ent"))
        entries.append(entry_for_allocation(payment, each, entry_id=entry_id))
    ledger.append_all(tx, entries, at=moment.now)


def _paid_by(
    shares: Sequence[Share], items: Mapping[InvoiceId, OpenItem]
) -> tuple[InvoicePaid, ...]:
    """Which invoices have nothing left to pay once all shares are allocated."""
    allocated: dict[InvoiceId, int] = {}
    for share in shares:
        allocated[share.invoice_id] = allocated.get(share.invoice_id, 0) + share.amount.minor
    return tuple(
        InvoicePaid(invoice_id)
        for invoice_id, minor in allocated.items()
        if minor == items[invoice_id].amount_due.minor
    )
