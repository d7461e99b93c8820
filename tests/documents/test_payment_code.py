"""The QR code on paper is read back by a scanner and says what a banking app needs."""

from __future__ import annotations

from dataclasses import replace

import pytest
import zxingcpp

from tests.documents.reading import pdf_picture
from tests.documents.samples import EUR, american, german, with_lines
from usance.documents.paper.invoice_view import BankView, InvoiceView
from usance.documents.paper.payment_code import epc_payload, qr_svg
from usance.documents.paper.pdf import invoice_pdf
from usance.domain.money import Money, round_minor

GERMAN = """BCD
002
1
SCT
BELADEBEXXX
Alter Software GmbH
DE89370400440532013000
EUR29434.14

RF97RE20260042"""


def owing(view: InvoiceView, minor: int) -> InvoiceView:
    amount = Money(minor, EUR)
    only = replace(view.lines[0], net=amount)
    return with_lines(view, only, percent=round_minor(view.net.amount * 0, EUR).amount)


def test_a_scanner_reads_name_account_amount_and_reference_from_the_pdf() -> None:
    [code] = zxingcpp.read_barcodes(pdf_picture(invoice_pdf(german()), scale=2.5))
    assert code.text == GERMAN


def test_without_a_structured_reference_the_number_is_the_text() -> None:
    payload = epc_payload(replace(german(), creditor_reference=None))
    assert payload is not None
    assert payload.split("\n")[9:] == ["", "RE-2026-0042"]


def bank(**changes: str | None) -> BankView:
    account = german().bank
    assert account is not None
    return replace(account, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "view",
    [
        american(),
        replace(german(), bank=None),
        replace(german(), bank=bank(iban=None)),
        replace(german(), bank=bank(iban="DE00370400440532013000")),
        owing(german(), 0),
        owing(german(), 100_000_000_000),
    ],
    ids=["dollars", "no bank", "no iban", "wrong iban", "nothing due", "a thousand million"],
)
def test_there_is_no_code_where_no_app_could_use_it(view: InvoiceView) -> None:
    assert epc_payload(view) is None


def test_a_long_holder_is_cut_to_what_the_standard_allows_and_keeps_its_field() -> None:
    payload = epc_payload(replace(german(), bank=bank(holder="Ä" * 80 + "\nEUR1.00")))
    assert payload is not None
    assert payload.split("\n")[5] == "Ä" * 70
    assert len(payload.encode()) <= 331


def test_the_image_holds_numbers_only() -> None:
    assert "<script" not in qr_svg("<script>")
