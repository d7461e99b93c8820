"""Drafting: one contract of three lines with its working, in multiply-and-quantize of a Decimal."""

from __future__ import annotations

import timeit
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

from bench.deal import BUYER, EUR, SELLER, TAXES, THREE_LINES
from bench.figure import Figure, at_most
from usance.domain.contracts.owed import due
from usance.domain.ids import InvoiceId, LineId
from usance.domain.invoicing.drafting import drafts
from usance.domain.invoicing.history import History
from usance.domain.invoicing.invoice import Draft
from usance.domain.invoicing.taxed_items import Parties
from usance.domain.metering.totals import UsageTotal

BILL_ON = date(2025, 2, 1)
GOAL = 800
TURNS = 15
PARTIES = Parties(seller=SELLER, buyer=BUYER, taxes=TAXES)
CENT = Decimal("0.01")
USED = UsageTotal(Decimal("23456"), 31, datetime(2025, 1, 31, tzinfo=UTC))
USAGE = {(LineId("lin-calls"), date(2025, 1, 1)): USED}


def draft_once() -> list[Draft]:
    """February's invoice of the three-line deal: what is due, rated, taxed, with its working."""
    items = due(THREE_LINES, through=BILL_ON, since=BILL_ON).items
    return drafts(
        items,
        parties=PARTIES,
        currency=EUR,
        usage=USAGE,
        history=History(),
        new_id=lambda: InvoiceId("inv_bench"),
    )


def run() -> Iterator[Figure]:
    """At most GOAL times one Decimal multiplication and quantization."""
    (drafted,) = draft_once()
    assert len(drafted.lines) == 3, "the deal has three lines"
    price, quantity = Decimal("29.0000"), Decimal("25.5")
    unit = once = float("inf")
    for _ in range(TURNS):  # in turns, so that both have the same weather
        unit = min(unit, timeit.timeit(lambda: (price * quantity).quantize(CENT), number=50_000))
        once = min(once, timeit.timeit(draft_once, number=500))
    unit, once = unit / 50_000, once / 500
    yield at_most(
        "drafting",
        value=once * 1e6,
        limit=unit * 1e6,
        goal=GOAL,
        unit="us",
        note="one 3-line contract / one Decimal multiply-and-quantize",
    )
