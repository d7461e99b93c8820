"""Fulfil an order: its contract, its subscriptions, its metered features, in one motion."""

from __future__ import annotations

from dataclasses import dataclass

from usance.documents.order_form import read_order
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.fulfilment import (
    Done,
    OrderNotNew,
    OrderStatus,
    Step,
    order_steps,
)
from usance.domain.contracts.order import Order, OrderKind
from usance.domain.due_items import LineKind
from usance.domain.errors import Invalid, Problem
from usance.domain.facts import (
    ContractAmended,
    ContractPublished,
    OrderFulfilled,
    SubscriptionProvisioned,
)
from usance.domain.ids import OrderId
from usance.domain.subscriptions.provisioning import SubscriptionExists
from usance.flows.runtime import Runtime, Scope
from usance.store import (
    contract_drafts,
    contract_subscriptions,
    contracts,
    desk,
    orders,
    payers,
    timelines,
    usage_billed,
)
from usance.store.database import Tx


@dataclass(frozen=True, slots=True)
class FulfilledOrder:
    """An order, the contract as it is now, and the order's steps, all done."""

    order: Order
    contract: Contract
    steps: tuple[Step, ...]


def fulfil_order(runtime: Runtime, scope: Scope, order_id: OrderId) -> FulfilledOrder:
    """Do every open step from the order's own lines: all of them, or none.

    An order after the first changes its contract from its effective day on: held drafts are made
    anew, and what was issued is put right by the next billing run. Raises NotFound, OrderNotNew,
    SubscriptionExists, ContractNotActive; Invalid when it cannot take effect on the contract as it
    is by now (ContractExists when an INITIAL order's contract id was taken), or where it would bill
    usage that a paid subscription bills (UsageBilledTwice).
    """
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, orders.one(tx, order_id).customer_id)  # read
        row = orders.lock(tx, order_id)
        order = read_order(row.form, order_id)
        if orders.status_of(row) is not OrderStatus.NEW:
            raise OrderNotNew(order_id, orders.status_of(row))
        _refuse_impossible(tx, order)

        contract = timelines.told(  # decide
            tx,
            order.contract_id,
            read=read_order,
            with_order=order,
            new_id=runtime.line_id,
        ).contract
        steps = order_steps(order, _all_done(order))

        at = runtime.now(tx)  # write
        is_first = order.kind is OrderKind.INITIAL
        if order.terms_change.po_number is not None:
            contracts.save_by_hand(tx, order.contract_id, po_number=None)
        if not timelines.keep(tx, contract, at=at, is_amended=not is_first):
            raise _contract_exists(order)  # another customer's, made at this moment
        _provision(runtime, tx, order, contract)
        usage_billed.refuse_contract_billed_twice(tx, contract, order, at=at)
        orders.save_fulfilled(tx, order_id, contract.id, at=at)
        desk.redraft_contract(tx, contract.id, runtime.invoice_id, at=at, actor=scope.actor)
        runtime.note(  # announce
            tx,
            scope,
            "order.fulfilled",
            order_id,
            ContractPublished(contract.id) if is_first else ContractAmended(contract.id),
            *(SubscriptionProvisioned(promised.ref) for promised in order.subscriptions),
            OrderFulfilled(order_id),
            after={"contract": contract.id, "kind": order.kind},
        )
    return FulfilledOrder(order, contract, steps)


def _refuse_impossible(tx: Tx, order: Order) -> None:
    if order.kind is not OrderKind.INITIAL:
        timelines.refuse_inactive(tx, order.contract_id)
        return
    draft = contract_drafts.maybe(tx, order.contract_id)
    is_own = draft is not None and draft.customer_id == order.customer_id
    if not is_own and contracts.exists(tx, order.contract_id):
        raise _contract_exists(order)


def _contract_exists(order: Order) -> Invalid:
    expected = "an id that no contract has, or that of a draft contract of this customer"
    return Invalid(Problem("ContractExists", "contractId", order.contract_id, expected))


def _provision(runtime: Runtime, tx: Tx, order: Order, contract: Contract) -> None:
    """What the order promises, and how long what was promised before goes on."""
    at = runtime.now(tx)
    for promised in order.subscriptions:
        if not contract_subscriptions.provision(tx, promised, contract, order.id, at=at):
            raise SubscriptionExists(promised.ref)
    if order.kind is not OrderKind.INITIAL:
        contract_subscriptions.save_end(tx, contract, at=at)


def _all_done(order: Order) -> Done:
    """What exists once this flow commits: every line's feature was checked when it was signed."""
    return Done(
        is_published=True,
        subscription_refs=[promised.ref for promised in order.subscriptions],
        mapped_line_refs=[line.ref for line in order.lines if line.kind is LineKind.USAGE],
    )
