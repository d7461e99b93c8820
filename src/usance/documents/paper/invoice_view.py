"""What is printed on an invoice, as plain typed values: one source for PDF, page and XML.

Amounts, dates and texts arrive decided; a view only refuses to be contradictory. Names in
brackets are the business terms of EN 16931.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from usance.documents.paper.logo import Logo
from usance.domain.calendar import Period
from usance.domain.invoicing.tax_display import TaxDisplay
from usance.domain.money import Currency, Money, Rate, total
from usance.domain.payment_terms import PaymentTerms

ACCENT = re.compile(r"#[0-9a-fA-F]{6}")
WEB = ("https:", "http:")
INK = "#1f2933"  # the accent of a legal entity that chose none


class DocumentKind(StrEnum):
    """What the document is called, and its type code (BT-3)."""

    INVOICE = "invoice"  # 380
    CREDIT_NOTE = "credit_note"  # 381


class Standing(StrEnum):
    """Whether it counts. Anything but ISSUED is marked across every page."""

    DRAFT = "draft"
    ISSUED = "issued"
    VOID = "void"


class Paper(StrEnum):
    """The sheet it is set on."""

    A4 = "a4"
    US_LETTER = "us-letter"


class TaxCategory(StrEnum):
    """The VAT category codes of EN 16931 (BT-118, BT-151)."""

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    INTRA_COMMUNITY = "K"
    EXPORT = "G"
    OUTSIDE_SCOPE = "O"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A number that needs its name beside it: `Labelled(label="VAT ID", value="DE…")`."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerView:
    """The legal entity that issues, as it must be named on paper."""

    name: str
    address: tuple[str, ...]
    tax_numbers: tuple[Labelled, ...] = ()
    registration: str | None = None  # register and number, directors: what company law wants
    email: str | None = None
    logo: Logo | None = None
    accent: str = INK  # "#rrggbb"

    def __post_init__(self) -> None:
        assert ACCENT.fullmatch(self.accent), f"an accent colour is #rrggbb, not {self.accent!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyerView:
    """The customer who owes it."""

    name: str
    address: tuple[str, ...]
    tax_numbers: tuple[Labelled, ...] = ()
    attention: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLineView:
    """One line. `net` (BT-131) is before tax; a line given back is negative."""

    position: int
    title: str
    net: Money
    detail: str | None = None
    bought_for: str | None = None  # the account it was bought for, where that is not the buyer
    service_period: Period | None = None  # half-open; printed up to its last day
    quantity: Decimal | None = None
    unit: str | None = None
    unit_price: Rate | str | None = None  # words where one price does not tell: "tiered"
    tax_percent: Decimal | None = None
    tax_category: TaxCategory | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRowView:
    """The tax of one category and rate (BG-23)."""

    category: TaxCategory
    percent: Decimal | None
    taxable: Money
    tax: Money
    name: str | None = None  # "Sales tax", "GST"; else the language's word for VAT
    exemption_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankView:
    """Where to pay by transfer: an IBAN, or an account number with its routing numbers."""

    holder: str
    bank: str | None = None
    iban: str | None = None
    account_number: str | None = None
    bic: str | None = None
    routing: tuple[Labelled, ...] = ()  # sort code, ABA number, BSB ...


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceView:
    """One document, ready to be set. `locale` is a BCP 47 tag such as "de-DE"."""

    kind: DocumentKind = DocumentKind.INVOICE
    standing: Standing = Standing.ISSUED
    number: str | None  # None only while it is a draft
    issued_on: date  # a day in the legal entity's zone; of a draft: the day it would be issued
    due_on: date
    seller: SellerView
    buyer: BuyerView
    lines: tuple[InvoiceLineView, ...]
    tax_rows: tuple[TaxRowView, ...]
    net: Money
    tax: Money
    gross: Money
    paid: Money
    due: Money
    credited: Money | None = None  # settled by credit, not by money; None: nothing
    preceding: tuple[str, ...] = ()  # numbers of the invoices a credit note is for (BT-25)
    service_period: Period | None = None
    buyer_reference: str | None = None
    purchase_order: str | None = None
    contract_ref: str | None = None
    payment_terms: PaymentTerms | None = None
    tax_display: TaxDisplay | None = None  # BT-6 and BT-111: beside the totals, never in them
    terms: str | None = None
    notes: tuple[str, ...] = ()
    bank: BankView | None = None
    creditor_reference: str | None = None
    payment_instructions: str | None = None
    locale: str = "en-US"
    paper: Paper = Paper.A4
    hosted_url: str | None = None

    def __post_init__(self) -> None:
        """Refuse to print what contradicts itself: a bug of ours, so an assertion."""
        assert (self.number is None) <= (self.standing is Standing.DRAFT), (
            "only drafts lack numbers"
        )
        net = total([line.net for line in self.lines], self.currency)
        assert net == self.net, f"the lines add up to {net}, not to {self.net}"
        tax = total([row.tax for row in self.tax_rows], self.currency)
        assert tax == self.tax, f"the tax rows add up to {tax}, not to {self.tax}"
        assert (self.hosted_url or "https:").startswith(WEB), "a hosted link is a web address"
        assert self.net + self.tax == self.gross, "net and tax add up to gross"
        settled = self.paid if self.credited is None else self.paid + self.credited
        assert self.gross - settled == self.due, "what was not settled is due"

    @property
    def currency(self) -> Currency:
        """The one currency of every amount on it (BT-5)."""
        return self.gross.currency
