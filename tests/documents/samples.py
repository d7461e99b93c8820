"""Invoices to print in tests and pictures: a German, an American, a Japanese, a long one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from usance.documents.paper.invoice_view import (
    BankView,
    BuyerView,
    InvoiceLineView,
    InvoiceView,
    Labelled,
    Paper,
    SellerView,
    Standing,
    TaxCategory,
    TaxRowView,
)
from usance.documents.paper.logo import read_logo
from usance.domain.calendar import Period
from usance.domain.money import Money, Rate, currency, round_minor, total
from usance.domain.payments.creditor_reference import creditor_reference

EUR, USD, JPY, KWD = (currency(code) for code in ("EUR", "USD", "JPY", "KWD"))
YEAR = Period(date(2026, 1, 1), date(2027, 1, 1))
MARK = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 196 40">
<g fill="none" stroke="#0b6e4f" stroke-width="5" stroke-linecap="round">
<path d="M6 8v13a13 13 0 0 0 26 0V8"/><path d="M19 8v13"/></g>
<g fill="#16202a"><path d="M56 10h5l8 20h-5l-1.600-4.300h-8L52.900 30H48z
m2.500 4.700L55.700 22h5.600z"/>
<path d="M76 10h4.600v16H90v4H76z"/><path d="M96 10h14v4h-4.700v16h-4.600V14H96z"/>
<path d="M118 10h13v4h-8.400v4H130v4h-7.400v4h8.600v4H118z"/>
<path d="M140 10h8.500a6.300 6.300 0 0 1 2.700 12l4.300 8h-5.200l-3.800-7.400h-2V30H140z
m4.600 4v4.800h3.500
a2.400 2.400 0 0 0 0-4.800z"/></g></svg>"""


def line(position: int, title: str, net: Money, **more: object) -> InvoiceLineView:
    """A line at the standard rate for the whole year, changed by `more`."""
    plain = InvoiceLineView(
        position=position,
        title=title,
        net=net,
        service_period=YEAR,
        tax_percent=Decimal(19),
        tax_category=TaxCategory.STANDARD,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def with_lines(view: InvoiceView, *lines: InvoiceLineView, percent: Decimal) -> InvoiceView:
    """The view with these lines, one tax rate for all and totals to match."""
    net = total([each.net for each in lines], lines[0].net.currency)
    tax = round_minor(net.amount * percent / 100, net.currency)
    row = TaxRowView(
        category=TaxCategory.STANDARD, percent=percent, taxable=net, tax=tax, name=None
    )
    gross, zero = net + tax, Money.zero(net.currency)
    return replace(
        view, lines=lines, tax_rows=(row,), net=net, tax=tax, gross=gross, paid=zero, due=gross
    )


def german_seller() -> SellerView:
    """With logo, colour, register and everything else a German invoice names."""
    return SellerView(
        name="Alter Software GmbH",
        address=("Torstraße 140", "10119 Berlin", "Deutschland"),
        tax_numbers=(Labelled(label="USt-IdNr.", value="DE123456789"),),
        registration="Amtsgericht Charlottenburg HRB 12345 B, Geschäftsführerin Ada Łukasiewicz",
        email="rechnung@alter.example",
        logo=read_logo(MARK),
        accent="#0b6e4f",
    )


def german_buyer() -> BuyerView:
    """With a name that fills a letterhead."""
    return BuyerView(
        name="Süddeutsche Präzisionswerkzeug- und Maschinenbaugesellschaft mbH & Co. "
        "Kommanditgesellschaft auf Aktien",
        address=("Kreditorenbuchhaltung", "Königstraße 27", "70173 Stuttgart", "Deutschland"),
        tax_numbers=(Labelled(label="USt-IdNr.", value="DE987654321"),),
        attention="Frau Dr. Jördis Großmann",
    )


def german() -> InvoiceView:
    """Three lines, one of them given back; a long company name; EUR with IBAN and reference."""
    empty = Money.zero(EUR)
    view = InvoiceView(
        number="RE-2026-0042",
        issued_on=date(2026, 1, 2),
        due_on=date(2026, 2, 1),
        service_period=YEAR,
        seller=german_seller(),
        buyer=german_buyer(),
        lines=(),
        tax_rows=(),
        net=empty,
        tax=empty,
        gross=empty,
        paid=empty,
        due=empty,
        buyer_reference="Projekt Feinschliff",
        purchase_order="4500098765",
        contract_ref="V-2025-117",
        terms="Zahlbar innerhalb von 30 Tagen ohne Abzug.",
        bank=BankView(
            holder="Alter Software GmbH",
            bank="Berliner Sparkasse",
            iban="DE89370400440532013000",
            bic="BELADEBEXXX",
        ),
        creditor_reference=creditor_reference("RE-2026-0042"),
        locale="de-DE",
    )
    december = Period(date(2025, 12, 1), date(2026, 1, 1))
    return with_lines(
        view,
        line(
            1,
            "Plattform Enterprise, Jahresgebühr",
            Money(2_400_000, EUR),
            quantity=Decimal(1),
            unit_price=Rate(Decimal(24000), EUR),
        ),
        line(
            2,
            "API-Aufrufe über dem Inklusivvolumen",
            Money(123_457, EUR),
            quantity=Decimal("4938271.5"),
            unit="Aufrufe",
            unit_price=Rate(Decimal("0.00025"), EUR),
            service_period=december,
        ),
        line(
            3,
            "Gutschrift Ausfallzeit",
            Money(-50_000, EUR),
            detail="Laut Vereinbarung vom 17. Dezember, Ziffer 4.2",
            service_period=december,
        ),
        percent=Decimal(19),
    )


def american() -> InvoiceView:
    """US letter, dollars, no tax, partly paid, an account number with its routing number."""
    seller = SellerView(
        name="Northwind Analytics, Inc.",
        address=("548 Market Street, Suite 300", "San Francisco, CA 94104", "United States"),
        tax_numbers=(Labelled(label="EIN", value="12-3456789"),),
        email="billing@northwind.example",
        accent="#3448c5",
    )
    buyer = BuyerView(
        name="Acme Corporation",
        address=("Accounts Payable", "1 Infinite Loop", "Austin, TX 73301", "United States"),
    )
    fee, paid = Money(12_000_000, USD), Money(2_000_000, USD)
    return InvoiceView(
        number="INV-0042",
        issued_on=date(2026, 1, 1),
        due_on=date(2026, 1, 31),
        seller=seller,
        buyer=buyer,
        lines=(line(1, "Platform, year 1 of 2", fee, tax_percent=None, tax_category=None),),
        tax_rows=(),
        net=fee,
        tax=Money.zero(USD),
        gross=fee,
        paid=paid,
        due=fee - paid,
        purchase_order="PO-77120",
        bank=BankView(
            holder="Northwind Analytics, Inc.",
            bank="First Example Bank, N.A.",
            account_number="000123456789",
            routing=(Labelled(label="Routing number (ABA)", value="021000021"),),
        ),
        locale="en-US",
        paper=Paper.US_LETTER,
        hosted_url="https://pay.example/i/abc",
    )


def japanese() -> InvoiceView:
    """Yen, kanji that differ from their Chinese forms, ten per cent consumption tax."""
    seller = SellerView(
        name="株式会社アルター",
        address=("〒100-0005", "東京都千代田区丸の内一丁目1番1号", "パレスビル8階"),
        tax_numbers=(Labelled(label="登録番号", value="T1234567890123"),),
        email="seikyu@alter.example",
        accent="#8c2f39",
    )
    buyer = BuyerView(
        name="直骨精密工業株式会社",
        address=("〒530-0001", "大阪府大阪市北区梅田三丁目1番3号"),
        attention="経理部 令和太郎",
    )
    view = replace(
        german(),
        number="2026-0107",
        seller=seller,
        buyer=buyer,
        buyer_reference=None,
        terms="お支払いは銀行振込にてお願いいたします。振込手数料は貴社にてご負担ください。",
        creditor_reference=None,
        bank=BankView(
            holder="カ）アルター",
            bank="三井住友銀行 丸の内支店",
            account_number="普通 1234567",
        ),
        locale="ja-JP",
    )
    return with_lines(
        view,
        line(
            1,
            "導入支援（初期設定・データ移行）",
            Money(1_200_000, JPY),
            quantity=Decimal(1),
            unit="式",
            unit_price=Rate(Decimal(1200000), JPY),
            tax_percent=Decimal(10),
        ),
        line(
            2,
            "プラットフォーム利用料",
            Money(360_000, JPY),
            quantity=Decimal(12),
            unit="か月",
            unit_price=Rate(Decimal(30000), JPY),
            tax_percent=Decimal(10),
        ),
        percent=Decimal(10),
    )


def long(count: int = 300) -> InvoiceView:
    """Many lines, each its own title and amount."""
    lines = [
        line(
            index,
            f"Usage of workspace {index:03}",
            Money(1000 + 37 * index, EUR),
            quantity=Decimal(index),
            unit="seats",
            unit_price=Rate(Decimal("10.37"), EUR),
        )
        for index in range(1, count + 1)
    ]
    return with_lines(replace(german(), locale="en-GB"), *lines, percent=Decimal(19))


def draft() -> InvoiceView:
    """Not issued: no number, a mark on every page."""
    return replace(american(), number=None, standing=Standing.DRAFT)


def void() -> InvoiceView:
    """Issued and taken back."""
    return replace(german(), standing=Standing.VOID)


def hostile() -> InvoiceView:
    """Every text from outside tries to be something else."""
    view = german()
    evil = (
        '#import "x": * $ x^2 $ *bold* _it_ \\ #panic() <script>alert(1)</script> {{7*7}} &amp; "\''
    )
    turned = "abc\u202e001\u202c \u2066x\u2069 \x00\x1b[31m\u200f"
    return replace(
        view,
        number="RE-1",
        seller=replace(view.seller, name=f"Seller {evil}", registration=turned, logo=None),
        buyer=replace(view.buyer, name="W" * 10_000, address=(evil, turned, "😀 مرحبا ไทย")),
        lines=tuple(replace(each, title=evil, detail=f"{turned}\n{evil}") for each in view.lines),
        terms=f"{evil}\n{turned}",
        notes=(evil, "\ud800 lone surrogate \ue000 private \uffff"),
        payment_instructions=evil,
        buyer_reference=evil,
    )
