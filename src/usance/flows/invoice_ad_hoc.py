"""Invoice without a contract: a draft somebody wrote is held for review."""

from __future__ import annotations

from usance.domain.facts import InvoiceDrafted
from usance.domain.ids import CustomerId, LegalEntityId
from usance.domain.invoicing.ad_hoc import AdHocInvoice, ad_hoc_draft
from usance.domain.invoicing.invoice import Draft
from usance.flows.runtime import Runtime, Scope
from usance.store import by_hand, invoices, payers


def invoice_ad_hoc(
    runtime: Runtime,
    scope: Scope,
    *,
    customer_id: CustomerId,
    legal_entity_id: LegalEntityId,
    wanted: AdHocInvoice,
) -> Draft:
    """Rated, taxed and reviewed like every other draft. Raises NotFound, Invalid."""
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, customer_id)
        asked = {(line.tax_code, line.service_period.start) for line in wanted.lines}
        between = by_hand.parties_for(tx, legal_entity_id, customer_id, asked)

        draft = ad_hoc_draft(
            wanted,
            parties=between,
            invoice_id=runtime.invoice_id(),
            on=runtime.today(tx, between.seller.zone),
        )

        invoices.save_drafts(tx, [draft], at=runtime.now(tx))
        after = {"gross": draft.gross.text, "lines": len(draft.lines)}
        fact = InvoiceDrafted(draft.id)
        runtime.note(tx, scope, "invoice.drafted", draft.id, fact, after=after)
    return draft
