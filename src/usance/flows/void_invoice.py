"""Void a draft, or an invoice nobody has paid: what it billed falls due again."""

from __future__ import annotations

from datetime import date

from usance.domain.catalog import is_storable
from usance.domain.errors import Invalid, Problem
from usance.domain.facts import InvoiceVoided
from usance.domain.ids import EntryId, InvoiceId
from usance.domain.invoicing.invoice import InvoiceNotVoidable, InvoiceStatus
from usance.domain.ledger.postings import entry_for_void
from usance.flows.runtime import Runtime, Scope
from usance.store import credit_notes, desk, invoices, ledger, parties
from usance.store.database import Tx
from usance.store.invoice_rows import StoredInvoice

MAX_REASON = 500


def void_invoice(runtime: Runtime, scope: Scope, invoice_id: InvoiceId, *, reason: str) -> None:
    """An issued invoice keeps its number and its place in the series; the ledger is reversed.

    Raises NotFound; InvoiceNotVoidable when it is void already, money is allocated to it (take the
    allocation back first), or a credit note refers to it; Invalid (ReasonMissing) without a reason.
    """
    if not reason.strip() or len(reason) > MAX_REASON or not is_storable(reason):
        expected = f"a reason of 1 to {MAX_REASON} characters, for the auditor"
        raise Invalid(Problem("ReasonMissing", "reason", ascii(reason[:80])[1:-1], expected))
    with runtime.transaction(scope) as tx:
        stored = invoices.lock(tx, invoice_id)
        _refuse_unvoidable(tx, stored)
        seller = parties.entity(tx, stored.draft.legal_entity_id)
        today = runtime.today(tx, seller.zone)

        invoices.save_void(tx, invoice_id, on=today, reason=reason)
        _reverse(runtime, tx, stored, today)
        desk.save_due_again(tx, stored.draft)
        fact = InvoiceVoided(invoice_id)
        was = {"status": stored.status, "number": stored.number}
        runtime.note(
            tx, scope, "invoice.voided", invoice_id, fact, before=was, after={"reason": reason}
        )


def _refuse_unvoidable(tx: Tx, stored: StoredInvoice) -> None:
    if stored.status is InvoiceStatus.VOID:
        raise InvoiceNotVoidable(f"Invoice {stored.id} is void already.")
    if not stored.allocated.is_zero:
        raise InvoiceNotVoidable(
            f"{stored.allocated} is allocated to invoice {stored.id}; take it back first."
        )
    for note_id in credit_notes.of_invoice(tx, stored.id):
        raise InvoiceNotVoidable(
            f"Credit note {note_id} gives back some of invoice {stored.id}; void it first."
        )
    for other_id in credit_notes.relying_on(tx, stored.id):
        raise InvoiceNotVoidable(
            f"Invoice {other_id} gives back less because of credit note {stored.id}; void it first."
        )
    note = credit_notes.balances(tx, [stored.id]).get(stored.id)
    if note is not None and note.left != note.amount:
        raise InvoiceNotVoidable(
            f"{note.amount - note.left} of credit note {note.number} is used; take it back first."
        )


def _reverse(runtime: Runtime, tx: Tx, stored: StoredInvoice, today: date) -> None:
    if stored.status is not InvoiceStatus.ISSUED:
        return
    entry_id = EntryId(runtime.new_id("ent"))
    entry = entry_for_void(stored.as_issued(), entry_id=entry_id, on=today)
    if entry is not None:
        ledger.append(tx, entry, at=runtime.now(tx))
