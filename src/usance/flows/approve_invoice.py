"""Approve a draft: somebody found it right, and from now on it follows its contract no more."""

from __future__ import annotations

from usance.domain.errors import Conflict
from usance.domain.facts import InvoiceApproved
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.invoice import Approved
from usance.domain.invoicing.issuing import approve
from usance.flows.runtime import Runtime, Scope
from usance.store import desk, invoices


class DraftChanged(Conflict):
    """What the draft was made from has changed since it was shown; look at it again."""

    code = "DraftChanged"

    def __init__(self, invoice_id: InvoiceId) -> None:
        super().__init__(
            f"Invoice {invoice_id} is out of date: its usage or contract has changed since it was "
            "drafted. Refresh it, look at it again, then approve it."
        )


def approve_invoice(
    runtime: Runtime, scope: Scope, invoice_id: InvoiceId, *, seen: str | None = None
) -> Approved:
    """Raises NotFound, InvoiceNotDraft, DraftHasErrors; DraftChanged when the draft is not what
    it would be made now, or not what the reviewer saw (`seen`, its input hash).
    """
    with runtime.transaction(scope) as tx:
        draft = invoices.lock_draft(tx, invoice_id)
        made_now = desk.redraft(tx, draft, runtime.invoice_id)

        if not desk.is_current(draft, made_now) or seen not in (None, draft.input_hash):
            raise DraftChanged(invoice_id)
        approved = approve(draft, by=scope.actor, at=runtime.now(tx))

        invoices.save_approved(tx, approved)
        runtime.note(tx, scope, "invoice.approved", invoice_id, InvoiceApproved(invoice_id))
    return approved
