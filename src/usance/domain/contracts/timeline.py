"""The timeline: what was agreed, as the fold of all orders of a contract, and nothing else.

Orders are taken by the day they take effect, then by their sequence, the day they were signed and
their id; never by when somebody typed them. Uplifts on anniversaries are steps between them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from usance.domain.calendar import LAST_DAY
from usance.domain.contracts.agreement import Agreement, OpenLine, Raise, Trouble
from usance.domain.contracts.contract import Contract, ContractLine, ContractStatus, Version
from usance.domain.contracts.order import Order, OrderKind, OrderLine
from usance.domain.contracts.segments import keyed
from usance.domain.contracts.taking_effect import add_discounts, take_effect
from usance.domain.errors import Problem
from usance.domain.ids import LineId
from usance.domain.price_index import IndexSeries

LineIds = Callable[[str, date], LineId]  # the id of the line of that ref, opened on that day


@dataclass(frozen=True, slots=True)
class Known:
    """What a timeline needs to know beside the orders: published indices, milestones reached."""

    indices: Mapping[str, IndexSeries] = field(default_factory=dict)
    done: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The contract as agreed, and what is wrong with the orders that made it, by order."""

    contract: Contract
    troubles: tuple[Trouble, ...]


def timeline(orders: Iterable[Order], *, line_id: LineIds, known: Known | None = None) -> Timeline:
    """The contract that these orders make, whatever sequence they come in.

    One of them is INITIAL. An order that cannot take effect (its line is gone, the contract is
    terminated) changes nothing there and is named in `troubles`, with the paths of its form.
    """
    steps = _folded(orders, Known() if known is None else known)
    first, agreed = next(steps)
    for _order, _after in steps:
        continue  # it is one agreement, which each order changes
    agreed.uplift_through(LAST_DAY)
    lines = [_line(line, keyed(line.sold), line_id) for line in agreed.discounted()]
    return Timeline(_contract(agreed, first, lines), tuple(agreed.troubles))


class Unfolded(NamedTuple):
    """The contract as agreed once an order had taken effect; `raises` are its uplifts, in time.

    What was wrong with the order is in `troubles`. The segments have no keys: nothing is billed
    from here.
    """

    order: Order
    contract: Contract
    raises: tuple[Raise, ...]
    troubles: tuple[Problem, ...]


def unfolded(
    orders: Iterable[Order], *, line_id: LineIds, known: Known | None = None
) -> Iterator[Unfolded]:
    """The contract after each of its orders, in one fold: each order costs what it changes."""
    first: Order | None = None
    for order, after in _folded(orders, Known() if known is None else known):
        first = first or order
        agreed = after.copied()
        agreed.uplift_through(LAST_DAY)
        lines = [_line(line, line.sold, line_id) for line in agreed.discounted()]
        own = tuple(each.problem for each in after.troubles if each.order_id == order.id)
        yield Unfolded(order, _contract(agreed, first, lines), tuple(agreed.raises), own)


def as_of(orders: Sequence[Order], day: date) -> list[Order]:
    """The orders that have taken effect by that day; the first one in any case."""
    return [
        order for order in orders if order.kind is OrderKind.INITIAL or order.effective_on <= day
    ]


def _folded(orders: Iterable[Order], known: Known) -> Iterator[tuple[Order, Agreement]]:
    """Each order, the INITIAL one first, with what is agreed once it has taken effect.

    It is one agreement, which goes on changing.
    """
    ranked = sorted(orders, key=lambda order: order.rank)
    first = next(order for order in ranked if order.kind is OrderKind.INITIAL)
    agreed = _begun(first, known)
    yield first, agreed
    for order in ranked:
        if order is not first:
            agreed.uplift_through(order.effective_on)
            take_effect(agreed, order)
            yield order, agreed


def _begun(first: Order, known: Known) -> Agreement:
    start = Version(first.term.start, first.customer_id, first.legal_entity_id, first.terms)
    agreed = Agreement(first.term, first.term.start, [start], known.indices, known.done)
    for index, sold in enumerate(first.lines):
        agreed.open(sold, first, f"lines[{index}]")
    add_discounts(agreed, first)
    return agreed


def _contract(agreed: Agreement, first: Order, lines: Sequence[ContractLine]) -> Contract:
    latest = agreed.latest()
    return Contract(
        id=first.contract_id,
        customer_id=latest.customer_id,
        legal_entity_id=latest.legal_entity_id,
        name=first.contract_name,
        currency=first.currency,
        status=ContractStatus.ACTIVE,
        term=agreed.term,
        terms=latest.terms,
        lines=tuple(lines),
        earlier=tuple(agreed.versions[:-1]),
        since=latest.starts_on if len(agreed.versions) > 1 else None,
        terminated_on=agreed.terminated_on,
    )


def _line(line: OpenLine, sold: OrderLine, line_id: LineIds) -> ContractLine:
    return ContractLine(line_id(sold.ref, line.opened_on), line.order_id, sold, line.opened_on)


def contract_from(order: Order, *, line_id: Callable[[str], LineId]) -> Contract:
    """The contract an INITIAL order makes by itself; `line_id` names the line of each ref."""
    return timeline([order], line_id=lambda ref, _day: line_id(ref)).contract
