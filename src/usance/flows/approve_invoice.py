"""Approve a draft: somebody found it right; once the rules have what they ask, it is frozen."""

from __future__ import annotations

from dataclasses import replace

from usance.domain.catalog import is_storable
from usance.domain.errors import Conflict, Invalid, Problem
from usance.domain.facts import InvoiceApproved
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.review import Approval, Decision, approved, with_approval
from usance.flows.runtime import Runtime, Scope
from usance.store import approvals, desk, invoices

MAX_COMMENT = 500


class DraftChanged(Conflict):
    """What the draft was made from has changed since it was shown; look at it again."""

    code = "DraftChanged"

    def __init__(self, invoice_id: InvoiceId) -> None:
        super().__init__(
            f"Invoice {invoice_id} is out of date: its usage or contract has changed since it was "
            "drafted. Refresh it, look at it again, then approve it."
        )


def approve_invoice(
    runtime: Runtime,
    scope: Scope,
    invoice_id: InvoiceId,
    *,
    seen: str | None = None,
    comment: str = "",
    is_dry: bool = False,
) -> Decision:
    """One person's approval. APPROVED once the decision is satisfied; else a DRAFT that waits for
    another person's. A dry run decides the same and keeps nothing.

    Raises NotFound, InvoiceNotDraft, DraftHasErrors, SamePersonAgain, ApproverNotNamed; Invalid
    (InvalidComment); DraftChanged when the draft is not what it would be made now, or not what the
    reviewer saw (`seen`, its input hash).
    """
    _check_comment(comment)
    with runtime.transaction(scope) as tx:
        draft = invoices.lock_draft(tx, invoice_id)  # read
        made_now = desk.redraft(tx, draft, runtime.invoice_id)
        asked = approvals.asked(tx, draft)
        before = approvals.of(tx, [invoice_id])[invoice_id]

        if not desk.is_current(draft, made_now) or seen not in (None, draft.input_hash):  # decide
            raise DraftChanged(invoice_id)
        judged = replace(draft, findings=made_now[0].findings)
        new = Approval(scope.actor, runtime.now(tx), draft.input_hash, comment)
        decision = with_approval(judged, asked, before, new)
        if is_dry:
            return decision

        approvals.append(tx, invoice_id, new)  # write
        if decision.is_satisfied:
            invoices.save_approved(tx, approved(draft, decision))
        announced = [InvoiceApproved(invoice_id)] if decision.is_satisfied else []
        action = "invoice.approved" if decision.is_satisfied else "invoice.approval_given"
        was = {"status": "DRAFT", "approvedBy": [each.by for each in before]}
        runtime.note(  # announce
            tx, scope, action, invoice_id, *announced, before=was, after=_told(decision, new)
        )
    return decision


def _told(decision: Decision, new: Approval) -> dict[str, object]:
    return {
        "status": "APPROVED" if decision.is_satisfied else "DRAFT",
        "approvedBy": [each.by for each in decision.approvals],
        "inputHash": new.input_hash,
        "comment": new.comment,
        "asked": [f"{each.rule} ({each.source})" for each in decision.demands],
    }


def _check_comment(comment: str) -> None:
    if len(comment) > MAX_COMMENT or not is_storable(comment):
        expected = f"at most {MAX_COMMENT} characters of text"
        raise Invalid(Problem("InvalidComment", "comment", ascii(comment[:80])[1:-1], expected))
