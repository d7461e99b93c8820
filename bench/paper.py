"""PDF: 20-line invoices a second, from a view to archived bytes, against typst alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from functools import partial

import typst

from bench.figure import Figure, at_least, seconds
from tests.documents.samples import long
from usance.documents.paper.fonts import typefaces
from usance.documents.paper.invoice_view import InvoiceView
from usance.documents.paper.pdf import INVOICE, STANDARD, document_json, invoice_pdf

GOAL = 0.8
COUNT = 20
TURNS = 4


def run() -> Iterator[Figure]:
    """At least GOAL of what typst makes of the same content; in turns, so that both have the same
    weather, each view with another number, so that nothing is remembered.
    """
    sample = long(20)
    views = [replace(sample, number=f"BENCH-{count:05d}") for count in range(COUNT * TURNS)]
    ours = alone = 0.0
    compiler = typst.Compiler(INVOICE, font_paths=typefaces(), ignore_system_fonts=True)
    invoice_pdf(views[0])
    _typst_alone(compiler, document_json(views[0]), views[0])
    for turn in range(TURNS):
        batch = views[turn * COUNT : (turn + 1) * COUNT]
        pairs = [(document_json(view), view) for view in batch]
        ours += seconds(partial(_each, invoice_pdf, [(view,) for view in batch]))
        alone += seconds(partial(_each, partial(_typst_alone, compiler), pairs))
    yield at_least(
        "pdf",
        value=COUNT * TURNS / ours,
        limit=COUNT * TURNS / alone,
        goal=GOAL,
        unit="invoices/s",
        note="20 lines, from view to bytes / typst on the same content",
    )


def _each(make: Callable[..., object], arguments: Sequence[tuple[object, ...]]) -> None:
    for each in arguments:
        make(*each)


def _typst_alone(compiler: typst.Compiler, content: str, view: InvoiceView) -> None:
    noon = datetime.combine(view.issued_on, time(12), tzinfo=UTC)
    compiler.compile(
        format="pdf",
        sys_inputs={"document": content},
        pdf_standards=[STANDARD],
        timestamp=int(noon.timestamp()),
    )
