"""Approving, numbering, issuing: a draft becomes a document that never changes."""

from __future__ import annotations

from datetime import date, datetime

from usance.domain.errors import NotAllowedNow
from usance.domain.invoicing.invoice import Approved, DocumentType, Draft, Issued, Severity

CREDIT_NOTES = "-CN"  # what a series of credit notes adds to that of invoices


class DraftHasErrors(NotAllowedNow):
    """A draft whose findings include an error cannot be approved until it is put right."""

    code = "DraftHasErrors"

    def __init__(self, draft: Draft) -> None:
        codes = sorted({each.code for each in draft.findings if each.severity is Severity.ERROR})
        super().__init__(f"Invoice {draft.id} cannot be approved: {', '.join(codes)}.")
        self.codes = tuple(codes)


def approve(draft: Draft, *, by: str, at: datetime) -> Approved:
    """Found right by `by` at the instant `at`. Raises DraftHasErrors."""
    if draft.has_errors:
        raise DraftHasErrors(draft)
    return Approved(draft, at, by)


def document_number(type: DocumentType, *, series: str, year: int, count: int) -> str:
    """The `count`-th number of a series in a year: `ACME-2025-00042`, `ACME-CN-2025-00007`."""
    prefix = f"{series}{CREDIT_NOTES}" if type is DocumentType.CREDIT_NOTE else series
    return f"{prefix}-{year}-{count:05d}"


def issue(approved: Approved, *, number: str, on: date) -> Issued:
    """`on` is a day in the legal entity's zone; the due day counts from it."""
    due_on = approved.draft.grouping.payment_terms.due_on(on)
    return Issued(approved=approved, number=number, issued_on=on, due_on=due_on)
