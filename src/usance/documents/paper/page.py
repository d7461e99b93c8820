"""The invoice as a page: what the customer sees behind the link, in the same words as the PDF.

One self-contained document: no script, no web font, nothing loaded from anywhere. Serve it with
`content_security_policy(nonce)`, which allows exactly what it needs.
"""

from __future__ import annotations

import base64
from enum import StrEnum
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from usance.documents.notation import locale_of
from usance.documents.paper.invoice_view import INK, InvoiceView
from usance.documents.paper.payment_code import epc_payload, qr_svg
from usance.documents.paper.printed import Columns, Printed, printed
from usance.documents.paper.wording import Wording, wording

TEMPLATES = Path(__file__).parent / "templates"
OPTIONAL = ("quantity", "unit_price", "tax")
BRIGHT = 0.179  # relative luminance above which black reads better than white (WCAG 2.2)


class PageState(StrEnum):
    """What the page says first. Derived from allocations and today, so it is never on the PDF."""

    DRAFT = "draft"
    OPEN = "open"
    PARTIALLY_PAID = "partially-paid"
    PAID = "paid"
    OVERDUE = "overdue"
    VOID = "void"
    CREDITED = "credited"


def invoice_page(view: InvoiceView, *, state: PageState, pdf_url: str, nonce: str) -> str:
    """The page of an invoice as HTML. `nonce` is fresh for each response."""
    words = printed(view)
    labels = wording(words.language)
    payload = epc_payload(view) if words.payment else None
    return (
        _templates()
        .get_template("invoice.html.j2")
        .render(
            language=_language_tag(words),
            words=words,
            labels=labels,
            columns=_needed(words.columns),
            state=state.value,
            state_word=_state_word(state, labels),
            logo=view.seller.logo.url if view.seller.logo else "",
            qr=_data_url(qr_svg(payload)) if payload else "",
            pdf_url=pdf_url,
            nonce=nonce,
            style=_style(view.seller.accent),
        )
    )


def not_found_page(*, nonce: str, locale: str = "en-US") -> str:
    """What any bad link shows: altered, expired or invented look the same and reveal nothing."""
    language = locale_of(locale).language
    return (
        _templates()
        .get_template("not_found.html.j2")
        .render(language=language, words=wording(language), nonce=nonce, style=_style(INK))
    )


def content_security_policy(nonce: str) -> str:
    """The header for these pages: our style, inline images, and nothing else."""
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _language_tag(words: Printed) -> str:
    return "-".join(part for part in (words.language, words.script, words.region) if part)


def _needed(columns: Columns) -> tuple[str, ...]:
    return tuple(name for name in OPTIONAL if getattr(columns, name))


def _state_word(state: PageState, labels: Wording) -> str:
    return {
        PageState.DRAFT: labels.draft,
        PageState.OPEN: labels.state_open,
        PageState.PARTIALLY_PAID: labels.state_partially_paid,
        PageState.PAID: labels.state_paid,
        PageState.OVERDUE: labels.state_overdue,
        PageState.VOID: labels.void,
        PageState.CREDITED: labels.state_credited,
    }[state]


def _data_url(svg: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


@cache
def _stylesheet() -> str:
    return (TEMPLATES / "page.css").read_text("utf-8")


def _style(accent: str) -> Markup:
    """Our own stylesheet and the seller's colour, which the view has checked to be #rrggbb."""
    on_accent = "#000" if _luminance(accent) > BRIGHT else "#fff"
    return Markup(f":root {{ --accent: {accent}; --on-accent: {on_accent}; }}\n{_stylesheet()}")


def _luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.2, 0 for black and 1 for white."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
