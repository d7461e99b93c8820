"""Record a bank transfer that arrived: keep it, say what it pays, book both, tell the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from usance.domain.facts import InvoicePaid, PaymentRecorded
from usance.domain.ids import (
    AllocationId,
    CustomerId,
    EntryId,
    InvoiceId,
    LegalEntityId,
    PaymentId,
    WriteOffId,
)
from usance.domain.ledger.postings import (
    entry_for_allocation,
    entry_for_payment,
    entry_for_write_off,
)
from usance.domain.money import Money
from usance.domain.payments.allocating import (
    NamedAllocation,
    OpenItem,
    Share,
    allocate,
    as_allocations,
    settled_by,
)
from usance.domain.payments.payment import (
    Allocation,
    BankReferenceUsed,
    Payment,
    PaymentBalance,
    refuse_future,
)
from usance.domain.payments.write_off import (
    WriteOffKind,
    WriteOffWish,
    settled_by_write_off,
    small_enough,
    write_off,
)
from usance.flows.runtime import Runtime, Scope
from usance.store import ledger, parties, payments, write_offs
from usance.store.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPayment:
    """A bank transfer as it stands on the statement.

    `allocations`: the invoices it pays; None: Usance finds them (domain/payments says how); empty:
    nothing is allocated yet. `received_on` is the booking day on the bank account.
    """

    legal_entity_id: LegalEntityId
    customer_id: CustomerId
    amount: Money
    received_on: date
    bank_reference: str | None = None
    remittance: str = ""
    allocations: Sequence[NamedAllocation] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPayment:
    """The payment, its rows so far, and what is left. `is_repeat`: it had been recorded before."""

    balance: PaymentBalance
    allocations: tuple[Allocation, ...]
    is_repeat: bool = False


def record_payment(runtime: Runtime, scope: Scope, wanted: RecordPayment) -> RecordedPayment:
    """The payment as recorded.

    The bank's reference names a movement once: the same movement recorded again is given back as
    it stands now, and nothing is done. Raises BankReferenceUsed for another one under that
    reference; NotFound (legal entity, customer, invoice); InvoiceNotIssued; Invalid.
    """
    with runtime.transaction(scope) as tx:
        zone = parties.entity(tx, wanted.legal_entity_id).zone
        payments.lock_customer(tx, wanted.customer_id)
        now, today = runtime.now(tx), runtime.today(tx, zone)
        payment = _received(wanted, PaymentId(runtime.new_id("pay")), today)
        if not payments.add(tx, payment, at=now):  # asks and writes at once: two may be asking
            return _recorded_before(tx, payment)
        named = wanted.allocations
        ids = None if named is None else [each.invoice_id for each in named]
        items = payments.lock_items(tx, payment, ids)

        shares = allocate(payment, payment.amount, items, named)
        new_ids = [AllocationId(runtime.new_id("alc")) for _ in shares]
        allocations = as_allocations(shares, payment, ids=new_ids, on=today)
        entries = [entry_for_payment(payment, entry_id=EntryId(runtime.new_id("ent")))]
        for allocation in allocations:
            entry_id = EntryId(runtime.new_id("ent"))
            entries.append(entry_for_allocation(payment, allocation, entry_id=entry_id))

        payments.add_allocations(tx, allocations, at=now)
        ledger.append_all(tx, entries, at=now)
        given_up = _save_small_differences(runtime, tx, shares, items, today)
        paid = [InvoicePaid(invoice_id) for invoice_id in (*settled_by(shares, items), *given_up)]
        recorded = RecordedPayment(balance=payments.one(tx, payment.id), allocations=allocations)
        facts = (PaymentRecorded(payment.id), *paid)
        runtime.note(tx, scope, "payment.recorded", payment.id, *facts, after=_audited(recorded))
    return recorded


def _save_small_differences(
    runtime: Runtime,
    tx: Tx,
    shares: Sequence[Share],
    items: Mapping[InvoiceId, OpenItem],
    today: date,
) -> list[InvoiceId]:
    """Write off what a bank's fee left open, within the entity's tolerance: of which invoices."""
    found = []
    for share in shares:
        item = items[share.invoice_id]
        item = replace(item, allocated=item.allocated + share.amount)
        tolerances = parties.entity(tx, item.legal_entity_id).receivables.tolerances
        if not small_enough(item.amount_due, tolerances):
            continue
        made = write_off(
            item,
            Money.zero(share.amount.currency),
            WriteOffWish(kind=WriteOffKind.SMALL_DIFFERENCE, reason="short payment in tolerance"),
            write_off_id=WriteOffId(runtime.new_id("wof")),
            tolerances=tolerances,
            on=today,
        )
        settled = settled_by_write_off(made, allocation_id=AllocationId(runtime.new_id("alc")))
        write_offs.add_all(tx, [made], at=runtime.now(tx))
        payments.add_allocations(tx, [settled], at=runtime.now(tx))
        entry = entry_for_write_off(made, item, entry_id=EntryId(runtime.new_id("ent")))
        ledger.append(tx, entry, at=runtime.now(tx))
        found.append(item.invoice_id)
    return found


def _received(wanted: RecordPayment, payment_id: PaymentId, today: date) -> Payment:
    payment = Payment(
        id=payment_id,
        legal_entity_id=wanted.legal_entity_id,
        customer_id=wanted.customer_id,
        amount=wanted.amount,
        received_on=wanted.received_on,
        bank_reference=wanted.bank_reference,
        remittance=wanted.remittance,
    )
    refuse_future(payment, today=today)
    return payment


def _recorded_before(tx: Tx, payment: Payment) -> RecordedPayment:
    first = payments.by_bank_reference(tx, payment.legal_entity_id, payment.bank_reference)
    assert first is not None, "only a bank reference keeps a payment from being added"
    assert payment.bank_reference is not None, "and it has one"
    if not payment.is_same_movement(first.payment):
        raise BankReferenceUsed(payment.bank_reference, first.payment.id)
    allocations = tuple(payments.allocations_of_payment(tx, first.payment.id))
    return RecordedPayment(balance=first, allocations=allocations, is_repeat=True)


def _audited(recorded: RecordedPayment) -> dict[str, object]:
    payment = recorded.balance.payment
    return {
        "amount": str(payment.amount),
        "receivedOn": str(payment.received_on),
        "bankReference": payment.bank_reference,
        "allocated": {each.invoice_id: each.amount.text for each in recorded.allocations},
    }
