"""A logo is known by its bytes, and one that cannot be drawn never stops an invoice."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from tests.documents.reading import pdf_picture
from tests.documents.samples import MARK, german
from usance.documents.paper.invoice_view import InvoiceView
from usance.documents.paper.logo import LARGEST, Logo, read_logo
from usance.documents.paper.pdf import invoice_pdf
from usance.domain.errors import Invalid

RED = (214, 0, 0)


def picture(kind: str, size: tuple[int, int] = (300, 60)) -> bytes:
    target = BytesIO()
    Image.new("RGB", size, RED).save(target, kind)
    return target.getvalue()


def with_logo(content: bytes) -> InvoiceView:
    view = german()
    return replace(view, seller=replace(view.seller, logo=read_logo(content)))


def reds(view: InvoiceView) -> int:
    page = pdf_picture(invoice_pdf(view), scale=1).convert("RGB")
    return page.tobytes().count(bytes(RED))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_raster_logo_is_drawn_on_the_page(kind: str) -> None:
    assert reds(with_logo(picture(kind))) > 4000
    assert reds(german()) == 0


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(MARK, "image/svg+xml"), (picture("PNG"), "image/png"), (picture("JPEG"), "image/jpeg")],
)
def test_the_kind_is_read_from_the_bytes(content: bytes, media_type: str) -> None:
    assert read_logo(content).media_type == media_type


PLAIN = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b"<html><svg/></html>",
        b"%PDF-1.7",
        MARK + b" " * LARGEST,
        picture("PNG")[:20],
        picture("PNG")[:60],
        picture("JPEG")[:200],
        picture("PNG", (5000, 5000)),
        PLAIN + b"<rect",
        PLAIN + b"<image href='../invoice.typ' width='9' height='9'/></svg>",
        b"<!DOCTYPE svg [<!ENTITY a 'lol'>]>" + PLAIN + b"<text>&a;</text></svg>",
    ],
    ids=lambda content: f"{len(content)} bytes {content[-12:]!r}",
)
def test_what_is_no_whole_harmless_logo_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid) as refusal:
        read_logo(content)
    assert refusal.value.problems[0].code == "InvalidLogo"


def test_an_accepted_logo_of_letters_no_font_has_leaves_the_invoice_whole() -> None:
    letters = PLAIN + "<text y='9'>\u0e01</text></svg>".encode()
    assert invoice_pdf(with_logo(letters)).startswith(b"%PDF")


def test_a_logo_in_a_page_is_an_image_so_its_scripts_never_run() -> None:
    logo = Logo("image/svg+xml", b"<svg onload='alert(1)'/>")
    assert logo.url.startswith("data:image/svg+xml;base64,")
