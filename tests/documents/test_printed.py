"""What a reader is told: the one number, the facts, the tax the law wants, how to pay."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from tests.documents.reading import flat
from tests.documents.samples import EUR, american, draft, german, void
from usance.documents.paper.invoice_view import TaxCategory, TaxRowView
from usance.documents.paper.printed import printed
from usance.domain.money import Money


def test_the_headline_is_what_is_due_and_by_when() -> None:
    words = printed(american())
    assert (words.headline, words.headline_note) == ("$100,000.00", "due January 31, 2026")
    assert (words.due.label, words.due.value) == ("Amount due, USD", "$100,000.00")


def test_a_paid_invoice_says_thank_you_and_asks_for_nothing() -> None:
    view = american()
    words = printed(replace(view, paid=view.gross, due=view.gross - view.gross))
    assert words.headline_note == "Paid in full. Thank you."
    assert words.payment is None
    assert words.due.value == "$0.00"


def test_a_draft_and_a_void_document_are_marked_and_ask_for_no_money() -> None:
    assert printed(draft()).mark == "Draft"
    assert printed(draft()).payment is None
    assert printed(void()).mark == "Ungültig"
    assert printed(void()).payment is None
    assert flat(printed(void()).due.value) == "0,00 €"


def test_reverse_charge_is_named_with_its_reason() -> None:
    view = german()
    row = TaxRowView(
        category=TaxCategory.REVERSE_CHARGE,
        percent=Decimal(0),
        taxable=view.net,
        tax=Money.zero(EUR),
        exemption_reason="§ 13b UStG, Art. 196 MwStSystRL",
    )
    zero = Money.zero(EUR)
    words = printed(
        replace(view, tax_rows=(row,), tax=zero, gross=view.net, due=view.net, notes=("Danke.",))
    )
    assert flat(words.totals[1].label) == (
        "USt., Steuerschuldnerschaft des Leistungsempfängers, auf 24.734,57 €"
    )
    assert words.notes == ("§ 13b UStG, Art. 196 MwStSystRL", "Danke.")


def test_the_tax_column_has_the_name_the_taxes_have() -> None:
    view = german()
    named = tuple(replace(row, name="Sales tax") for row in view.tax_rows)
    assert printed(replace(view, tax_rows=named)).columns.tax == "Sales tax"


def test_columns_that_no_line_needs_are_left_out() -> None:
    columns = printed(american()).columns
    assert (columns.quantity, columns.unit_price, columns.tax) == ("", "", "")


def test_the_account_is_printed_in_groups_and_the_reference_last() -> None:
    payment = printed(german()).payment
    assert payment is not None
    assert [(row.label, row.value) for row in payment.rows] == [
        ("Kontoinhaber", "Alter Software GmbH"),
        ("Bank", "Berliner Sparkasse"),
        ("IBAN", "DE89 3704 0044 0532 0130 00"),
        ("BIC", "BELADEBEXXX"),
        ("Referenz", "RF97 RE20 2600 42"),
    ]


def test_words_in_braces_in_a_name_are_not_filled_in() -> None:
    view = german()
    words = printed(replace(view, buyer=replace(view.buyer, attention="{day} {0} {name}")))
    assert words.buyer.lines[0] == "z. Hd. {day} {0} {name}"
