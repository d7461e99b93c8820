"""Write an invoice off: what is open on it is given up, all or some of it."""

from __future__ import annotations

from usance.domain.facts import InvoiceWrittenOff
from usance.domain.ids import AllocationId, EntryId, InvoiceId, WriteOffId
from usance.domain.ledger.postings import entry_for_write_off
from usance.domain.payments.write_off import (
    WriteOff,
    WriteOffWish,
    settled_by_write_off,
    write_off,
)
from usance.flows.runtime import Runtime, Scope
from usance.store import invoices, ledger, parties, payments, write_offs


def write_off_invoice(
    runtime: Runtime, scope: Scope, invoice_id: InvoiceId, wish: WriteOffWish
) -> WriteOff:
    """A bad debt, its tax apart, or a difference within the entity's tolerance.

    Raises NotFound, InvoiceNotIssued, Invalid.
    """
    with runtime.transaction(scope) as tx:
        stored = invoices.lock_issued(tx, invoice_id)
        seller = parties.entity(tx, stored.draft.legal_entity_id)
        item = payments.items(tx, [invoice_id])[invoice_id]
        now, today = runtime.now(tx), runtime.today(tx, seller.zone)

        made = write_off(
            item,
            stored.draft.tax,
            wish,
            write_off_id=WriteOffId(runtime.new_id("wof")),
            tolerances=seller.receivables.tolerances,
            on=today,
        )
        settled = settled_by_write_off(made, allocation_id=AllocationId(runtime.new_id("alc")))
        entry = entry_for_write_off(made, item, entry_id=EntryId(runtime.new_id("ent")))

        write_offs.add_all(tx, [made], at=now)
        payments.add_allocations(tx, [settled], at=now)
        ledger.append(tx, entry, at=now)
        after = {"writeOff": made.id, "amount": str(made.amount), "reason": made.reason}
        fact = InvoiceWrittenOff(invoice_id)
        runtime.note(tx, scope, "invoice.written_off", invoice_id, fact, after=after)
    return made
