"""The invoice, or credit note, in its states: draft, approved, issued, void. One class a state.

A credit note is the same document with the sign turned: its lines, taxes and totals are at or
below zero inside, so that sums over documents just add; what people see shows positive figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct, structs

from usance.domain.calendar import Period
from usance.domain.due_items import GivenBack, Grouping, LineKind, Source
from usance.domain.errors import NotAllowedNow
from usance.domain.ids import ContractId, CustomerId, InvoiceId, LegalEntityId, LineId
from usance.domain.metering.totals import UsageTotal
from usance.domain.money import Currency, Money
from usance.domain.rating.working import Working
from usance.domain.tax.amounts import TaxRow
from usance.domain.tax.treatment import TaxTreatment


class InvoiceStatus(StrEnum):
    """What was done to it. Paid and overdue are not here: they follow from payments and the day."""

    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    ISSUED = "ISSUED"
    VOID = "VOID"


class DocumentType(StrEnum):
    """An invoice asks for money, a credit note gives some back."""

    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"

    @classmethod
    def of(cls, gross: Money) -> DocumentType:
        """What a document of that total is: less than nothing is a credit note."""
        return cls.CREDIT_NOTE if gross.is_negative else cls.INVOICE


class Disposition(StrEnum):
    """What becomes of a credit note when it is issued."""

    APPLY = "APPLY"  # it lowers the invoices it refers to, as far as they are open
    BALANCE = "BALANCE"  # it stays with us for the customer
    REFUND = "REFUND"  # it is paid back


class InvoiceNotDraft(NotAllowedNow):
    """Only a draft can be changed or approved."""

    code = "InvoiceNotDraft"

    def __init__(self, invoice_id: InvoiceId, status: str) -> None:
        super().__init__(f"Invoice {invoice_id} is {status}; only a DRAFT can be approved.")


class InvoiceNotApproved(NotAllowedNow):
    """Only an approved invoice can be issued, and only once."""

    code = "InvoiceNotApproved"

    def __init__(self, invoice_id: InvoiceId, status: str) -> None:
        super().__init__(f"Invoice {invoice_id} is {status}; only an APPROVED one can be issued.")


class InvoiceNotIssued(NotAllowedNow):
    """It has no number yet, or is void: it cannot be sent or paid."""

    code = "InvoiceNotIssued"

    def __init__(self, invoice_id: InvoiceId, status: str) -> None:
        super().__init__(f"Invoice {invoice_id} is {status}; it has to be ISSUED for that.")


class InvoiceNotVoidable(NotAllowedNow):
    """It is void already, or money was allocated to it."""

    code = "InvoiceNotVoidable"


class Severity(StrEnum):
    """How much a finding matters: an ERROR must be gone before approval."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class Finding(Struct, frozen=True, gc=False):
    """Something a reviewer should look at; `path` names the line or field it is about."""

    severity: Severity
    code: str
    path: str
    message: str


class Settled(Struct, frozen=True, gc=False):
    """What a line does to what stands of its contract line: the days it settles at which terms,
    and the pieces that stand no longer, in whole or in part. `gives_back`: it settles nothing.
    """

    coverage: Period
    terms_key: str
    gone: tuple[GivenBack, ...] = ()
    gives_back: bool = False


class InvoiceLine(Struct, frozen=True, kw_only=True, gc=False):
    """One line: what, when used, how many, how much, what tax, and how that came about.

    `unit_amount` is there when one price per unit exists. `tax` is its share of the document's
    tax. `usage` is the evidence of a metered quantity. `source` is the line that this one gives
    back or corrects. `for_customer_id` is who bought it, where an account above pays for it.
    """

    contract_id: ContractId | None
    line_id: LineId | None
    kind: LineKind
    description: str
    unit: str
    service_period: Period
    quantity: Decimal
    unit_amount: Decimal | None
    net: Money
    tax_code: str
    treatment: TaxTreatment
    tax: Money
    working: Working
    usage: UsageTotal | None = None
    source: Source | None = None
    settled: Settled | None = None  # of a line just drafted; the store keeps it beside the line
    tax_parts: tuple[Money, ...] = ()  # of each component of its treatment, when it has any
    for_customer_id: CustomerId | None = None  # None: the document's own customer

    def __eq__(self, other: object) -> bool:
        """Whether both say the same; a line read again does not know what it settled."""
        if not isinstance(other, InvoiceLine):
            return NotImplemented
        said = (name for name in self.__struct_fields__ if name != "settled")
        return all(getattr(self, name) == getattr(other, name) for name in said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A draft held for review: what it says, and what to look at.

    `bill_on` is the day its items fell due; `input_hash` tells whether what it was made from is
    still so. `reason` is why a credit note was made: a reason code, and what was said beside it;
    `disposition` what becomes of it.
    """

    id: InvoiceId
    legal_entity_id: LegalEntityId
    customer_id: CustomerId
    currency: Currency
    bill_on: date
    grouping: Grouping
    lines: tuple[InvoiceLine, ...]
    taxes: tuple[TaxRow, ...]
    net: Money
    tax: Money
    gross: Money
    findings: tuple[Finding, ...]
    input_hash: str
    type: DocumentType = DocumentType.INVOICE
    reason: str = ""
    disposition: Disposition | None = None

    def __post_init__(self) -> None:
        is_credit_note = self.type is DocumentType.CREDIT_NOTE
        assert not (self.gross.is_negative and not is_credit_note), "less than nothing is a credit"
        assert self.gross.minor <= 0 or not is_credit_note, "a credit note asks for nothing"
        assert is_credit_note or self.disposition is None, "an invoice is there to be paid"
        assert self.lines, "a document has lines"
        assert self.net.minor == sum([line.net.minor for line in self.lines]), "net is its lines'"
        assert self.tax.minor == sum([row.tax.minor for row in self.taxes]), "tax is its rows'"
        assert self.tax.minor == sum([line.tax.minor for line in self.lines]), "tax is its lines'"
        assert self.gross.minor == self.net.minor + self.tax.minor, "net and tax make gross"

    @property
    def is_by_hand(self) -> bool:
        """True when nothing of it fell due by a contract: a credit note or an invoice somebody
        wrote, a late fee. No billing run makes it anew.
        """
        return all(line.line_id is None for line in self.lines)

    @property
    def sources(self) -> tuple[InvoiceId, ...]:
        """The earlier documents its lines refer to, each once."""
        named = (line.source.invoice_id for line in self.lines if line.source is not None)
        return tuple(dict.fromkeys(named))

    @property
    def bought_by(self) -> tuple[CustomerId, ...]:
        """The accounts, other than its customer, whose purchases are on it, each once."""
        named = (line.for_customer_id for line in self.lines if line.for_customer_id is not None)
        return tuple(dict.fromkeys(named))

    @property
    def has_errors(self) -> bool:
        """True when a finding forbids approval."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


class Shown(NamedTuple):
    """What a document says to people: a credit note in positive figures."""

    lines: tuple[InvoiceLine, ...]
    taxes: tuple[TaxRow, ...]
    net: Money
    tax: Money
    gross: Money


def as_shown(draft: Draft) -> Shown:
    """The figures of a document as people read them, on paper, on a page and over the API."""
    if draft.type is DocumentType.INVOICE:
        return Shown(draft.lines, draft.taxes, draft.net, draft.tax, draft.gross)
    lines = tuple(
        structs.replace(
            line,
            quantity=-line.quantity,
            net=-line.net,
            tax=-line.tax,
            tax_parts=tuple(-part for part in line.tax_parts),
        )
        for line in draft.lines
    )
    taxes = tuple(structs.replace(row, taxable=-row.taxable, tax=-row.tax) for row in draft.taxes)
    return Shown(lines, taxes, -draft.net, -draft.tax, -draft.gross)


@dataclass(frozen=True, slots=True)
class Approved:
    """A draft somebody, or a rule of the contract, found right. It follows the contract no more."""

    draft: Draft
    approved_at: datetime
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """An invoice with its number. It never changes again; days are the legal entity's."""

    approved: Approved
    number: str
    issued_on: date
    due_on: date

    @property
    def draft(self) -> Draft:
        """What it says."""
        return self.approved.draft
