"""From values to the words on paper: the one text that both the PDF and the page are set from.

Everything here is a string, safe and in the reader's language and notation. What is absent is an
empty string or tuple, so a template asks only "is there any?".
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from usance.documents.notation import Notation, notation
from usance.documents.paper.invoice_view import (
    BankView,
    DocumentKind,
    InvoiceLineView,
    InvoiceView,
    Labelled,
    Standing,
    TaxCategory,
    TaxRowView,
)
from usance.documents.paper.wording import Wording, wording
from usance.documents.plain_text import line, paragraph
from usance.documents.terms_notation import written_terms
from usance.domain.money import Money, Rate
from usance.domain.payments.creditor_reference import grouped

NONE = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A label and what it names."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedParty:
    """A name with the lines below it."""

    label: str
    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Heads of the line table; an empty head means that no line needs the column."""

    description: str
    quantity: str
    unit_price: str
    tax: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedLine:
    """One line of the table."""

    position: str
    title: str
    bought_for: str
    detail: str
    period: str
    quantity: str
    unit_price: str
    tax: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedPayment:
    """How to pay: a sentence, the account, what to state."""

    heading: str
    sentence: str
    rows: tuple[Row, ...]
    instructions: str
    scan: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """All words of one document, top to bottom."""

    language: str
    script: str
    region: str
    title: str
    heading: str
    number: str
    mark: str
    mark_note: str
    seller: PrintedParty
    buyer: PrintedParty
    facts: tuple[Row, ...]
    headline: str
    headline_note: str
    columns: Columns
    lines: tuple[PrintedLine, ...]
    totals: tuple[Row, ...]
    due: Row
    payment: PrintedPayment | None
    online: str
    notes_heading: str
    notes: tuple[str, ...]
    terms_heading: str
    terms: str
    footer: tuple[str, ...]
    page: str


def printed(view: InvoiceView) -> Printed:
    """The words of a view, in its locale."""
    hand = notation(view.locale)
    words = wording(hand.locale.language)
    heading = words.invoice if view.kind is DocumentKind.INVOICE else words.credit_note
    number = line(view.number or "")
    headline, headline_note = _headline(view, words, hand)
    return Printed(
        language=hand.locale.language,
        script=hand.locale.script or "",
        region=hand.locale.territory or "",
        title=f"{heading} {number or words.draft}",
        heading=heading,
        number=number,
        mark={Standing.DRAFT: words.draft, Standing.VOID: words.void}.get(view.standing, ""),
        mark_note=_mark_note(view, words),
        seller=_seller(view, words),
        buyer=_buyer(view, words),
        facts=_facts(view, words, hand),
        headline=headline,
        headline_note=headline_note,
        columns=_columns(view, words),
        lines=tuple(_line(each, words, hand) for each in view.lines),
        totals=_totals(view, words, hand),
        due=_due(view, words, hand),
        payment=_payment(view, words, hand),
        online=words.online if view.hosted_url else "",
        notes_heading=words.notes,
        notes=_notes(view, words, hand),
        terms_heading=words.terms,
        terms=paragraph(view.terms or ""),
        footer=_footer(view),
        page=words.page,
    )


def _headline(view: InvoiceView, words: Wording, hand: Notation) -> tuple[str, str]:
    """The one number a reader looks for, and what to do about it."""
    if view.standing is not Standing.ISSUED or view.kind is DocumentKind.CREDIT_NOTE:
        return hand.money(view.gross), ""
    if view.due.minor <= 0:
        return hand.money(view.gross), words.nothing_due
    return hand.money(view.due), words.due_by.format(day=hand.day(view.due_on))


def _mark_note(view: InvoiceView, words: Wording) -> str:
    notes = {Standing.DRAFT: words.draft_note, Standing.VOID: words.void_note}
    return notes.get(view.standing, "")


def _seller(view: InvoiceView, words: Wording) -> PrintedParty:
    seller = view.seller
    return PrintedParty(
        label=words.billed_by,
        name=line(seller.name),
        lines=(*_present(*seller.address), *_labelled(seller.tax_numbers)),
    )


def _buyer(view: InvoiceView, words: Wording) -> PrintedParty:
    buyer = view.buyer
    attention = words.attention.format(name=line(buyer.attention)) if buyer.attention else ""
    return PrintedParty(
        label=words.billed_to,
        name=line(buyer.name),
        lines=(*_present(attention, *buyer.address), *_labelled(buyer.tax_numbers)),
    )


def _labelled(numbers: tuple[Labelled, ...]) -> tuple[str, ...]:
    return tuple(f"{line(number.label)} {line(number.value)}" for number in numbers)


def _present(*texts: str | None) -> tuple[str, ...]:
    safe = (line(text) for text in texts if text)
    return tuple(text for text in safe if text)


def _rows(*pairs: tuple[str, str | None]) -> tuple[Row, ...]:
    return tuple(Row(label=label, value=line(value)) for label, value in pairs if value)


def _facts(view: InvoiceView, words: Wording, hand: Notation) -> tuple[Row, ...]:
    period = hand.period(view.service_period) if view.service_period else None
    return _rows(
        (words.number, view.number),
        (words.issued_on, hand.short_day(view.issued_on)),
        (words.due_on, hand.short_day(view.due_on) if _is_owed(view) else None),
        (words.preceding_invoice, ", ".join(view.preceding)),
        (words.service_period, period),
        (words.purchase_order, view.purchase_order),
        (words.buyer_reference, view.buyer_reference),
        (words.contract, view.contract_ref),
        (words.payment_terms, _terms(view, words, hand)),
    )


def _is_owed(view: InvoiceView) -> bool:
    """True for a document that is there to be paid."""
    return view.kind is DocumentKind.INVOICE


def _terms(view: InvoiceView, words: Wording, hand: Notation) -> str | None:
    terms = view.payment_terms
    return None if terms is None else written_terms(terms, words, hand)


def _columns(view: InvoiceView, words: Wording) -> Columns:
    lines = view.lines
    return Columns(
        description=words.description,
        quantity=words.quantity if any(each.quantity is not None for each in lines) else "",
        unit_price=words.unit_price if any(each.unit_price for each in lines) else "",
        tax=_tax_name(view, words) if any(each.tax_percent is not None for each in lines) else "",
        amount=words.amount,
    )


def _tax_name(view: InvoiceView, words: Wording) -> str:
    """The column's head: the one name all taxes here share, else the language's word for VAT."""
    names = {row.name for row in view.tax_rows}
    return line(names.pop() or words.tax) if len(names) == 1 else words.tax


def _line(each: InvoiceLineView, words: Wording, hand: Notation) -> PrintedLine:
    return PrintedLine(
        position=str(each.position),
        title=line(each.title),
        bought_for=words.bought_for.format(name=line(each.bought_for)) if each.bought_for else "",
        detail=paragraph(each.detail or ""),
        period=hand.period(each.service_period) if each.service_period else "",
        quantity=_quantity(each, hand),
        unit_price=_unit_price(each.unit_price, hand),
        tax=_percent(each.tax_percent, hand),
        amount=hand.money(each.net),
    )


def _quantity(each: InvoiceLineView, hand: Notation) -> str:
    if each.quantity is None:
        return ""
    number = hand.number(each.quantity)
    return f"{number} {line(each.unit)}" if each.unit else number


def _unit_price(price: Rate | str | None, hand: Notation) -> str:
    if isinstance(price, Rate):
        return hand.rate(price)
    return line(price or "")


def _percent(percent: Decimal | None, hand: Notation) -> str:
    return NONE if percent is None else hand.percent(percent)


def _totals(view: InvoiceView, words: Wording, hand: Notation) -> tuple[Row, ...]:
    """From net to what was paid. With neither tax nor payment there is only the amount due."""
    taxes = [
        Row(label=_tax_label(row, words, hand), value=hand.money(row.tax)) for row in view.tax_rows
    ]
    rows = [Row(label=words.net, value=hand.money(view.net)), *taxes] if taxes else []
    rows.append(Row(label=words.gross, value=hand.money(view.gross)))
    if not view.paid.is_zero:
        rows.append(Row(label=words.paid, value=hand.money(-view.paid)))
    if view.credited is not None and not view.credited.is_zero:
        rows.append(Row(label=words.credited, value=hand.money(-view.credited)))
    return tuple(rows)


def _due(view: InvoiceView, words: Wording, hand: Notation) -> Row:
    """The last and strongest row. A void document owes nothing."""
    label = words.due if _is_owed(view) else words.credit_total
    label = label.format(currency=view.currency.code)
    owed = Money.zero(view.currency) if view.standing is Standing.VOID else view.due
    return Row(label=label, value=hand.money(owed))


def _tax_label(row: TaxRowView, words: Wording, hand: Notation) -> str:
    tax, amount = line(row.name or words.tax), hand.money(row.taxable)
    if row.category is TaxCategory.STANDARD and row.percent is not None:
        percent = hand.percent(row.percent)
        return words.tax_row.format(tax=tax, percent=percent, amount=amount)
    category = _category(row.category, words)
    return words.tax_row_of_category.format(tax=tax, category=category, amount=amount)


def _category(category: TaxCategory, words: Wording) -> str:
    return {
        TaxCategory.STANDARD: words.tax,
        TaxCategory.ZERO: words.zero,
        TaxCategory.EXEMPT: words.exempt,
        TaxCategory.REVERSE_CHARGE: words.reverse_charge,
        TaxCategory.INTRA_COMMUNITY: words.intra_community,
        TaxCategory.EXPORT: words.export,
        TaxCategory.OUTSIDE_SCOPE: words.outside_scope,
    }[category]


def _payment(view: InvoiceView, words: Wording, hand: Notation) -> PrintedPayment | None:
    """How to pay, while there is something to pay."""
    instructions = paragraph(view.payment_instructions or "")
    owed = view.standing is Standing.ISSUED and view.due.minor > 0 and _is_owed(view)
    if not owed or not (view.bank or instructions):
        return None
    sentence = words.please_transfer.format(amount=hand.money(view.due), day=hand.day(view.due_on))
    return PrintedPayment(
        heading=words.payment,
        sentence=sentence if view.bank else "",
        rows=_account(view.bank, view, words) if view.bank else (),
        instructions=instructions,
        scan=words.scan,
    )


def _account(bank: BankView, view: InvoiceView, words: Wording) -> tuple[Row, ...]:
    reference = view.creditor_reference
    return _rows(
        (words.account_holder, bank.holder),
        (words.bank, bank.bank),
        ("IBAN", grouped(bank.iban) if bank.iban else None),
        (words.account_number, bank.account_number),
        ("BIC", bank.bic),
        *((number.label, number.value) for number in bank.routing),
        (words.reference, grouped(reference) if reference else view.number),
    )


def _notes(view: InvoiceView, words: Wording, hand: Notation) -> tuple[str, ...]:
    """The tax in another currency, reasons for untaxed rows, then the document's own notes; each
    once.
    """
    reasons = [row.exemption_reason for row in view.tax_rows]
    texts = (_tax_shown(view, words, hand), *reasons, *view.notes)
    safe = [paragraph(text) for text in texts if text]
    return tuple(dict.fromkeys(text for text in safe if text))


def _tax_shown(view: InvoiceView, words: Wording, hand: Notation) -> str | None:
    shown = view.tax_display
    if shown is None:
        return None
    return words.tax_shown.format(
        tax=_tax_name(view, words),
        currency=shown.tax.currency.code,
        amount=hand.money(shown.tax),
        base=shown.base.code,
        rate=hand.number(shown.rate),
        source=line(shown.source),
        day=hand.short_day(shown.day),
    )


def _footer(view: InvoiceView) -> tuple[str, ...]:
    """At the foot of every page: who issued it and where to ask, then the register."""
    contact = " · ".join(_present(view.seller.name, view.seller.email))
    return (contact, *_present(view.seller.registration))
