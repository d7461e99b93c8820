"""What a contract is worth once an order has taken effect, for a page of orders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from usance.documents.order_form import read_order
from usance.domain.contracts.history import history
from usance.domain.contracts.order import Order, OrderKind
from usance.domain.contracts.timeline import Known, contract_from
from usance.domain.contracts.value import contract_value
from usance.domain.ids import ContractId, LineId, OrderId
from usance.domain.money import Money
from usance.store import timelines
from usance.store.database import Tx


class Worth(NamedTuple):
    """The contract's value after an order, and how much of that the order brought."""

    after: Money
    brought: Money


def worths(tx: Tx, orders: Iterable[Order]) -> dict[OrderId, Worth]:
    """The worth of each of these orders, as the contract is told now.

    An order that is not fulfilled, or was called off, is shown as if it took effect.
    """
    found: dict[OrderId, Worth] = {}
    told: dict[ContractId, dict[OrderId, Worth]] = {}
    for order in orders:
        if order.contract_id not in told:
            taken = timelines.orders_of(tx, order.contract_id, read_order)
            told[order.contract_id] = _told(tx, taken)
        known = told[order.contract_id]
        found[order.id] = known[order.id] if order.id in known else _alone(tx, order)
    return found


def _told(tx: Tx, taken: list[Order]) -> dict[OrderId, Worth]:
    if not taken:
        return {}
    facts = timelines.known(tx, taken[0].contract_id, taken)
    return _chapters(taken, facts)


def _alone(tx: Tx, order: Order) -> Worth:
    """Of an order that did not take effect: after those that rank before it."""
    if order.kind is OrderKind.INITIAL:
        whole = contract_value(contract_from(order, line_id=LineId)).total
        return Worth(whole, whole)
    taken = timelines.orders_of(tx, order.contract_id, read_order)
    every = [*(each for each in taken if each.rank < order.rank or _is_first(each)), order]
    return _chapters(every, timelines.known(tx, order.contract_id, every))[order.id]


def _is_first(order: Order) -> bool:
    return order.kind is OrderKind.INITIAL


def _chapters(orders: list[Order], known: Known) -> dict[OrderId, Worth]:
    found: dict[OrderId, Worth] = {}
    before = Money.zero(orders[0].currency)
    for each in history(orders, line_id=lambda ref, _day: LineId(ref), known=known):
        found[each.order.id] = Worth(each.value.total, each.value.total - before)
        before = each.value.total
    return found
