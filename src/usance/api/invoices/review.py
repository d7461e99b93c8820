"""The review desk: approve one or many, withdraw, compare with the previous one, look back."""

from __future__ import annotations

from functools import partial

from usance.api.caller import Asked, Caller
from usance.api.envelope import Single
from usance.api.fields import PathId, at
from usance.api.invoices.review_wire import (
    ActWire,
    ApprovedMany,
    ApproveManyBody,
    ComparisonWire,
    HeldFilter,
    InvoiceReviewWire,
    ReviewedInvoice,
    WithdrawBody,
)
from usance.api.invoices.routes import rendered
from usance.api.invoices.wire import ApproveBody
from usance.api.route import REPEATS, resource
from usance.domain.errors import Invalid, NotFound, Problem
from usance.domain.ids import InvoiceId, LegalEntityId
from usance.domain.invoicing.invoice import InvoiceStatus
from usance.domain.invoicing.review import decision
from usance.domain.money import Money, currency
from usance.flows.approve_invoice import approve_invoice
from usance.flows.approve_many import approve_many
from usance.flows.withdraw_approval import withdraw_approval
from usance.store import approvals, audit, comparisons, invoices
from usance.store.approvals import Selection
from usance.store.database import Tx

router = resource("invoices", tag="Invoices")


@router.post(
    "/approve",
    operation_id="approveInvoices",
    summary="Approve many drafts",
    openapi_extra={REPEATS: True},
)
def approve_all(caller: Asked, body: ApproveManyBody) -> Single[ApprovedMany]:
    """Each for itself: what is refused does not hold up the others.

    Say which by `invoiceIds` or by `filter`. 200 even when some were refused: look at `outcomes`.
    """
    asked = _asked(body)
    approve = partial(
        approve_invoice,
        caller.runtime,
        caller.scope,
        comment=body.comment or "",
        is_dry=body.dry_run,
    )
    outcomes = approve_many(caller.runtime, caller.scope, asked, approve)
    return Single(data=ApprovedMany.of(outcomes, is_dry=body.dry_run))


@router.post("/{id}/approve", operation_id="approveInvoice", summary="Approve a draft")
def approve(caller: Asked, id: PathId, body: ApproveBody | None = None) -> Single[ReviewedInvoice]:
    """APPROVED when the rules have all they ask for: from then on it follows its contract and
    usage no more. Else it stays a DRAFT, and `review` says whose approval is missing and why.
    """
    said = body or ApproveBody()
    approve_invoice(
        caller.runtime, caller.scope, InvoiceId(id), seen=said.seen, comment=said.comment or ""
    )
    return _reviewed(caller, InvoiceId(id))


@router.post(
    "/{id}/withdraw-approval", operation_id="withdrawApproval", summary="Withdraw an approval"
)
def withdraw(caller: Asked, id: PathId, body: WithdrawBody) -> Single[ReviewedInvoice]:
    """Before it is issued: it is a DRAFT again, and is reviewed from the start."""
    withdraw_approval(caller.runtime, caller.scope, InvoiceId(id), reason=body.reason)
    return _reviewed(caller, InvoiceId(id))


@router.get("/{id}/review", operation_id="getReview", summary="See where a review stands")
def get_review(caller: Asked, id: PathId) -> Single[InvoiceReviewWire]:
    """Which rule asks for whom, and who approved."""
    with caller.transaction() as tx:
        return Single(data=_review(tx, InvoiceId(id)))


@router.get(
    "/{id}/comparison", operation_id="compareInvoice", summary="Compare with the previous invoice"
)
def get_comparison(caller: Asked, id: PathId) -> Single[ComparisonWire]:
    """Line by line beside the last one of the same customer, entity, currency and grouping."""
    with caller.transaction() as tx:
        return Single(data=ComparisonWire.of(comparisons.compared(tx, InvoiceId(id))))


@router.get("/{id}/history", operation_id="getInvoiceHistory", summary="Read an invoice's history")
def get_history(caller: Asked, id: PathId) -> Single[list[ActWire]]:
    """Who did what to it and when, before and after; oldest first."""
    with caller.transaction() as tx:
        rows = audit.of_subject(tx, id)
        if not rows:
            invoices.one(tx, InvoiceId(id))
    acts = [ActWire.of(row) for row in rows if row.action.startswith("invoice.")]
    if rows and not acts:
        raise NotFound("invoice", id)
    return Single(data=acts)


def _reviewed(caller: Caller, invoice_id: InvoiceId) -> Single[ReviewedInvoice]:
    with caller.transaction() as tx:
        [shown] = rendered(caller, tx, [invoices.one(tx, invoice_id)])
        review = _review(tx, invoice_id)
    return Single(data=ReviewedInvoice.with_review(shown, review))


def _review(tx: Tx, invoice_id: InvoiceId) -> InvoiceReviewWire:
    stored = invoices.one(tx, invoice_id)
    standing = approvals.of(tx, [invoice_id])[invoice_id]
    found = decision(stored.draft, approvals.asked(tx, stored.draft), standing)
    return InvoiceReviewWire.of(found, is_draft=stored.status is InvoiceStatus.DRAFT)


def _asked(body: ApproveManyBody) -> list[InvoiceId] | Selection:
    if (body.invoice_ids is None) == (body.filter is None):
        expected = "either invoiceIds or filter"
        raise Invalid(Problem("InvalidSelection", "invoiceIds", "", expected))
    if body.filter is None:
        return [InvoiceId(ref) for ref in body.invoice_ids or ()]
    return _selection(body.filter)


def _selection(wanted: HeldFilter) -> Selection:
    if (wanted.up_to is None) != (wanted.currency is None):
        expected = "an amount and its currency, or neither"
        raise Invalid(Problem("MissingField", "filter.upTo", "", expected))
    limit = None
    if wanted.up_to is not None and wanted.currency is not None:
        text, code = wanted.up_to, wanted.currency
        of = at("filter.currency", lambda: currency(code))
        limit = at("filter.upTo", lambda: Money.parse(text, of))
    entity = wanted.legal_entity_id
    return Selection(
        legal_entity_id=None if entity is None else LegalEntityId(entity),
        up_to=limit,
        without_findings=wanted.without_findings,
    )
