"""An invoice as rows, and rows as an invoice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from usance.domain.calendar import Period
from usance.domain.due_items import Grouping, LineKind, Source
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.invoice import (
    Approved,
    Disposition,
    DocumentType,
    Draft,
    Finding,
    InvoiceLine,
    InvoiceStatus,
    Issued,
)
from usance.domain.metering.totals import UsageTotal
from usance.domain.money import Currency, Money, currency
from usance.domain.payments.settlement import Settlement, settlement
from usance.domain.tax.amounts import TaxRow
from usance.domain.tax.rates import TaxCategory
from usance.domain.tax.treatment import TaxComponent, TaxTreatment
from usance.store.codec import raw_json, value_from, working_from
from usance.store.database import Row, range_text

INVOICE_COLUMNS = (
    *("id", "legal_entity_id", "customer_id", "currency", "status", "bill_on", "grouping"),
    *("net_minor", "tax_minor", "gross_minor", "findings", "input_hash", "created_at", "type"),
    *("reason", "disposition"),
)
LINE_COLUMNS = (
    *("invoice_id", "position", "contract_id", "contract_line_id", "kind", "description", "unit"),
    *("service_period", "quantity", "unit_amount", "net_minor", "tax_code", "tax_category"),
    *("tax_percent", "tax_rule", "tax_reason", "tax_minor", "tax_parts", "working", "usage"),
    *("source_invoice_id", "source_position", "for_customer_id"),
)
TAX_COLUMNS = (
    *("invoice_id", "category", "percent", "taxable_minor", "tax_minor", "reason"),
    "jurisdiction",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredInvoice:
    """An invoice of any state as it is kept, with what was allocated to it so far: `allocated` by
    payments, credit notes and write-offs, `paid` by payments alone. `preceding` are the numbers of
    the documents a credit note refers to (BT-25).

    `number`, `issued_on`, `due_on` and `parties` are there together, once it was issued.
    """

    draft: Draft
    status: InvoiceStatus
    created_at: datetime
    approved_at: datetime | None
    approved_by: str | None
    number: str | None
    issued_on: date | None
    due_on: date | None
    parties: Any
    sent_at: datetime | None
    voided_on: date | None
    void_reason: str | None
    allocated: Money
    paid: Money
    preceding: tuple[str, ...] = ()

    @property
    def id(self) -> InvoiceId:
        """Its id."""
        return self.draft.id

    def settlement(self, today: date) -> Settlement | None:
        """Paid, open or late, and what is still due, on a day of its legal entity; None before
        it is issued and once it is void.
        """
        if self.status is not InvoiceStatus.ISSUED or self.due_on is None:
            return None
        return settlement(self.draft.gross, self.allocated, due_on=self.due_on, today=today)

    def state(self, today: date) -> str:
        """DRAFT, APPROVED or VOID; once issued OPEN, PARTIALLY_PAID, PAID or OVERDUE."""
        settled = self.settlement(today)
        return self.status.value if settled is None else settled.state.value

    def as_approved(self) -> Approved:
        """The same as a domain value; for one that was approved."""
        assert self.approved_at is not None, "approval is dated"
        assert self.approved_by is not None, "somebody approved it"
        return Approved(self.draft, self.approved_at, self.approved_by)

    def as_issued(self) -> Issued:
        """The same as a domain value; for one that was issued."""
        assert self.number is not None, "an issued invoice has a number"
        assert self.issued_on is not None, "an issued invoice has its day"
        assert self.due_on is not None, "an issued invoice has a due day"
        return Issued(
            approved=self.as_approved(),
            number=self.number,
            issued_on=self.issued_on,
            due_on=self.due_on,
        )


def invoice_row(draft: Draft, at: datetime) -> tuple[object, ...]:
    """Its row in `invoices`, in INVOICE_COLUMNS."""
    return (
        draft.id,
        draft.legal_entity_id,
        draft.customer_id,
        draft.currency.code,
        "DRAFT",
        draft.bill_on,
        raw_json(draft.grouping),
        draft.net.minor,
        draft.tax.minor,
        draft.gross.minor,
        raw_json(draft.findings),
        draft.input_hash,
        at,
        draft.type.value,
        draft.reason,
        None if draft.disposition is None else draft.disposition.value,
    )


def line_rows(draft: Draft) -> Iterator[tuple[object, ...]]:
    """Its rows in `invoice_lines`, in LINE_COLUMNS."""
    for position, line in enumerate(draft.lines, start=1):
        bears = line.treatment
        yield (
            draft.id,
            position,
            line.contract_id,
            line.line_id,
            line.kind.value,
            line.description,
            line.unit,
            _days(line),
            line.quantity,
            line.unit_amount,
            line.net.minor,
            line.tax_code,
            bears.category.value,
            bears.percent,
            bears.rule,
            bears.reason,
            line.tax.minor,
            raw_json(_parts_of(line)) if line.tax_parts else None,
            raw_json(line.working),
            None if line.usage is None else raw_json(line.usage),
            None if line.source is None else line.source.invoice_id,
            None if line.source is None else line.source.position,
            line.for_customer_id,
        )


def tax_rows(draft: Draft) -> Iterator[tuple[object, ...]]:
    """Its rows in `invoice_taxes`, in TAX_COLUMNS."""
    for row in draft.taxes:
        yield (
            draft.id,
            row.category.value,
            row.percent,
            row.taxable.minor,
            row.tax.minor,
            row.reason,
            row.jurisdiction,
        )


def stored_from(row: Row, lines: Sequence[Row], taxes: Sequence[Row]) -> StoredInvoice:
    """The invoice of those rows."""
    return StoredInvoice(
        draft=_draft_from(row, lines, taxes),
        status=InvoiceStatus(row.status),
        created_at=row.created_at,
        approved_at=row.approved_at,
        approved_by=row.approved_by,
        number=row.number,
        issued_on=row.issued_on,
        due_on=row.due_on,
        parties=row.parties,
        sent_at=row.sent_at,
        voided_on=row.voided_on,
        void_reason=row.void_reason,
        allocated=_settled_from(row, 0),
        paid=_settled_from(row, 1),
        preceding=tuple(row.preceding or ()),
    )


def _settled_from(row: Row, at: int) -> Money:
    return Money(int(row.settled_minor[at] or 0), currency(row.currency))


def _draft_from(row: Row, lines: Sequence[Row], taxes: Sequence[Row]) -> Draft:
    of = currency(row.currency)
    return Draft(
        id=row.id,
        legal_entity_id=row.legal_entity_id,
        customer_id=row.customer_id,
        currency=of,
        bill_on=row.bill_on,
        grouping=value_from(row.grouping, Grouping),
        lines=tuple(_line_from(line, of) for line in lines),
        taxes=tuple(_tax_from(tax, of) for tax in taxes),
        net=Money(row.net_minor, of),
        tax=Money(row.tax_minor, of),
        gross=Money(row.gross_minor, of),
        findings=tuple(value_from(finding, Finding) for finding in row.findings),
        input_hash=row.input_hash,
        type=DocumentType(row.type),
        reason=row.reason,
        disposition=None if row.disposition is None else Disposition(row.disposition),
    )


def _line_from(row: Row, of: Currency) -> InvoiceLine:
    parts = _parts_from(row)
    return InvoiceLine(
        contract_id=row.contract_id,
        line_id=row.contract_line_id,
        kind=LineKind(row.kind),
        description=row.description,
        unit=row.unit,
        service_period=Period(row.starts_on, row.ends_on),
        quantity=row.quantity,
        unit_amount=row.unit_amount,
        net=Money(row.net_minor, of),
        tax_code=row.tax_code,
        treatment=treatment_from(row),
        tax=Money(row.tax_minor, of),
        working=working_from(row.working),
        usage=None if row.usage is None else value_from(row.usage, UsageTotal),
        source=None
        if row.source_invoice_id is None
        else Source(row.source_invoice_id, row.source_position),
        tax_parts=tuple(Money(part.minor, of) for part in parts),
        for_customer_id=row.for_customer_id,
    )


def treatment_from(row: Row) -> TaxTreatment:
    """What the line of that row bears."""
    return TaxTreatment(
        TaxCategory(row.tax_category),
        row.tax_percent,
        row.tax_rule,
        row.tax_reason,
        tuple(TaxComponent(*part[:3]) for part in _parts_from(row)),
    )


def _tax_from(row: Row, of: Currency) -> TaxRow:
    return TaxRow(
        TaxCategory(row.category),
        row.percent,
        Money(row.taxable_minor, of),
        Money(row.tax_minor, of),
        row.reason,
        row.jurisdiction,
    )


class _TaxPart(NamedTuple):
    """One of several taxes of a line: its component, and its share in minor units."""

    jurisdiction: str
    percent: Decimal
    is_compound: bool
    minor: int


def _parts_from(row: Row) -> list[_TaxPart]:
    return value_from(row.tax_parts or [], list[_TaxPart])


def _parts_of(line: InvoiceLine) -> list[_TaxPart]:
    pairs = zip(line.treatment.components, line.tax_parts, strict=True)
    return [_TaxPart(*component, part.minor) for component, part in pairs]


def _days(line: InvoiceLine) -> str:
    return range_text(line.service_period.start, line.service_period.end)
