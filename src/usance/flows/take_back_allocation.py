"""Take an allocation back: the invoice is owed again, and what paid it pays nothing again."""

from __future__ import annotations

from usance.domain.errors import NotFound
from usance.domain.ids import AllocationId, EntryId
from usance.domain.ledger.postings import entry_for_allocation, entry_for_credit_allocation
from usance.domain.payments.allocating import take_back
from usance.domain.payments.credit_balance import CreditBalance
from usance.domain.payments.payment import Allocation, Payment
from usance.flows.runtime import Runtime, Scope
from usance.store import credit_notes, ledger, parties, payments
from usance.store.database import Tx


def take_back_allocation(runtime: Runtime, scope: Scope, allocation_id: AllocationId) -> Allocation:
    """The row that undoes it, wholly; both stay. Of a payment or a credit note; a write-off is
    reversed. Raises NotFound, AllocationTakenBack.
    """
    with runtime.transaction(scope) as tx:
        allocation = payments.allocation(tx, allocation_id)
        funds = _funds(tx, allocation)
        zone = parties.entity(tx, funds.legal_entity_id).zone
        now, today = runtime.now(tx), runtime.today(tx, zone)
        payments.lock_customer(tx, funds.customer_id)
        payments.lock_items(tx, funds, [allocation.invoice_id])
        if allocation.payment_id is not None:
            payments.lock(tx, allocation.payment_id)
        was_taken_back = payments.was_taken_back(tx, allocation_id)

        new_id = AllocationId(runtime.new_id("alc"))
        undone = take_back(
            allocation, allocation_id=new_id, on=today, was_taken_back=was_taken_back
        )
        entry_id = EntryId(runtime.new_id("ent"))
        if isinstance(funds, Payment):
            entry = entry_for_allocation(funds, undone, entry_id=entry_id)
        else:
            entry = entry_for_credit_allocation(funds, undone, entry_id=entry_id)

        payments.add_allocations(tx, [undone], at=now)
        ledger.append(tx, entry, at=now)
        before = {"invoice": allocation.invoice_id, "amount": str(allocation.amount)}
        subject = allocation.payment_id or allocation.credit_note_id
        assert subject is not None, "only money and credit are taken back here"
        runtime.note(tx, scope, "allocation.taken_back", subject, before=before)
    return undone


def _funds(tx: Tx, allocation: Allocation) -> Payment | CreditBalance:
    """What was allocated. Raises NotFound for a write-off, which is reversed instead."""
    if allocation.payment_id is not None:
        return payments.one(tx, allocation.payment_id).payment
    if allocation.credit_note_id is not None:
        return credit_notes.one_balance(tx, allocation.credit_note_id)
    raise NotFound("allocation of a payment or a credit note", allocation.id)
