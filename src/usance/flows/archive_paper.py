"""The PDF of an issued invoice: rendered once from what was frozen at issue, the same ever after.

It says what was owed when it was issued; what was paid since, or that it was made void, is the
page's to say. So the bytes are the same whoever fetches them, and whenever.
"""

from __future__ import annotations

from usance.documents.paper.invoice_paper import frozen_view
from usance.documents.paper.pdf import invoice_pdf
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.invoice import InvoiceNotIssued
from usance.flows.runtime import Runtime, Scope
from usance.store import invoices, papers
from usance.store.frozen import names_of, parties_of, tax_display_of


def archive_paper(runtime: Runtime, scope: Scope, invoice_id: InvoiceId) -> bytes:
    """The archived PDF; archived now, when nobody asked for it before.

    Rendered outside any transaction: it takes a moment. Of two who are first at once, one archives
    and both serve what is archived. Raises NotFound; InvoiceNotIssued while it has no number.
    """
    with runtime.transaction(scope) as tx:
        kept = papers.archived(tx, invoice_id)
        if kept is not None:
            return kept
        stored = invoices.one(tx, invoice_id)
        if stored.number is None:
            raise InvoiceNotIssued(invoice_id, stored.status)

    seller, buyer = parties_of(stored)
    view = frozen_view(
        stored.as_issued(),
        seller=seller,
        buyer=buyer,
        tax_display=tax_display_of(stored),
        preceding=stored.preceding,
        names=names_of(stored),
    )
    pdf = invoice_pdf(view)

    with runtime.transaction(scope) as tx:
        added = papers.add(tx, invoice_id, pdf, at=runtime.now(tx))
        if added:
            runtime.note(tx, scope, "invoice.archived", invoice_id)
            return pdf
        archived = papers.archived(tx, invoice_id)
        assert archived is not None, "somebody was first, so there is one"
        return archived
