"""Credit an issued invoice, or some of its lines: a credit note is held for review."""

from __future__ import annotations

from usance.domain.facts import CreditNoteDrafted
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.crediting import CreditWish, credit
from usance.domain.invoicing.invoice import Draft
from usance.flows.runtime import Runtime, Scope
from usance.store import credit_notes, invoices, parties, write_offs


def credit_invoice(
    runtime: Runtime, scope: Scope, invoice_id: InvoiceId, wish: CreditWish
) -> Draft:
    """The held credit note. Its days stay billed: `credit_and_rebill` is for those to be billed
    anew. Raises NotFound, InvoiceNotIssued, InvoiceGivenUp, NotCreditable, Invalid.
    """
    with runtime.transaction(scope) as tx:
        source = invoices.lock_issued(tx, invoice_id)
        write_offs.refuse_bad_debt(tx, invoice_id)
        zone = parties.entity(tx, source.draft.legal_entity_id).zone
        given_back = credit_notes.given_back(tx, invoice_id)

        note = credit(
            source.as_issued(),
            given_back,
            wish,
            invoice_id=runtime.invoice_id(),
            on=runtime.today(tx, zone),
        )

        invoices.save_drafts(tx, [note], at=runtime.now(tx))
        after = {"creditNote": note.id, "gross": note.gross.text, "reason": note.reason}
        fact = CreditNoteDrafted(note.id)
        runtime.note(tx, scope, "invoice.credited", invoice_id, fact, after=after)
    return note
