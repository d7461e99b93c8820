"""Approving and issuing: what may become a document, and that it stays one."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.deals import DAYS, EUR, PARTIES, portfolios
from tests.domain.invoicing.agreement import agreement, drafts_of
from tests.domain.invoicing.test_drafting import drafted, items_of
from usance.domain.contracts.contract import Contract
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.invoice import (
    Approved,
    DocumentType,
    Draft,
    Finding,
    InvoiceNotApproved,
    InvoiceNotDraft,
    InvoiceNotIssued,
    Severity,
)
from usance.domain.invoicing.issuing import (
    DraftHasErrors,
    approve,
    document_number,
    issue,
)
from usance.domain.invoicing.taxed_items import Parties
from usance.domain.money import Money

NOON = datetime(2025, 2, 1, 12, tzinfo=UTC)
DAY = date(2025, 2, 3)
FINDINGS = st.lists(
    st.builds(Finding, st.sampled_from(Severity), st.just("Code"), st.just(""), st.just("Text.")),
    max_size=4,
).map(tuple)


def plain_draft() -> Draft:
    """Ten seats for January: 357.00 with tax, and the first invoice of its contract."""
    (draft,) = drafts_of(agreement())
    return draft


def parts(value: object) -> list[object]:
    """A value and all values in it that have fields."""
    if isinstance(value, tuple):
        return [inner for each in value for inner in parts(each)]
    if not is_dataclass(value):
        return []
    inside = [inner for one in fields(value) for inner in parts(getattr(value, one.name))]
    return [value, *inside]


@given(portfolios(), PARTIES, DAYS)
def test_an_issued_invoice_never_changes(
    signed: list[Contract], parties: Parties, on: date
) -> None:
    for draft in drafted(items_of(signed)[:5], parties=parties):
        sound = replace(draft, findings=())
        issued = issue(approve(sound, by="ada", at=NOON), number="ALT-2025-00001", on=on)
        assert issued.draft == sound
        for part in parts(issued):
            for one in fields(part):  # type: ignore[arg-type]
                with pytest.raises(FrozenInstanceError):
                    setattr(part, one.name, None)


@given(FINDINGS, DAYS)
def test_only_what_was_approved_is_issued(findings: tuple[Finding, ...], on: date) -> None:
    """And a draft with an error cannot be approved."""
    draft = replace(plain_draft(), findings=findings)
    if any(finding.severity is Severity.ERROR for finding in findings):
        with pytest.raises(DraftHasErrors) as refused:
            approve(draft, by="ada", at=NOON)
        assert refused.value.codes == ("Code",)
        return
    approved = approve(draft, by="ada", at=NOON)
    issued = issue(approved, number="ALT-2025-00001", on=on)
    assert issued.approved is approved
    assert issued.approved == Approved(draft, NOON, "ada")
    assert issued.due_on == on + timedelta(days=30)


def test_a_number_names_its_series_year_and_place() -> None:
    assert (
        document_number(DocumentType.INVOICE, series="ACME", year=2025, count=42)
        == "ACME-2025-00042"
    )
    assert (
        document_number(DocumentType.INVOICE, series="ACME", year=2025, count=123456)
        == "ACME-2025-123456"
    )
    note = document_number(DocumentType.CREDIT_NOTE, series="ACME", year=2025, count=7)
    assert note == "ACME-CN-2025-00007"


def test_the_due_day_counts_from_the_day_of_issue() -> None:
    issued = issue(approve(plain_draft(), by="ada", at=NOON), number="ALT-2025-00001", on=DAY)
    assert (issued.issued_on, issued.due_on) == (DAY, date(2025, 3, 5))


def test_a_document_whose_parts_do_not_add_up_cannot_exist() -> None:
    draft = plain_draft()
    cent = Money(1, EUR)
    for wrong in ({"net": cent}, {"tax": cent}, {"gross": cent}, {"lines": ()}, {"taxes": ()}):
        with pytest.raises(AssertionError):
            replace(draft, **wrong)


@pytest.mark.parametrize(
    ("refusal", "needed"),
    [(InvoiceNotDraft, "DRAFT"), (InvoiceNotApproved, "APPROVED"), (InvoiceNotIssued, "ISSUED")],
)
def test_a_refusal_says_which_state_it_is_in_and_which_it_needs(
    refusal: type[InvoiceNotDraft | InvoiceNotApproved | InvoiceNotIssued], needed: str
) -> None:
    text = str(refusal(InvoiceId("inv_1"), "VOID"))
    assert text.startswith("Invoice inv_1 is VOID; ")
    assert needed in text
