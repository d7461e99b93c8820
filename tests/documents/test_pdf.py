"""The PDF: the same bytes each time, archivable, complete, and readable whatever is in it."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.documents.reading import pdf_pages, pdf_text, squeezed
from tests.documents.samples import (
    american,
    draft,
    german,
    hostile,
    japanese,
    long,
    void,
)
from usance.documents.paper.invoice_view import InvoiceView
from usance.documents.paper.pdf import invoice_pdf
from usance.documents.plain_text import line

SAMPLES = {"german": german, "american": american, "japanese": japanese, "draft": draft}
AGAIN = """
import hashlib, sys
from tests.documents import samples
from usance.documents.paper.pdf import invoice_pdf
print(hashlib.sha256(invoice_pdf(getattr(samples, sys.argv[1])())).hexdigest())
"""


def opened(pdf: bytes) -> pikepdf.Pdf:
    return pikepdf.Pdf.open(BytesIO(pdf))


def fonts(pdf: bytes) -> dict[str, bool]:
    """Every font by name, and whether its program is inside the file."""
    with opened(pdf) as document:
        return {
            str(item["/FontName"]): bool({"/FontFile2", "/FontFile3"} & set(item.keys()))
            for item in document.objects
            if isinstance(item, pikepdf.Dictionary) and "/FontName" in item
        }


def test_the_same_view_gives_the_same_bytes_here_and_in_another_process() -> None:
    here = invoice_pdf(german())
    invoice_pdf(japanese())
    assert invoice_pdf(german()) == here
    command = [sys.executable, "-c", AGAIN, "german"]
    there = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert there == hashlib.sha256(here).hexdigest()


def test_many_threads_at_once_get_what_one_gets() -> None:
    views = [german(), american(), japanese(), void()] * 5
    alone = [invoice_pdf(view) for view in views[:4]]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(invoice_pdf, views)) == alone * 5


@pytest.mark.parametrize("name", SAMPLES)
def test_it_is_marked_as_pdf_a_3a_with_colours_and_all_fonts_inside(name: str) -> None:
    pdf = invoice_pdf(SAMPLES[name]())
    document = opened(pdf)
    with document.open_metadata() as metadata:
        assert metadata["pdfaid:part"] == "3"
        assert metadata["pdfaid:conformance"] == "A"
    [intent] = document.Root.OutputIntents
    assert intent.S == "/GTS_PDFA1"
    assert len(bytes(intent.DestOutputProfile.read_bytes())) > 100
    assert document.Root.MarkInfo.Marked
    embedded = fonts(pdf)
    assert embedded
    assert all(embedded.values()), embedded


def test_it_carries_title_author_language_and_its_own_day() -> None:
    document = opened(invoice_pdf(german()))
    with document.open_metadata() as metadata:
        assert metadata["dc:title"] == "Rechnung RE-2026-0042"
        assert metadata["dc:creator"] == ["Alter Software GmbH"]
        assert metadata["xmp:CreateDate"].startswith("2026-01-02")
    assert str(document.Root.Lang) == "de-DE"


def test_it_links_to_its_page() -> None:
    with opened(invoice_pdf(american())) as document:
        [link] = [note for note in document.pages[0].Annots if note.Subtype == "/Link"]
        assert str(link.A.URI) == "https://pay.example/i/abc"


def test_a_draft_bears_its_mark_on_every_page_and_no_number() -> None:
    pages = pdf_pages(invoice_pdf(replace(long(40), number=None, standing=draft().standing)))
    assert len(pages) > 1
    assert all("Draft" in page for page in pages)
    assert "RE-2026" not in squeezed(" ".join(pages)).replace("RF97RE20260042", "")


def test_a_void_document_says_so_on_every_page() -> None:
    assert all("Ungültig" in page for page in pdf_pages(invoice_pdf(void())))


def test_three_hundred_lines_fill_pages_with_heads_numbers_and_one_total() -> None:
    view = long(300)
    pages = pdf_pages(invoice_pdf(view))
    count = len(pages)
    assert 10 < count < 20
    for index, page in enumerate(pages, start=1):
        assert f"Page {index} of {count}" in page
        assert "Description" in page
        assert "Unit price" in page
    found = re.findall(r"Usage of workspace (\d{3})", " ".join(pages))
    assert [int(number) for number in found] == list(range(1, 301))
    assert sum("Amount due, EUR" in page for page in pages) == 1
    assert "Net total" in pages[-1]
    assert "Amount due, EUR €23,449.55" in pages[-1]


@pytest.mark.parametrize("count", range(4, 20))
def test_a_line_keeps_its_period_and_the_totals_keep_together_with_a_line(count: int) -> None:
    for page in pdf_pages(invoice_pdf(long(count))):
        assert ("Net total" not in page) or ("Usage of workspace" in page)
        assert page.count("Usage of workspace") == page.count("1 Jan – 31 Dec 2026") - (
            "Billed to" in page
        )
        assert ("Net total" in page) == ("Amount due, EUR" in page)


def test_hostile_text_is_printed_as_text_and_nothing_of_it_runs() -> None:
    view = hostile()
    text = squeezed(pdf_text(invoice_pdf(view)))
    assert squeezed(view.buyer.address[0]) in text
    assert squeezed(view.lines[0].title) in text
    assert "<script>alert(1)</script>" in text
    assert text.count("W") > 9_990
    assert "\u202e" not in text
    assert "\x1b" not in text


def test_japanese_and_chinese_are_set_in_their_own_faces() -> None:
    def faces(view: InvoiceView) -> str:
        return " ".join(fonts(invoice_pdf(view)))

    assert "NotoSansCJKjp" in faces(japanese())
    assert "NotoSansCJKsc" in faces(replace(japanese(), locale="zh-CN"))
    assert "NotoSansCJK" not in faces(german())
    text = squeezed(pdf_text(invoice_pdf(japanese())))
    assert "直骨精密工業株式会社" in text
    assert "東京都千代田区丸の内一丁目1番1号" in text


def test_what_is_optional_may_be_absent() -> None:
    view = german()
    bare = replace(
        view,
        seller=replace(
            view.seller, address=(), tax_numbers=(), registration=None, email=None, logo=None
        ),
        buyer=replace(view.buyer, address=(), tax_numbers=(), attention=None),
        service_period=None,
        buyer_reference=None,
        purchase_order=None,
        contract_ref=None,
        terms=None,
        bank=None,
        creditor_reference=None,
        lines=tuple(
            replace(
                each, detail=None, service_period=None, quantity=None, unit=None, unit_price=None
            )
            for each in view.lines
        ),
    )
    text = pdf_text(invoice_pdf(bare))
    assert "29.434,14 €" in text
    assert not re.search(r"IBAN|Referenz|None|none|Menge|Bestellnummer", text)


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=[]), min_size=1, max_size=60))
def test_any_text_can_be_a_name(text: str) -> None:
    view = american()
    name = line(text) or "-"
    pdf = invoice_pdf(
        replace(
            view,
            buyer=replace(view.buyer, name=text, address=(text,)),
            seller=replace(view.seller, name=name, registration=text),
            terms=text,
        )
    )
    assert "$120,000.00" in pdf_text(pdf)
