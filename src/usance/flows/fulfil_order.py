"""Fulfil an order: its contract, its subscriptions, its metered features, in one motion."""

from __future__ import annotations

from dataclasses import dataclass

from usance.documents.order_form import order_from
from usance.domain.calendar import FIRST_DAY
from usance.domain.contracts.contract import Contract, contract_from
from usance.domain.contracts.fulfilment import (
    Done,
    OrderNotNew,
    OrderStatus,
    Step,
    order_steps,
)
from usance.domain.contracts.order import Order
from usance.domain.contracts.schedule import due
from usance.domain.due_items import LineKind
from usance.domain.errors import Conflict, Invalid, Problem
from usance.domain.facts import ContractPublished, OrderFulfilled, SubscriptionProvisioned
from usance.domain.ids import LineId, OrderId
from usance.flows.runtime import Runtime, Scope
from usance.store import contracts, orders, parties, subscriptions
from usance.store.database import Tx


class SubscriptionExists(Conflict):
    """A subscription of that id exists already, for something else."""

    code = "SubscriptionExists"


@dataclass(frozen=True, slots=True)
class FulfilledOrder:
    """An order, the contract it made, and its steps, all done."""

    order: Order
    contract: Contract
    steps: tuple[Step, ...]


def fulfil_order(runtime: Runtime, scope: Scope, order_id: OrderId) -> FulfilledOrder:
    """Do every open step from the order's own lines: all of them, or none.

    Raises NotFound, OrderNotNew, SubscriptionExists; Invalid (ContractExists) when the contract id
    was taken since the order was signed.
    """
    with runtime.transaction(scope) as tx:
        contracts.lock_customer(tx, orders.one(tx, order_id).customer_id)  # read
        row = orders.lock(tx, order_id)
        order = order_from(row.form, order_id=order_id)
        seller = parties.entity(tx, order.legal_entity_id)
        today = runtime.today(tx, seller.zone)

        if orders.status_of(row) is not OrderStatus.NEW:  # decide
            raise OrderNotNew(order_id, orders.status_of(row))
        if _is_taken(tx, order):
            raise _contract_exists(order)
        contract = contract_from(order, line_id=lambda _ref: LineId(runtime.new_id("lin")))
        first_due = due(contract, through=FIRST_DAY).next_on
        steps = order_steps(order, _all_done(order))

        at = runtime.now(tx)  # write
        if not contracts.save(tx, contract, next_due_on=first_due, at=at):
            raise _contract_exists(order)  # another customer's, made at this moment
        contracts.append_lines(tx, contract.id, contract.lines)
        for promised in order.subscriptions:
            added = subscriptions.add(tx, promised, contract, order.id, today=today, at=at)
            if not added:
                raise SubscriptionExists(f"There is a subscription {promised.ref!r} already.")
        orders.save_contract(tx, order_id, contract.id)
        orders.save_fulfilled(tx, order_id, at=at)
        runtime.note(  # announce
            tx,
            scope,
            "order.fulfilled",
            order_id,
            ContractPublished(contract.id),
            *(SubscriptionProvisioned(promised.ref) for promised in order.subscriptions),
            OrderFulfilled(order_id),
            after={"contract": contract.id},
        )
    return FulfilledOrder(order, contract, steps)


def _is_taken(tx: Tx, order: Order) -> bool:
    draft = contracts.maybe_draft(tx, order.contract_id)
    is_own = draft is not None and draft.customer_id == order.customer_id
    return not is_own and contracts.exists(tx, order.contract_id)


def _contract_exists(order: Order) -> Invalid:
    expected = "an id that no contract has, or that of a draft contract of this customer"
    return Invalid(Problem("ContractExists", "contractId", order.contract_id, expected))


def _all_done(order: Order) -> Done:
    """What exists once this flow commits: every line's feature was checked when it was signed."""
    return Done(
        is_published=True,
        subscription_refs=[promised.ref for promised in order.subscriptions],
        mapped_line_refs=[line.ref for line in order.lines if line.kind is LineKind.USAGE],
    )
