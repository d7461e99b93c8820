"""Invoices without a contract: lines somebody wrote, priced and taxed like all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from msgspec import structs

from usance.domain.calendar import Period
from usance.domain.customer import check_name
from usance.domain.due_items import Grouping, LineKind
from usance.domain.errors import NotAllowedNow, Problem, refuse_if
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.crediting import hash_of
from usance.domain.invoicing.findings import Sheet, by_gravity, findings_on
from usance.domain.invoicing.history import History
from usance.domain.invoicing.invoice import DocumentType, Draft, Finding, InvoiceLine
from usance.domain.invoicing.taxed_items import Parties
from usance.domain.money import Currency, Money
from usance.domain.payment_terms import PaymentTerms
from usance.domain.rating.prices import Pricing
from usance.domain.rating.rate import rate_line
from usance.domain.rating.working import Working
from usance.domain.tax.amounts import TaxedAmount, tax_lines
from usance.domain.tax.quotes import quoted
from usance.domain.tax.rates import TaxCategory
from usance.domain.tax.treatment import TaxTreatment

MOST_LINES = 500
LATE_PAYMENT = TaxTreatment(
    TaxCategory.OUTSIDE_SCOPE,
    Decimal(0),
    "late_payment",
    "Compensation for late payment is outside the scope of VAT.",
)
COVERED = "a quantity that the price covers to the last unit"


class NotWrittenByHand(NotAllowedNow):
    """The lines of a draft that fell due by a contract follow the contract."""

    code = "NotWrittenByHand"

    def __init__(self, invoice_id: InvoiceId) -> None:
        super().__init__(f"Invoice {invoice_id} fell due by a contract; change the contract.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdHocLine:
    """What somebody invoices: what, when, how many, at what price. Days are the legal entity's."""

    name: str
    quantity: Decimal
    pricing: Pricing
    service_period: Period
    tax_code: str = "standard"
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdHocInvoice:
    """An invoice without a contract, as somebody wrote it. Raises Invalid."""

    currency: Currency
    lines: tuple[AdHocLine, ...]
    payment_terms: PaymentTerms
    po_number: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.lines) <= MOST_LINES:
            expected = f"1 to {MOST_LINES} lines"
            refuse_if([Problem("NoLines", "lines", str(len(self.lines)), expected)])
        for index, line in enumerate(self.lines):
            check_name(line.name, f"lines[{index}].name")
        if self.po_number:
            check_name(self.po_number, "poNumber")


def ad_hoc_draft(
    wanted: AdHocInvoice, *, parties: Parties, invoice_id: InvoiceId, on: date
) -> Draft:
    """The held draft of it; `on` is a day of the legal entity. Rated and taxed as all others."""
    rated = [
        rate_line(line.pricing, line.quantity, currency=wanted.currency) for line in wanted.lines
    ]
    refuse_if(
        [
            Problem("QuantityUnpriced", f"lines[{index}].quantity", f"{each.unpriced:f}", COVERED)
            for index, each in enumerate(rated)
            if each.unpriced
        ]
    )
    zero = Money.zero(wanted.currency)
    lines = tuple(
        InvoiceLine(
            contract_id=None,
            line_id=None,
            kind=LineKind.ONE_OFF,
            description=line.name,
            unit=line.unit,
            service_period=line.service_period,
            quantity=line.quantity,
            unit_amount=made.unit_amount,
            net=made.net,
            tax_code=line.tax_code,
            treatment=_treatment(parties, line.tax_code, line.service_period.start),
            tax=zero,
            working=Working("ad_hoc", {"net": made.net.amount}, (made.working,)),
        )
        for line, made in zip(wanted.lines, rated, strict=True)
    )
    grouping = Grouping(
        wanted.payment_terms, wanted.po_number, is_po_required=False, alone=invoice_id
    )
    return written(lines, grouping, parties=parties, invoice_id=invoice_id, on=on)


def written_anew(
    held: Draft,
    lines: Sequence[InvoiceLine],
    *,
    parties: Parties,
    found: Sequence[Finding] = (),
) -> Draft:
    """What a held invoice written by hand, of these lines, would be now: its parties, and so its
    taxes and findings, may have changed. `found`: what else to look at.
    """
    if held.type is DocumentType.CREDIT_NOTE:
        return held
    treated = tuple(
        line
        if line.treatment.rule == LATE_PAYMENT.rule
        else structs.replace(
            line,
            treatment=_treatment(parties, line.tax_code, line.service_period.start),
        )
        for line in lines
    )
    return written(
        treated, held.grouping, parties=parties, invoice_id=held.id, on=held.bill_on, found=found
    )


def written(
    lines: Sequence[InvoiceLine],
    grouping: Grouping,
    *,
    parties: Parties,
    invoice_id: InvoiceId,
    on: date,
    found: Sequence[Finding] = (),
) -> Draft:
    """The draft of those lines, whose taxes are computed here; `on` is a day of the entity."""
    currency = lines[0].net.currency
    amounts = [TaxedAmount(line.net, line.treatment) for line in lines]
    taxes, shares = tax_lines(amounts, currency, parties.seller.rounds_tax)
    taxed = tuple(
        structs.replace(line, tax=share.tax, tax_parts=share.parts)
        for line, share in zip(lines, shares, strict=True)
    )
    net = Money(sum(line.net.minor for line in taxed), currency)
    tax = Money(sum(row.tax.minor for row in taxes), currency)
    sheet = Sheet(on, grouping, taxed, taxes, net + tax, (Decimal(0),) * len(taxed))
    standing = parties.standing(on)
    usual = findings_on(sheet, parties.seller, parties.buyer, History(), standing)
    findings = by_gravity(*found, *usual)
    return Draft(
        id=invoice_id,
        legal_entity_id=parties.seller.id,
        customer_id=parties.buyer.id,
        currency=currency,
        bill_on=on,
        grouping=grouping,
        lines=taxed,
        taxes=taxes,
        net=net,
        tax=tax,
        gross=net + tax,
        findings=findings,
        input_hash=hash_of(taxed, grouping, findings),
        type=DocumentType.of(net + tax),
    )


def _treatment(parties: Parties, tax_code: str, on: date) -> TaxTreatment:
    return quoted(parties.quotes, parties.taxes, parties.seller, parties.buyer, (tax_code, on))
