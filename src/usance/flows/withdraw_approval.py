"""Withdraw approval before issue: the invoice is a draft again, and nobody's approval stands."""

from __future__ import annotations

from usance.domain.catalog import is_storable
from usance.domain.errors import Invalid, Problem
from usance.domain.facts import InvoiceApprovalWithdrawn
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.invoice import InvoiceStatus
from usance.domain.invoicing.review import ApprovalNotWithdrawable
from usance.flows.runtime import Runtime, Scope
from usance.store import approvals, invoices

MAX_REASON = 500


def withdraw_approval(
    runtime: Runtime, scope: Scope, invoice_id: InvoiceId, *, reason: str
) -> None:
    """It follows its contract and usage again, and is reviewed from the start, whoever had
    approved it: a person, two, or a rule.

    Raises NotFound; ApprovalNotWithdrawable when there is none or it was issued or made void;
    Invalid (ReasonMissing) without a reason.
    """
    if not reason.strip() or len(reason) > MAX_REASON or not is_storable(reason):
        expected = f"a reason of 1 to {MAX_REASON} characters, for the auditor"
        raise Invalid(Problem("ReasonMissing", "reason", ascii(reason[:80])[1:-1], expected))
    with runtime.transaction(scope) as tx:
        stored = invoices.lock(tx, invoice_id)
        standing = approvals.of(tx, [invoice_id])[invoice_id]
        is_waiting = stored.status is InvoiceStatus.DRAFT and standing
        if stored.status is not InvoiceStatus.APPROVED and not is_waiting:
            raise ApprovalNotWithdrawable(invoice_id, stored.status)

        approvals.delete(tx, invoice_id)
        by = [each.by for each in standing] or [str(stored.approved_by)]
        runtime.note(
            tx,
            scope,
            "invoice.approval_withdrawn",
            invoice_id,
            InvoiceApprovalWithdrawn(invoice_id),
            before={"status": stored.status, "approvedBy": by},
            after={"status": "DRAFT", "reason": reason},
        )
