"""Edit a held invoice that was written by hand: other lines, terms or PO number."""

from __future__ import annotations

from usance.domain.ids import InvoiceId
from usance.domain.invoicing.ad_hoc import AdHocInvoice, NotWrittenByHand, ad_hoc_draft
from usance.domain.invoicing.invoice import DocumentType, Draft
from usance.flows.runtime import Runtime, Scope
from usance.store import by_hand, desk, invoices


def edit_ad_hoc(
    runtime: Runtime, scope: Scope, invoice_id: InvoiceId, wanted: AdHocInvoice
) -> Draft:
    """The draft as it is now, under its id; customer and legal entity stay.

    Raises NotFound, InvoiceNotDraft, NotWrittenByHand, Invalid.
    """
    with runtime.transaction(scope) as tx:
        held = invoices.lock_draft(tx, invoice_id)
        asked = {(line.tax_code, line.service_period.start) for line in wanted.lines}
        between = by_hand.parties_for(tx, held.legal_entity_id, held.customer_id, asked)

        if not held.is_by_hand or held.type is DocumentType.CREDIT_NOTE:
            raise NotWrittenByHand(invoice_id)
        draft = ad_hoc_draft(wanted, parties=between, invoice_id=invoice_id, on=held.bill_on)

        at = runtime.now(tx)
        desk.save_redrafted(tx, held, [draft], at=at, actor=scope.actor)
    return draft
