"""Issue an approved draft: number it, freeze it, book it, tell the world."""

from __future__ import annotations

from usance.domain.facts import InvoiceIssued
from usance.domain.ids import EntryId, InvoiceId
from usance.domain.invoicing.invoice import Issued
from usance.domain.invoicing.issuing import invoice_number, issue
from usance.domain.ledger.postings import entry_for_issue
from usance.flows.runtime import Runtime, Scope
from usance.store import invoices, ledger, parties


def issue_invoice(runtime: Runtime, scope: Scope, invoice_id: InvoiceId) -> Issued:
    """Raises NotFound, InvoiceNotApproved. A second call is refused: no number is used twice."""
    with runtime.transaction(scope) as tx:
        approved = invoices.lock_approved(tx, invoice_id)  # read
        seller = parties.entity(tx, approved.draft.legal_entity_id)
        buyer = parties.customer(tx, approved.draft.customer_id)
        today = runtime.today(tx, seller.zone)
        count = invoices.next_number(tx, seller.id, year=today.year)

        number = invoice_number(series=seller.series, year=today.year, count=count)  # decide
        issued = issue(approved, number=number, on=today)
        entry = entry_for_issue(issued, entry_id=EntryId(runtime.new_id("ent")))

        invoices.save_issued(tx, issued, parties={"seller": seller, "buyer": buyer})  # write
        if entry is not None:
            ledger.append(tx, entry, at=runtime.now(tx))
        runtime.note(  # announce
            tx,
            scope,
            "invoice.issued",
            invoice_id,
            InvoiceIssued(invoice_id),
            after={"number": number, "gross": issued.draft.gross.text},
        )
    return issued
