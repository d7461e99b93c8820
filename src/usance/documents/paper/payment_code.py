"""The QR code a European banking app reads to fill in a transfer (EPC069-12, "GiroCode")."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

import segno
from stdnum import iban as iban_number

from usance.documents.paper.invoice_view import InvoiceView
from usance.documents.plain_text import line
from usance.domain.payments.creditor_reference import normalised

LEAST, MOST = Decimal("0.01"), Decimal("999999999.99")
LONGEST_NAME, LONGEST_TEXT = 70, 140
DARK = re.compile(b"\x01+")
MASK = 2  # any of the eight is read alike; fixing one spares trying all, two thirds of the time


def epc_payload(view: InvoiceView) -> str | None:
    """What the code says, or None where it cannot be used: another currency, no IBAN, no debt."""
    bank, due = view.bank, view.due
    if bank is None or due.currency.code != "EUR" or not LEAST <= due.amount <= MOST:
        return None
    if bank.iban is None or not iban_number.is_valid(bank.iban):
        return None
    text = "" if view.creditor_reference else line(view.number or "")[:LONGEST_TEXT]
    fields = [
        *("BCD", "002", "1", "SCT"),  # version 2: no BIC needed; 1: UTF-8
        normalised(bank.bic or ""),
        line(bank.holder)[:LONGEST_NAME],
        normalised(bank.iban),
        f"EUR{due.text}",
        "",  # purpose
        normalised(view.creditor_reference or ""),
        text,
    ]
    return "\n".join(fields).rstrip("\n")


@lru_cache(maxsize=256)  # a page view and its PDF ask for the same one
def qr_svg(payload: str) -> str:
    """The code as an SVG image in black on white, with the quiet zone scanners need.

    Error correction M, as the EPC asks. Holds nothing but numbers, so it may be inlined.
    """
    matrix = segno.make(
        payload.encode(), error="m", mask=MASK, boost_error=False, micro=False
    ).matrix
    side = len(matrix) + 8
    dark = "".join(_row(y, row) for y, row in enumerate(matrix, start=4))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/>'
        f'<path d="{dark}"/></svg>'
    )


def _row(y: int, modules: bytearray) -> str:
    """The dark runs of one row as rectangles."""
    runs = ((run.start() + 4, run.end() - run.start()) for run in DARK.finditer(modules))
    return "".join(f"M{x} {y}h{length}v1h-{length}z" for x, length in runs)
