"""Renew what renews itself: contracts whose last day to give notice has passed."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from usance.documents.order_form import order_from, plain_order, read_order
from usance.documents.order_kinds import Standing
from usance.documents.renewal_form import renewal_form
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.order import Order
from usance.domain.facts import ContractAmended, OrderFulfilled, OrderReceived
from usance.domain.ids import ContractId, CustomerId, OrderId
from usance.flows.runtime import Runtime, Scope
from usance.store import (
    contract_subscriptions,
    contracts,
    desk,
    due_contracts,
    orders,
    parties,
    payers,
    timelines,
)


def renew_contracts(
    runtime: Runtime,
    scope: Scope,
    *,
    through: date | None = None,
    customer_id: CustomerId | None = None,
) -> list[OrderId]:
    """Sign and fulfil the RENEWAL order of each contract whose notice period has begun by
    `through` (its entity's today when None). Ids of the orders.

    May be run twice, by many processes at once, or years late: each term is renewed once, under an
    order id that names it. A termination, even at the very end of the term, is notice.
    """
    made: list[OrderId] = []
    with runtime.transaction(scope) as tx:
        latest = max(
            (runtime.today(tx, each.zone, customer_id) for each in parties.entities(tx).values()),
            default=date.min,
        )
        ids = due_contracts.renewing(tx, through=through or latest, customer_id=customer_id)
    for contract_id in ids:
        while (order_id := _renew(runtime, scope, contract_id, through)) is not None:
            made.append(order_id)
    return made


def _renew(
    runtime: Runtime, scope: Scope, contract_id: ContractId, through: date | None
) -> OrderId | None:
    """One more term, where one is to begin; None where none is yet, or any more."""
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, contracts.owner(tx, contract_id))
        timelines.refuse_inactive(tx, contract_id)
        contract = contracts.one(tx, contract_id)
        seller = parties.entity(tx, contract.legal_entity_id)
        day = through or runtime.today(tx, seller.zone, contract.customer_id)
        if not _is_to_renew(contract, day):
            return None
        order, document = _renewal(contract)
        at = runtime.now(tx, contract.customer_id)
        added = orders.append(
            tx,
            order.id,
            form=plain_order(order),
            document=document,
            effective_on=order.effective_on,
            at=at,
        )
        if not added:
            return None

        renewed = timelines.told(
            tx,
            contract_id,
            read=read_order,
            with_order=order,
            new_id=runtime.line_id,
        ).contract
        timelines.keep(tx, renewed, at=at)
        contract_subscriptions.save_end(tx, renewed, at=at)
        orders.save_fulfilled(tx, order.id, contract_id, at=at)
        desk.redraft_contract(tx, contract_id, runtime.invoice_id, at=at, actor=scope.actor)
        runtime.note(
            tx,
            scope,
            "contract.renewed",
            contract_id,
            OrderReceived(order.id),
            ContractAmended(contract_id),
            OrderFulfilled(order.id),
            after={"order": order.id, "until": order.term.end.isoformat()},
        )
    return order.id


def _is_to_renew(contract: Contract, today: date) -> bool:
    renewal = contract.terms.renewal
    if renewal is None or not renewal.is_automatic or contract.terminated_on is not None:
        return False
    return contract.term.end - timedelta(days=renewal.notice_days) <= today


def _renewal(contract: Contract) -> tuple[Order, bytes]:
    """The order of the next term, and its text."""
    form = renewal_form(contract)
    order = order_from(form, order_id=OrderId(""), standing=Standing.of(contract))
    return order, msgspec.json.encode(form)
