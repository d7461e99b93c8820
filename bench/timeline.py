"""Timeline: what an amendment costs among 200 of one contract, against one among 10.

All of them change one line for the rest of its days, evenly through a term of ten years, so that
each finds as many steps as there were amendments before it. Once the fold alone, once the history
as the API tells it: what each order changed, and what the contract was worth after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from bench.deal import BUYER, EUR, FEE, SEATS, SELLER, sold
from bench.figure import Figure, at_most, best
from usance.domain.calendar import Period
from usance.domain.contracts.history import history
from usance.domain.contracts.order import LineChange, Order, OrderKind, OrderLine
from usance.domain.contracts.terms import ContractTerms
from usance.domain.contracts.timeline import timeline
from usance.domain.due_items import LineKind
from usance.domain.ids import ContractId, LineId, OrderId
from usance.domain.payment_terms import PaymentTerms

FEW, MANY = 10, 200
GOAL = 1.5
TIMES = 9
DECADE = Period(date(2025, 1, 1), date(2035, 1, 1))
TERMS = ContractTerms(payment_terms=PaymentTerms(14))


def run() -> Iterator[Figure]:
    """An amendment among MANY costs at most GOAL times one among FEW."""
    for bench, fold in (("timeline", _folded), ("timeline_history", _told)):
        few, many = _each(fold, FEW), _each(fold, MANY)
        yield at_most(
            bench,
            value=many * 1e6,
            limit=few * 1e6,
            goal=GOAL,
            unit="us",
            note=f"one of {MANY} amendments / one of {FEW}",
        )


def _each(fold: Callable[[list[Order]], None], count: int) -> float:
    """Seconds for one of `count` amendments, the first order's own share taken off."""
    orders = _orders(count)
    rounds = MANY // count  # so that both run about as long

    def again(members: list[Order]) -> Callable[[], None]:
        def fold_all() -> None:
            for _ in range(rounds):
                fold(members)

        return fold_all

    whole = best(again(orders), times=TIMES)
    alone = best(again(orders[:1]), times=TIMES)
    return (whole - alone) / rounds / count


def _folded(orders: list[Order]) -> None:
    made = timeline(orders, line_id=_line_id)
    assert len(made.contract.lines[1].sold.segments) == len(orders), "a step an amendment"
    assert not made.troubles, "all of them take effect"


def _told(orders: list[Order]) -> None:
    chapters = sum(1 for _ in history(orders, line_id=_line_id))
    assert chapters == len(orders), "a chapter an order"


def _orders(count: int) -> list[Order]:
    lines = (
        _through(sold("platform", LineKind.RECURRING, FEE)),
        _through(sold("seats", LineKind.RECURRING, SEATS, 25)),
    )
    first = Order(
        id=OrderId("order-0"),
        kind=OrderKind.INITIAL,
        customer_id=BUYER.id,
        legal_entity_id=SELLER.id,
        contract_id=ContractId("contract-0"),
        contract_name="Bench",
        currency=EUR,
        term=DECADE,
        effective_on=DECADE.start,
        terms=TERMS,
        lines=lines,
    )
    return [first, *(_amendment(first, index, count) for index in range(1, count + 1))]


def _through(line: OrderLine) -> OrderLine:
    return replace(line, window=DECADE, segments=(replace(line.segments[0], period=DECADE),))


def _amendment(first: Order, index: int, count: int) -> Order:
    """The one of that index: one seat more from its day on."""
    on = DECADE.start + timedelta(days=DECADE.days * index // (count + 1))
    return replace(
        first,
        id=OrderId(f"order-{index}"),
        kind=OrderKind.AMENDMENT,
        term=Period(on, DECADE.end),
        effective_on=on,
        lines=(),
        changes=(LineChange(ref="seats", adds=Decimal(1)),),
    )


def _line_id(ref: str, day: date) -> LineId:
    return LineId(f"lin-{ref}-{day}")
