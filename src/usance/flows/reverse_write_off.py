"""Reverse a write-off: what was given up is owed again, for the customer may pay after all."""

from __future__ import annotations

from usance.domain.facts import WriteOffReversed
from usance.domain.ids import AllocationId, EntryId, WriteOffId
from usance.domain.ledger.postings import entry_for_write_off
from usance.domain.payments.allocating import take_back
from usance.domain.payments.write_off import WriteOff
from usance.domain.payments.write_off import WriteOffReversed as ReversedAlready
from usance.flows.runtime import Runtime, Scope
from usance.store import invoices, ledger, parties, payments, write_offs


def reverse_write_off(runtime: Runtime, scope: Scope, write_off_id: WriteOffId) -> WriteOff:
    """The write-off that no longer stands. Raises NotFound, WriteOffReversed."""
    with runtime.transaction(scope) as tx:
        made = write_offs.one(tx, write_off_id)
        stored = invoices.lock(tx, made.invoice_id)
        zone = parties.entity(tx, stored.draft.legal_entity_id).zone
        now, today = runtime.now(tx), runtime.today(tx, zone)
        settled = payments.allocation_of_write_off(tx, write_off_id)
        item = payments.items(tx, [made.invoice_id])[made.invoice_id]

        if payments.was_taken_back(tx, settled.id):
            raise ReversedAlready(write_off_id)
        new_id = AllocationId(runtime.new_id("alc"))
        undone = take_back(settled, allocation_id=new_id, on=today, was_taken_back=False)
        entry_id = EntryId(runtime.new_id("ent"))
        entry = entry_for_write_off(made, item, entry_id=entry_id, reversed_on=today)

        payments.add_allocations(tx, [undone], at=now)
        ledger.append(tx, entry, at=now)
        after = {"amount": str(made.amount), "invoice": made.invoice_id}
        fact = WriteOffReversed(made.invoice_id)
        runtime.note(tx, scope, "write_off.reversed", write_off_id, fact, after=after)
    return made
