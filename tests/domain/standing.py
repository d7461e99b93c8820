"""What stands on documents once due items were billed, as the store keeps it."""

from __future__ import annotations

from collections.abc import Iterable

from tests.domain.deals import EUR
from usance.domain.due_items import DueItem, Piece, Source
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.rated_items import UsageBySlice, rated

SOME_LINE = Source(InvoiceId("inv"), 1)
NO_COUNTS: UsageBySlice = {}


def standing(
    items: Iterable[DueItem], *, usage: UsageBySlice = NO_COUNTS
) -> dict[str, list[Piece]]:
    """The pieces of these items, by line and in time. They are charges: nothing is given back."""
    found: dict[str, list[Piece]] = {}
    for item in items:
        assert item.gives_back is None, "a charge"
        assert not item.replaces, "a charge that stands in no other's place"
        net = rated(item, EUR, usage).net.minor
        days = item.covers
        piece = Piece(item.line_id, days.start, days.end, item.terms_key, net, SOME_LINE)
        found.setdefault(item.line_id, []).append(piece)
    for pieces in found.values():
        pieces.sort(key=lambda piece: piece.start)
    return found
