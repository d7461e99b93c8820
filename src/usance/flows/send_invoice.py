"""Send an issued invoice: its hosted link is handed out, once, and the hour is remembered."""

from __future__ import annotations

from usance.domain.facts import InvoiceSent
from usance.domain.ids import InvoiceId
from usance.flows.runtime import Runtime, Scope
from usance.store import invoices


def send_invoice(runtime: Runtime, scope: Scope, invoice_id: InvoiceId) -> None:
    """Raises NotFound, InvoiceNotIssued. Sending again changes nothing and announces nothing."""
    with runtime.transaction(scope) as tx:
        stored = invoices.lock_issued(tx, invoice_id)
        if stored.sent_at is not None:
            return

        invoices.save_sent(tx, invoice_id, at=runtime.now(tx))
        runtime.note(tx, scope, "invoice.sent", invoice_id, InvoiceSent(invoice_id))
