"""An invoice as it travels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum

from pydantic import Field

from usance.api.envelope import Amount, CurrencyCode, Instant, Quantity, Wire
from usance.api.fields import Days, WorkingWire, days
from usance.domain.due_items import Source
from usance.domain.invoicing.findings import remedy
from usance.domain.invoicing.invoice import (
    DocumentType,
    Draft,
    Finding,
    InvoiceLine,
    InvoiceStatus,
    as_shown,
)
from usance.domain.metering.totals import UsageTotal
from usance.domain.money import Money
from usance.domain.payments.settlement import settlement
from usance.domain.tax.amounts import TaxRow
from usance.store.invoice_rows import StoredInvoice


class InvoiceState(StrEnum):
    """Where it stands: what was done to it, then what was paid of it by today."""

    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    OPEN = "OPEN"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"
    OVERDUE = "OVERDUE"
    VOID = "VOID"


class UsageEvidence(Wire):
    """What a metered quantity rests on."""

    quantity: Quantity
    event_count: int
    unread_count: int = Field(description="Events that matched but lack a value to read.")
    last_received_at: Instant | None


class TaxPart(Wire):
    """One of several taxes on a line, and its share of the line's tax."""

    jurisdiction: str
    percent: str
    tax: Amount


class SourceLine(Wire):
    """A line of an earlier document, counted from 1."""

    invoice_id: str
    position: int


class LineItem(Wire):
    """One line: what, when, how many, how much, and how that came about."""

    contract_id: str | None
    contract_line_id: str | None
    for_customer_id: str | None = Field(
        description="Who bought it, where an account above pays; null: the invoice's customer."
    )
    kind: str
    description: str
    service_period: Days
    quantity: Quantity
    unit: str | None
    unit_price: Amount | None = Field(description="Null where one price does not tell.")
    amount: Amount = Field(description="Before tax.")
    tax: Amount = Field(description="Its share of the document's tax.")
    tax_code: str
    tax_category: str = Field(description="EN 16931: S, Z, E, AE or O.")
    tax_percent: str
    tax_parts: list[TaxPart] = Field(description="Each of several taxes; empty where it is one.")
    tax_rule: str
    usage: UsageEvidence | None
    source: SourceLine | None = Field(description="The line that this one gives back or corrects.")
    working: WorkingWire

    @classmethod
    def of(cls, line: InvoiceLine) -> LineItem:
        """As it travels."""
        bears = line.treatment
        return cls(
            contract_id=line.contract_id,
            contract_line_id=line.line_id,
            for_customer_id=line.for_customer_id,
            kind=line.kind.value,
            description=line.description,
            service_period=days(line.service_period),
            quantity=f"{line.quantity:f}",
            unit=line.unit or None,
            unit_price=None if line.unit_amount is None else f"{line.unit_amount:f}",
            amount=line.net.text,
            tax=line.tax.text,
            tax_code=line.tax_code,
            tax_category=bears.category.value,
            tax_percent=f"{bears.percent:f}",
            tax_parts=[
                TaxPart(jurisdiction=each.jurisdiction, percent=f"{each.percent:f}", tax=tax.text)
                for each, tax in zip(bears.components, line.tax_parts, strict=True)
            ],
            tax_rule=bears.rule,
            usage=None if line.usage is None else _evidence(line.usage),
            source=None if line.source is None else _source(line.source),
            working=WorkingWire.of(line.working),
        )


class TaxLine(Wire):
    """The tax of one category, rate and jurisdiction."""

    category: str
    jurisdiction: str | None = Field(description="Who levies it, where the tax has a name.")
    percent: str
    taxable: Amount
    tax: Amount
    reason: str | None = Field(description="Why none is due, where none is.")

    @classmethod
    def of(cls, row: TaxRow) -> TaxLine:
        """As it travels."""
        return cls(
            category=row.category.value,
            jurisdiction=row.jurisdiction or None,
            percent=f"{row.percent:f}",
            taxable=row.taxable.text,
            tax=row.tax.text,
            reason=row.reason or None,
        )


class FindingWire(Wire):
    """Something a reviewer should look at; an ERROR must be gone before approval."""

    severity: str
    code: str
    path: str
    message: str
    remedy: str = Field(description="What to do next about it.")

    @classmethod
    def of(cls, finding: Finding) -> FindingWire:
        """As it travels."""
        return cls(
            severity=finding.severity.value,
            code=finding.code,
            path=finding.path,
            message=finding.message,
            remedy=remedy(finding),
        )


class DocumentWire(Wire):
    """What a document says, held, issued, or not made yet. A credit note in positive figures."""

    type: DocumentType
    customer_id: str
    legal_entity_id: str
    contract_ids: list[str]
    currency: CurrencyCode
    subtotal: Amount = Field(description="Before tax.")
    tax: Amount
    total: Amount
    bill_on: str = Field(description="The day its items fell due.")
    issue_date: str | None
    due_date: str = Field(description="Of a draft: when it is due if it is issued on `billOn`.")
    po_number: str | None
    line_items: list[LineItem]
    taxes: list[TaxLine]
    findings: list[FindingWire]


class UpcomingInvoice(DocumentWire):
    """A document that would be drafted, by the same function that bills."""

    @classmethod
    def of(cls, draft: Draft) -> UpcomingInvoice:
        """As it travels."""
        return cls.model_validate(dict(_said(draft, None, None)))


class InvoiceWire(DocumentWire):
    """A document that exists."""

    id: str
    number: str | None = Field(description="Null until issued; gapless in its series.")
    state: InvoiceState
    amount_paid: Amount
    amount_credited: Amount = Field(description="Settled by credit notes, or written off.")
    amount_due: Amount
    input_hash: str = Field(
        description="Of all the draft was made from; pass it as `seen` when you approve."
    )
    created_at: Instant
    approved_at: Instant | None
    approved_by: str | None
    sent_at: Instant | None
    voided_on: str | None
    void_reason: str | None
    hosted_url: str | None = Field(description="The customer's page, once it is issued.")

    @classmethod
    def of(cls, stored: StoredInvoice, *, today: date, hosted_url: str | None) -> InvoiceWire:
        """As it travels; `today` is a day of its legal entity."""
        state, due = _standing(stored, today)
        return cls.model_validate(
            {
                **dict(_said(stored.draft, stored.issued_on, stored.due_on)),
                "id": stored.id,
                "number": stored.number,
                "state": state,
                "amount_paid": stored.paid.text,
                "amount_credited": (stored.allocated - stored.paid).text,
                "amount_due": due.text,
                "input_hash": stored.draft.input_hash,
                "created_at": stored.created_at,
                "approved_at": stored.approved_at,
                "approved_by": stored.approved_by,
                "sent_at": stored.sent_at,
                "voided_on": _iso(stored.voided_on),
                "void_reason": stored.void_reason,
                "hosted_url": hosted_url,
            }
        )


class ApproveBody(Wire):
    """What the reviewer saw."""

    seen: str | None = Field(
        default=None, description="The `inputHash` looked at; another one now is refused."
    )
    comment: str | None = Field(default=None, max_length=500, description="Kept with it.")


class VoidBody(Wire):
    """Why it stands no more."""

    reason: str = Field(min_length=1, max_length=500, examples=["Wrong customer"])


def _standing(stored: StoredInvoice, today: date) -> tuple[InvoiceState, Money]:
    """Its state, and what is still to be paid of it."""
    if stored.status is not InvoiceStatus.ISSUED:
        nothing = Money.zero(stored.draft.currency)
        return InvoiceState(stored.status.value), nothing
    if stored.draft.type is DocumentType.CREDIT_NOTE:  # nobody pays it; its own page says more
        return InvoiceState.PAID, Money.zero(stored.draft.currency)
    issued = stored.as_issued()
    found = settlement(stored.draft.gross, stored.allocated, due_on=issued.due_on, today=today)
    return InvoiceState(found.state.value), found.amount_due


def _said(
    draft: Draft, issued_on: date | None, due_on: date | None
) -> Iterator[tuple[str, object]]:
    due = due_on or draft.grouping.payment_terms.due_on(draft.bill_on)
    shown = as_shown(draft)
    yield "type", draft.type
    yield "customer_id", draft.customer_id
    yield "legal_entity_id", draft.legal_entity_id
    yield "contract_ids", list(dict.fromkeys(x.contract_id for x in draft.lines if x.contract_id))
    yield "currency", draft.currency.code
    yield "subtotal", shown.net.text
    yield "tax", shown.tax.text
    yield "total", shown.gross.text
    yield "bill_on", draft.bill_on.isoformat()
    yield "issue_date", _iso(issued_on)
    yield "due_date", due.isoformat()
    yield "po_number", draft.grouping.po_number or None
    yield "line_items", [LineItem.of(line) for line in shown.lines]
    yield "taxes", [TaxLine.of(row) for row in shown.taxes]
    yield (
        "findings",
        [FindingWire.of(finding) for finding in draft.findings],
    )


def _source(named: Source) -> SourceLine:
    return SourceLine(invoice_id=named.invoice_id, position=named.position)


def _evidence(usage: UsageTotal) -> UsageEvidence:
    return UsageEvidence(
        quantity=f"{usage.quantity:f}",
        event_count=usage.event_count,
        unread_count=usage.unread_count,
        last_received_at=usage.last_received_at,
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
