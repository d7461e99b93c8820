"""Allocate what is left of a payment: to invoices issued since, or at last understood."""

from __future__ import annotations

from collections.abc import Sequence

from usance.domain.facts import InvoicePaid
from usance.domain.ids import AllocationId, EntryId, PaymentId
from usance.domain.ledger.postings import entry_for_allocation
from usance.domain.payments.allocating import (
    NamedAllocation,
    allocate,
    as_allocations,
    settled_by,
)
from usance.domain.payments.payment import Allocation
from usance.flows.runtime import Runtime, Scope
from usance.store import ledger, parties, payments


def allocate_payment(
    runtime: Runtime,
    scope: Scope,
    payment_id: PaymentId,
    named: Sequence[NamedAllocation] | None = None,
) -> tuple[Allocation, ...]:
    """The new allocations, as `named`, or found by the rules for None; then possibly none.

    Raises NotFound (payment, invoice), InvoiceNotIssued, Invalid. What was kept as credit has to
    be released first.
    """
    with runtime.transaction(scope) as tx:
        payment = payments.one(tx, payment_id).payment
        zone = parties.entity(tx, payment.legal_entity_id).zone
        now, today = runtime.now(tx), runtime.today(tx, zone)
        payments.lock_customer(tx, payment.customer_id)
        ids = None if named is None else [each.invoice_id for each in named]
        items = payments.lock_items(tx, payment, ids)
        left = payments.lock(tx, payment_id).left

        shares = allocate(payment, left, items, named)
        if not shares:
            return ()
        new_ids = [AllocationId(runtime.new_id("alc")) for _ in shares]
        allocations = as_allocations(shares, payment, ids=new_ids, on=today)
        entries = [
            entry_for_allocation(payment, each, entry_id=EntryId(runtime.new_id("ent")))
            for each in allocations
        ]

        payments.add_allocations(tx, allocations, at=now)
        ledger.append_all(tx, entries, at=now)
        paid = [InvoicePaid(invoice_id) for invoice_id in settled_by(shares, items)]
        after = {each.invoice_id: each.amount.text for each in allocations}
        runtime.note(tx, scope, "payment.allocated", payment_id, *paid, after=after)
    return allocations
