"""Lives of contracts: orders after the first, and billing runs in between, without a database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import strategies as st

from tests.domain.deals import PRICINGS, QUANTITIES, order, order_lines
from usance.domain.calendar import LAST_DAY, Period
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.difference import dealt, without
from usance.domain.contracts.order import LineChange, Order, OrderKind
from usance.domain.contracts.owed import due
from usance.domain.contracts.schedule import looked_at_from
from usance.domain.contracts.terms import ContractTerms, Corrections, Refund, Termination
from usance.domain.contracts.timeline import timeline
from usance.domain.due_items import DueItem, GivenBack, LineKind, Piece, Source
from usance.domain.ids import InvoiceId, LineId, OrderId
from usance.domain.invoicing.rated_items import rated
from usance.domain.payment_terms import NET_30

FAR = date(2199, 1, 1)
AGREED = (LineKind.RECURRING, LineKind.ONE_OFF)  # quantities that are agreed, not counted


def contract_of(orders: Iterable[Order]) -> Contract:
    """The contract of these orders; its line ids say which line they are."""
    return timeline(orders, line_id=lambda ref, on: LineId(f"{ref}@{on}")).contract


@dataclass
class Books:
    """What stands on documents, kept as the store keeps it, and what was billed line by line."""

    pieces: dict[str, list[Piece]] = field(default_factory=dict)
    billed: dict[str, int] = field(default_factory=dict)
    documents: int = 0
    since: date | None = None  # as the store keeps it: forgotten whenever the contract changes

    def bill(self, contract: Contract, through: date) -> list[DueItem]:
        """One billing run through that day, and what it says about the next one."""
        from_start = due(contract, through=through, standing=self.pieces)
        owed = due(contract, through=through, standing=self._since(contract), since=self.since)
        assert owed == from_start, "looking from the hint finds the same"
        items = list(owed.items)
        for item in items:
            self._settle(item, rated(item, contract.currency, {}).net.minor)
        self.since = owed.next_on or FAR
        return items

    def _since(self, contract: Contract) -> dict[str, list[Piece]]:
        """The pieces that are read: those from the day on from which a line is looked at."""
        return {
            line.id: [
                piece
                for piece in self.pieces.get(line.id, [])
                if piece.start >= looked_at_from(line, self.since, contract.terms)
            ]
            for line in contract.lines
        }

    def _settle(self, item: DueItem, minor: int) -> None:
        self.documents += 1
        self.billed[item.line_id] = self.billed.get(item.line_id, 0) + minor
        gone = [item.gives_back] if item.gives_back is not None else list(item.replaces)
        own = self.pieces.setdefault(item.line_id, [])
        by_piece: dict[Piece, list[GivenBack]] = {}
        for each in gone:
            now = next(p for p in own if p == each.piece or _holds(p, each))
            by_piece.setdefault(now, []).append(each)
        for piece, parts in by_piece.items():
            own.remove(piece)
            left = without(Period(piece.start, piece.end), [part.period for part in parts])
            rest = piece.net_minor - sum(part.net_minor for part in parts)
            own += [
                piece._replace(start=days.start, end=days.end, net_minor=amount)
                for days, amount in zip(left, dealt(rest, left), strict=True)
            ]
        if item.gives_back is None:
            covers = item.covers
            stands = minor + sum(each.net_minor for each in item.replaces)
            source = Source(InvoiceId(f"inv_{self.documents}"), 1)
            own.append(
                Piece(item.line_id, covers.start, covers.end, item.terms_key, stands, source)
            )
        own.sort(key=lambda piece: piece.start)
        for one, other in pairwise(own):
            assert one.end <= other.start, "no day of a line stands twice"


def _holds(piece: Piece, part: GivenBack) -> bool:
    """True when it is what an earlier part of the same run left of the piece."""
    return (
        piece.source == part.piece.source
        and piece.start <= part.period.start
        and part.period.end <= piece.end
    )


@st.composite
def first_orders(draw: st.DrawFn) -> Order:
    """A contract of agreed quantities, of one to two years or a few weeks."""
    start = draw(st.dates(date(2024, 1, 1), date(2025, 3, 1)))
    term = Period(start, start + timedelta(days=draw(st.integers(20, 800))))
    lines = [
        line
        for index in range(draw(st.integers(1, 2)))
        if (line := draw(order_lines(term, f"l{index}"))).kind in AGREED
    ]
    corrections = draw(st.sampled_from(Corrections))
    terms = ContractTerms(payment_terms=NET_30, corrections=corrections)
    return order(term, lines, terms=terms)


@st.composite
def later_orders(draw: st.DrawFn, first: Order) -> list[Order]:
    """Amendments, expansions and perhaps a termination, each effective on some day of the term."""
    made: list[Order] = []
    for index in range(draw(st.integers(1, 4))):
        on = first.term.start + timedelta(days=draw(st.integers(0, first.term.days - 1)))
        made.append(draw(_later(first, f"o{index}", on)))
    return made


@st.composite
def _later(draw: st.DrawFn, first: Order, ref: str, on: date) -> Order:
    kind = draw(st.sampled_from([OrderKind.AMENDMENT] * 4 + [OrderKind.TERMINATION]))
    base = order(Period(on, LAST_DAY), [], terms=first.terms)
    refs = [line.ref for line in first.lines] or ["none"]
    changes = tuple(
        draw(_changes(draw(st.sampled_from(refs)))) for _ in range(draw(st.integers(1, 2)))
    )
    termination = Termination(refund=draw(st.sampled_from(Refund)))
    is_end = kind is OrderKind.TERMINATION
    return Order(
        id=OrderId(ref),
        kind=kind,
        customer_id=base.customer_id,
        legal_entity_id=base.legal_entity_id,
        contract_id=base.contract_id,
        contract_name=base.contract_name,
        currency=base.currency,
        term=base.term,
        effective_on=on,
        sequence=draw(st.integers(0, 2)),
        terms=first.terms,
        changes=() if is_end else changes,
        termination=termination if is_end else None,
    )


@st.composite
def _changes(draw: st.DrawFn, ref: str) -> LineChange:
    what = draw(st.sampled_from(["quantity", "adds", "pricing", "ends"]))
    if what == "quantity":
        return LineChange(ref=ref, quantity=draw(QUANTITIES))
    if what == "adds":
        return LineChange(ref=ref, adds=draw(st.integers(0, 40).map(Decimal)))
    if what == "pricing":
        return LineChange(ref=ref, pricing=draw(PRICINGS))
    return LineChange(ref=ref, ends=True)


def price_of(contract: Contract) -> dict[str, int]:
    """What each line comes to by the final timeline, in minor units."""
    found: dict[str, int] = {}
    for item in due(contract, through=FAR).items:
        minor = rated(item, contract.currency, {}).net.minor
        found[item.line_id] = found.get(item.line_id, 0) + minor
    return found
