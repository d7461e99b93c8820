"""Issue an approved draft: number it, freeze it, book it, tell the world."""

from __future__ import annotations

from usance.domain.ids import InvoiceId
from usance.domain.invoicing.invoice import Issued
from usance.flows.runtime import Runtime, Scope
from usance.store import invoices, issuing, parties


def issue_invoice(runtime: Runtime, scope: Scope, invoice_id: InvoiceId) -> Issued:
    """An invoice is paid by the customer's credit at once where that is applied automatically; of a
    credit note becomes what its disposition says.

    Raises NotFound, InvoiceNotApproved. A second call is refused: no number is used twice.
    """
    with runtime.transaction(scope) as tx:
        approved = invoices.lock_approved(tx, invoice_id)
        seller = parties.entity(tx, approved.draft.legal_entity_id)
        today = runtime.today(tx, seller.zone)
        moment = issuing.Moment(runtime.now(tx), today, runtime.new_id)

        outcome = issuing.save_issued(tx, approved, moment)
        issued = outcome.issued
        after = {"number": issued.number, "gross": issued.draft.gross.text}
        action = f"{issued.draft.type.lower()}.issued"
        runtime.note(tx, scope, action, invoice_id, *outcome.facts, after=after)
    return issued
