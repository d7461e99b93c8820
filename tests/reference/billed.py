"""The engine of Usance asked the same: what a contract comes to, at once and in many runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from tests.reference.amounts import Due, Usage
from usance.documents.order_form import order_from
from usance.documents.order_kinds import Standing
from usance.domain.calendar import Period
from usance.domain.contracts.contract import Contract, ContractLine
from usance.domain.contracts.difference import dealt, without
from usance.domain.contracts.order import Order
from usance.domain.contracts.owed import due
from usance.domain.contracts.timeline import timeline
from usance.domain.due_items import DueItem, GivenBack, Piece, Source
from usance.domain.errors import Invalid
from usance.domain.ids import InvoiceId, LineId, OrderId
from usance.domain.invoicing.rated_items import counted_slices, rated
from usance.domain.metering.totals import UsageTotal

Forms = Sequence[Mapping[str, Any]]
FAR = date(2198, 1, 1)


class Troubled(Exception):
    """The orders do not make a contract; the code says why."""


def line_id(ref: str, opened_on: date) -> LineId:
    """The same line has the same id, whichever orders are known."""
    return LineId(f"{ref} {opened_on}")


class Deal(NamedTuple):
    """The orders that could be signed, in the sequence in which they were written, their forms,
    and why the others could not be.
    """

    forms: list[Mapping[str, Any]]
    orders: list[Order]
    refused: list[str]


def deal(forms: Forms) -> Deal:
    """The orders of these forms, as signing finds them. Raises Invalid for the INITIAL one."""
    first = order_from(forms[0], order_id=OrderId("o0"))
    signed = Deal([forms[0]], [first], [])
    contract = contract_of([first])
    standing = Standing(
        *(first.customer_id, first.legal_entity_id, first.currency),
        *(first.contract_name, contract.terms),
    )
    for form in forms[1:]:
        try:
            order = order_from(form, order_id=OrderId(form["orderId"]), standing=standing)
            contract_of([*signed.orders, order])
        except Troubled as found:
            signed.refused.append(str(found))
        except Invalid as found:
            signed.refused.append(", ".join(each.code for each in found.problems))
        else:
            signed.forms.append(form)
            signed.orders.append(order)
    return signed


def contract_of(orders: Iterable[Order]) -> Contract:
    """The contract these orders make. Raises Troubled where one cannot take effect."""
    made = timeline(orders, line_id=line_id)
    if made.troubles:
        raise Troubled(", ".join(sorted({each.problem.code for each in made.troubles})))
    return made.contract


class Meter:
    """What was used of each feature, summed by the days asked for."""

    def __init__(self, usage: Usage) -> None:
        self.usage = usage
        self.known: dict[tuple[str, Period], UsageTotal] = {}

    def counted(self, feature_id: str, days: Period) -> UsageTotal:
        """The total of these days."""
        if (feature_id, days) not in self.known:
            of_feature = self.usage.get(feature_id, {})
            counted = sum((of_feature[day] for day in of_feature if day in days), Fraction(0))
            quantity = Decimal(counted.numerator) / Decimal(counted.denominator)
            self.known[feature_id, days] = UsageTotal(quantity, 1, None)
        return self.known[feature_id, days]

    def net(self, contract: Contract, item: DueItem) -> int:
        """What an item comes to, in minor units."""
        totals = {
            each.key: self.counted(each.feature_id, each.service_period)
            for each in counted_slices(item)
        }
        return rated(item, contract.currency, totals).net.minor


def at_once(contract: Contract, usage: Usage) -> list[Due]:
    """All that the contract comes to, when nothing was billed before."""
    meter = Meter(usage)
    return [
        Due(item.line_ref, item.covers.start, item.covers.end, meter.net(contract, item))
        for item in due(contract, through=FAR).items
    ]


class Books:
    """What stands of each line, and what each was billed in all, after any number of runs."""

    def __init__(self, usage: Usage) -> None:
        self.meter = Meter(usage)
        self.standing: dict[str, list[Piece]] = {}
        self.lines: dict[LineId, ContractLine] = {}
        self.billed: Counter[str] = Counter()
        self.runs = 0

    def run(self, contract: Contract, through: date) -> int:
        """Bill what is due by a day, as a run does; how many lines that made."""
        contract = self._with_gone(contract)
        items = due(contract, through=through, standing=self.standing).items
        self.runs += 1
        new: list[Piece] = []
        gone: dict[Piece, list[GivenBack]] = {}
        for position, item in enumerate(items, start=1):
            net = self.meter.net(contract, item)
            self.billed[item.line_ref] += net
            given = item.replaces if item.gives_back is None else (item.gives_back,)
            for each in given:
                gone.setdefault(each.piece, []).append(each)
            if item.gives_back is None:
                stands = net + sum(each.net_minor for each in given)
                source = Source(InvoiceId(f"i{self.runs}"), position)
                days = item.covers
                new.append(
                    Piece(item.line_id, days.start, days.end, item.terms_key, stands, source)
                )
        for piece, parts in gone.items():
            self.standing[piece.line_id].remove(piece)
            new += _left(piece, parts)
        for piece in new:
            self._stand(piece)
        return len(items)

    def _with_gone(self, contract: Contract) -> Contract:
        """With the lines that were billed and that no order has any more, void, as stored."""
        now = {line.id for line in contract.lines}
        gone = [
            replace(line, sold=replace(line.sold, is_void=True))
            for line in self.lines.values()
            if line.id not in now
        ]
        self.lines |= {line.id: line for line in contract.lines}
        return replace(contract, lines=(*contract.lines, *gone))

    def _stand(self, piece: Piece) -> None:
        pieces = self.standing.setdefault(piece.line_id, [])
        for other in pieces:
            assert piece.end <= other.start or other.end <= piece.start, f"twice: {piece}, {other}"
        pieces.append(piece)
        pieces.sort(key=lambda each: each.start)


def _left(piece: Piece, parts: Sequence[GivenBack]) -> list[Piece]:
    """What is left of a piece, as the store leaves it."""
    days = without(Period(piece.start, piece.end), [each.period for each in parts])
    minor = piece.net_minor - sum(each.net_minor for each in parts)
    return [
        piece._replace(start=period.start, end=period.end, net_minor=amount)
        for period, amount in zip(days, dealt(minor, days), strict=True)
    ]


def in_runs(orders: Sequence[Order], usage: Usage, next_run: Callable[[], date]) -> Counter[str]:
    """What each line was billed in all, when orders arrive one after another, in this sequence,
    with a run after each. An order that cannot take effect yet waits for the next one.
    """
    books = Books(usage)
    known: list[Order] = []
    for order in orders:
        known.append(order)
        try:
            contract = contract_of(known)
        except Troubled:
            continue  # all of them together make one
        books.run(contract, next_run())
    books.run(contract, FAR)
    assert books.run(contract, FAR) == 0, "a run finds nothing after a run"
    return books.billed
