"""From an invoice of the rules to the one view that PDF and page are set from.

What is printed was decided before: amounts, taxes and days are the invoice's, parties are given as
they were frozen at issue (for a draft: as they are now).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date

from babel import Locale

from usance.documents.notation import Notation, locale_of, notation
from usance.documents.paper.invoice_view import (
    BankView,
    BuyerView,
    DocumentKind,
    InvoiceLineView,
    InvoiceView,
    Labelled,
    Paper,
    SellerView,
    Standing,
    TaxCategory,
    TaxRowView,
)
from usance.documents.paper.logo import Logo, read_logo
from usance.domain.customer import Address, Customer, TaxId
from usance.domain.errors import Invalid
from usance.domain.ids import CustomerId
from usance.domain.invoicing.crediting import reason_of
from usance.domain.invoicing.invoice import DocumentType, Draft, InvoiceLine, Issued, as_shown
from usance.domain.invoicing.tax_display import TaxDisplay
from usance.domain.legal_entity import BankAccount, LegalEntity
from usance.domain.money import Money, Rate
from usance.domain.payments.creditor_reference import creditor_reference
from usance.domain.tax.amounts import TaxRow

# Countries that write the postal code after city and region, or before everything.
CODE_LAST = frozenset({"AU", "CA", "GB", "IE", "IN", "NZ", "SG", "US"})
CODE_FIRST = frozenset({"CN", "JP", "KR", "TW"})
KINDS = {"eu_vat": "VAT", "gb_vat": "VAT", "us_ein": "EIN", "jp_trn": "登録番号"}
TAX_ID_NAMES = {"de": {"VAT": "USt-IdNr."}, "nl": {"VAT": "Btw-nummer"}, "fr": {"VAT": "N° TVA"}}

Names = Mapping[CustomerId, str]  # of accounts, as they are or were called
UNNAMED: Names = {}


def draft_view(
    draft: Draft,
    *,
    seller: LegalEntity,
    buyer: Customer,
    today: date,
    preceding: tuple[str, ...] = (),
    names: Names = UNNAMED,
) -> InvoiceView:
    """As it would be issued today, marked as a draft. `today` is a day of the legal entity;
    `preceding` are the numbers of the invoices a credit note refers to, `names` those of the
    accounts whose purchases are on it.
    """
    due_on = draft.grouping.payment_terms.due_on(today)
    view = _view(
        draft, seller, buyer, standing=Standing.DRAFT, number=None, issued_on=today, due_on=due_on
    )
    return replace(view, lines=_named(view, draft, names), preceding=preceding)


def frozen_view(
    issued: Issued,
    *,
    seller: LegalEntity,
    buyer: Customer,
    tax_display: TaxDisplay | None = None,
    preceding: tuple[str, ...] = (),
    names: Names = UNNAMED,
) -> InvoiceView:
    """As it was issued: nothing paid yet."""
    view = _issued(issued, seller, buyer, standing=Standing.ISSUED, paid=None)
    return replace(
        view,
        lines=_named(view, issued.draft, names),
        tax_display=_turned(tax_display, issued.draft),
        preceding=preceding,
    )


def live_view(
    issued: Issued,
    *,
    seller: LegalEntity,
    buyer: Customer,
    paid: Money,
    is_void: bool,
    credited: Money | None = None,
    tax_display: TaxDisplay | None = None,
    preceding: tuple[str, ...] = (),
    names: Names = UNNAMED,
) -> InvoiceView:
    """As it was issued, with what was paid and credited of it so far, or that it counts no more."""
    standing = Standing.VOID if is_void else Standing.ISSUED
    view = _issued(issued, seller, buyer, standing=standing, paid=paid)
    due = view.due if credited is None else view.due - credited
    return replace(
        view,
        lines=_named(view, issued.draft, names),
        tax_display=_turned(tax_display, issued.draft),
        preceding=preceding,
        credited=credited,
        due=due,
    )


def _named(view: InvoiceView, draft: Draft, names: Names) -> tuple[InvoiceLineView, ...]:
    """Its lines, each with the name of who it was bought for, where an account above pays."""
    return tuple(
        shown
        if line.for_customer_id is None
        else replace(shown, bought_for=names.get(line.for_customer_id, line.for_customer_id))
        for shown, line in zip(view.lines, draft.lines, strict=True)
    )


def _turned(display: TaxDisplay | None, draft: Draft) -> TaxDisplay | None:
    """The tax in the tax office's currency in the sign of the other figures."""
    if display is None or draft.type is DocumentType.INVOICE:
        return display
    return replace(display, tax=-display.tax)


def _issued(
    issued: Issued,
    seller: LegalEntity,
    buyer: Customer,
    *,
    standing: Standing,
    paid: Money | None,
) -> InvoiceView:
    return _view(
        issued.draft,
        seller,
        buyer,
        standing=standing,
        number=issued.number,
        issued_on=issued.issued_on,
        due_on=issued.due_on,
        paid=paid,
    )


def _view(
    draft: Draft,
    seller: LegalEntity,
    buyer: Customer,
    *,
    standing: Standing,
    number: str | None,
    issued_on: date,
    due_on: date,
    paid: Money | None = None,
) -> InvoiceView:
    settled = Money.zero(draft.currency) if paid is None else paid
    shown = as_shown(draft)
    is_credit_note = draft.type is DocumentType.CREDIT_NOTE
    account = seller.bank_account_for(draft.currency)
    language = buyer.locale.replace("_", "-")
    locale = locale_of(language)
    periods = {line.service_period for line in draft.lines}
    contracts = list(dict.fromkeys(line.contract_id for line in draft.lines if line.contract_id))
    return InvoiceView(
        kind=DocumentKind.CREDIT_NOTE if is_credit_note else DocumentKind.INVOICE,
        standing=standing,
        number=number,
        issued_on=issued_on,
        due_on=due_on,
        seller=_seller(seller, locale),
        buyer=_buyer(buyer, locale),
        lines=tuple(
            _line(at, line, notation(language)) for at, line in enumerate(shown.lines, start=1)
        ),
        tax_rows=tuple(_tax_row(row) for row in shown.taxes),
        net=shown.net,
        tax=shown.tax,
        gross=shown.gross,
        paid=settled,
        due=shown.gross - settled,
        notes=_reason(draft),
        service_period=periods.pop() if len(periods) == 1 else None,
        purchase_order=draft.grouping.po_number or None,
        contract_ref=contracts[0] if len(contracts) == 1 else None,
        payment_terms=None if is_credit_note else draft.grouping.payment_terms,
        bank=None if account is None or is_credit_note else _bank(account),
        creditor_reference=None if is_credit_note else _reference(account, number),
        locale=language,
        paper=Paper(seller.paper),
    )


def _reason(draft: Draft) -> tuple[str, ...]:
    """What was said of a credit note, in words; its code says nothing to a buyer."""
    _, note = reason_of(draft)
    return (note,) if note else ()


def _seller(seller: LegalEntity, locale: Locale) -> SellerView:
    return SellerView(
        name=seller.name,
        address=address_lines(seller.address, locale),
        tax_numbers=_tax_numbers(seller.tax_ids, locale),
        registration=seller.registration or None,
        email=seller.email,
        logo=_logo(seller.logo),
        accent=seller.accent,
    )


def _buyer(buyer: Customer, locale: Locale) -> BuyerView:
    address = () if buyer.address is None else address_lines(buyer.address, locale)
    return BuyerView(
        name=buyer.name, address=address, tax_numbers=_tax_numbers(buyer.tax_ids, locale)
    )


def address_lines(address: Address, locale: Locale) -> tuple[str, ...]:
    """The address in its own country's order, the country's name in the reader's language."""
    city, region, code = address.city, address.region, address.postal_code
    if address.country in CODE_LAST:
        place = [", ".join(part for part in (city, " ".join(filter(None, (region, code)))) if part)]
    elif address.country in CODE_FIRST:
        place = [" ".join(filter(None, (f"〒{code}" if address.country == "JP" else code,)))]
        place = [*([place[0]] if code else []), " ".join(filter(None, (region, city)))]
    else:
        place = [" ".join(filter(None, (code, city))), region]
    country = str(locale.territories.get(address.country, address.country))
    return tuple(line for line in (*address.lines, *place, country) if line)


def _tax_numbers(tax_ids: tuple[TaxId, ...], locale: Locale) -> tuple[Labelled, ...]:
    named = []
    for tax_id in tax_ids:
        word = KINDS.get(tax_id.kind, tax_id.kind.upper().replace("_", " "))
        label = TAX_ID_NAMES.get(locale.language, {}).get(word, word)
        named.append(Labelled(label=label, value=tax_id.value))
    return tuple(named)


def _line(position: int, line: InvoiceLine, hand: Notation) -> InvoiceLineView:
    price = line.unit_amount
    return InvoiceLineView(
        position=position,
        title=line.description,
        detail=_product(line, hand),
        net=line.net,
        service_period=line.service_period,
        quantity=line.quantity,
        unit=line.unit or None,
        unit_price=None if price is None else Rate(price, line.net.currency),
        tax_percent=line.treatment.percent,
        tax_category=TaxCategory(line.treatment.category.value),
    )


def _product(line: InvoiceLine, hand: Notation) -> str | None:
    """Where quantity times price is not the amount, for it is of 12 months or 10 of 31 days:
    the whole product, `40 × $45.00 × 12`.
    """
    prorated = line.working.find("proration")
    if line.unit_amount is None or prorated is None:
        return None
    price = Rate(line.unit_amount, line.net.currency)
    return f"{hand.number(line.quantity)} × {hand.rate(price)} × {prorated.facts['share']}"


def _tax_row(row: TaxRow) -> TaxRowView:
    return TaxRowView(
        category=TaxCategory(row.category.value),
        percent=row.percent,
        taxable=row.taxable,
        tax=row.tax,
        name=row.jurisdiction or None,
        exemption_reason=row.reason or None,
    )


def _bank(account: BankAccount) -> BankView:
    routing = account.routing_number
    return BankView(
        holder=account.holder,
        bank=account.bank,
        iban=account.iban,
        account_number=account.account_number,
        bic=account.bic,
        routing=() if routing is None else (Labelled(label="Routing", value=routing),),
    )


def _reference(account: BankAccount | None, number: str | None) -> str | None:
    """The structured reference where banks carry one: on transfers to an IBAN."""
    if account is None or account.iban is None or number is None:
        return None
    with suppress(Invalid):  # a number that does not fit one: the payer states it as it is
        return creditor_reference(number)
    return None


def _logo(content: bytes | None) -> Logo | None:
    return None if content is None else read_logo(content)
