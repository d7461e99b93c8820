"""Preview: all invoices of a contract of 60 lines over 36 months, against its rating alone."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bench.deal import BUYER, CALLS, EUR, FEE, SEATS, SELLER, TAXES, TERM, contract, line
from bench.figure import Figure, at_most, best
from usance.domain.contracts.owed import due
from usance.domain.due_items import LineKind
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.drafting import Parties, drafts
from usance.domain.invoicing.history import History
from usance.domain.rating.rate import rate_line

GOAL = 8
PARTIES = Parties(seller=SELLER, buyer=BUYER, taxes=TAXES)
KINDS = (
    (LineKind.RECURRING, FEE, 1),
    (LineKind.RECURRING, SEATS, 25),
    (LineKind.USAGE, CALLS, 1),
)


def run() -> Iterator[Figure]:
    """At most GOAL times its pure rating calls."""
    lines = tuple(line(f"line-{index}", *KINDS[index % 3]) for index in range(60))
    deal = contract(lines)
    through = TERM.end

    def preview() -> None:
        made = drafts(
            due(deal, through=through).items,
            parties=PARTIES,
            currency=EUR,
            usage={},
            history=History(),
            new_id=lambda: InvoiceId("inv_bench"),
        )
        assert sum(len(draft.lines) for draft in made) == 60 * 36, "a slice a line and month"

    items = due(deal, through=through).items
    nothing = Decimal(0)

    def rating() -> None:
        for item in items:
            quantity = nothing if item.quantity is None else item.quantity
            rate_line(
                item.pricing,
                quantity,
                currency=EUR,
                share=item.share,
                is_measured=item.quantity is None,
            )

    yield at_most(
        "preview",
        value=best(preview) * 1e3,
        limit=best(rating) * 1e3,
        goal=GOAL,
        unit="ms",
        note="60 lines over 36 months / its rating calls alone",
    )
