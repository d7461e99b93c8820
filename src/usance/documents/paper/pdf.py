"""The invoice as PDF/A-3a, set by typst in this process.

The same view gives the same bytes: no clock, no system font, no random identifier enters. Values
travel as one JSON document, so typst never reads them as markup. PDF/A-3 because the structured
invoice (XML) will travel inside; level A because a screen reader should find table and headings.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec
import typst

from usance.documents.paper.fonts import drawable, families, typefaces
from usance.documents.paper.invoice_view import InvoiceView, Paper
from usance.documents.paper.payment_code import epc_payload, qr_svg
from usance.documents.paper.printed import printed

TEMPLATES = Path(__file__).parent / "templates"
INVOICE = TEMPLATES / "invoice.typ"
STANDARD: Literal["a-3a"] = "a-3a"
SHEETS = {Paper.A4: "a4", Paper.US_LETTER: "us-letter"}


def invoice_pdf(view: InvoiceView) -> bytes:
    """The document as it is archived and sent. Safe to call from many threads at once."""
    noon = datetime.combine(view.issued_on, time(12), tzinfo=UTC)
    pdf = _compiler().compile(
        format="pdf",
        sys_inputs={"document": document_json(view)},
        pdf_standards=[STANDARD],
        timestamp=int(noon.timestamp()),
    )
    assert isinstance(pdf, bytes), "one document is one file"
    return pdf


def document_json(view: InvoiceView) -> str:
    """What the template reads: the printed words, fitted to our fonts, and how to set them."""
    words = printed(view)
    payload = epc_payload(view) if words.payment else None
    return msgspec.json.encode(
        {
            "words": _fitted(msgspec.to_builtins(words), drawable),
            "families": families(words.language, words.script),
            "paper": SHEETS[view.paper],
            "accent": view.seller.accent,
            "day": (view.issued_on.year, view.issued_on.month, view.issued_on.day),
            "logo": view.seller.logo.svg if view.seller.logo else None,
            "qr": qr_svg(payload) if payload else None,
            "url": view.hosted_url,
        }
    ).decode()


def _fitted(value: Any, fit: Callable[[str], str]) -> Any:
    """The same tree with every string fitted."""
    match value:
        case str():
            return fit(value)
        case dict():
            return {key: _fitted(each, fit) for key, each in value.items()}
        case list() | tuple():
            return [_fitted(each, fit) for each in value]
        case _:
            return value


class _Warm(threading.local):
    """One compiler a thread: it keeps parsed templates and fonts, and refuses to be shared."""

    def __init__(self) -> None:
        self.compiler = typst.Compiler(INVOICE, font_paths=typefaces(), ignore_system_fonts=True)


@cache
def _warm() -> _Warm:
    return _Warm()


def _compiler() -> typst.Compiler:
    return _warm().compiler
