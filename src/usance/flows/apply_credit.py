"""Apply a credit note: to the invoices somebody names, or to the oldest that are due."""

from __future__ import annotations

from collections.abc import Sequence

from usance.domain.facts import InvoicePaid
from usance.domain.ids import InvoiceId
from usance.domain.payments.allocating import NamedAllocation, allocate, settled_by
from usance.domain.payments.payment import Allocation
from usance.flows.runtime import Runtime, Scope
from usance.store import credit_notes, issuing, parties, payments


def apply_credit(
    runtime: Runtime,
    scope: Scope,
    credit_note_id: InvoiceId,
    named: Sequence[NamedAllocation] | None = None,
) -> tuple[Allocation, ...]:
    """The new allocations, as `named`, or found by the rules for None; then possibly none.

    Raises NotFound (an issued credit note, invoice), InvoiceNotIssued, Invalid.
    """
    with runtime.transaction(scope) as tx:
        note = credit_notes.one_balance(tx, credit_note_id)
        zone = parties.entity(tx, note.legal_entity_id).zone
        moment = issuing.Moment(runtime.now(tx), runtime.today(tx, zone), runtime.new_id)
        payments.lock_customer(tx, note.customer_id)
        ids = None if named is None else [each.invoice_id for each in named]
        items = payments.lock_items(tx, note, ids)
        note = credit_notes.lock_balance(tx, credit_note_id)

        shares = allocate(note, note.left, items, named)
        if not shares:
            return ()
        made = issuing.save_credit_applied(tx, note, shares, moment)
        paid = [InvoicePaid(invoice_id) for invoice_id in settled_by(shares, items)]
        after = {each.invoice_id: each.amount.text for each in made}
        runtime.note(tx, scope, "credit_note.applied", credit_note_id, *paid, after=after)
    return made
