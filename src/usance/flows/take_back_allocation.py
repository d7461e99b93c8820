"""Take an allocation back: the invoice is owed again, the money is unallocated again."""

from __future__ import annotations

from usance.domain.ids import AllocationId, EntryId
from usance.domain.ledger.postings import entry_for_allocation
from usance.domain.payments.allocating import take_back
from usance.domain.payments.payment import Allocation
from usance.flows.runtime import Runtime, Scope
from usance.store import ledger, parties, payments


def take_back_allocation(runtime: Runtime, scope: Scope, allocation_id: AllocationId) -> Allocation:
    """The row that undoes it, wholly; both stay. Raises NotFound, AllocationTakenBack."""
    with runtime.transaction(scope) as tx:
        allocation = payments.allocation(tx, allocation_id)
        payment = payments.one(tx, allocation.payment_id).payment
        zone = parties.entity(tx, payment.legal_entity_id).zone
        now, today = runtime.now(tx), runtime.today(tx, zone)
        payments.lock_customer(tx, payment.customer_id)
        payments.lock_items(tx, payment, [allocation.invoice_id])
        payments.lock(tx, payment.id)
        was_taken_back = payments.was_taken_back(tx, allocation_id)

        new_id = AllocationId(runtime.new_id("alc"))
        undone = take_back(
            allocation, allocation_id=new_id, on=today, was_taken_back=was_taken_back
        )
        entry_id = EntryId(runtime.new_id("ent"))
        entry = entry_for_allocation(payment, undone, entry_id=entry_id)

        payments.add_allocations(tx, [undone], at=now)
        ledger.append(tx, entry, at=now)
        before = {"invoice": allocation.invoice_id, "amount": str(allocation.amount)}
        runtime.note(tx, scope, "allocation.taken_back", payment.id, before=before)
    return undone
