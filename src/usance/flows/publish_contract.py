"""Publish what was collected for a contract: as its INITIAL order, or as an AMENDMENT."""

from __future__ import annotations

import json

from usance.documents.billing_form import Frame, amending_form, initial_form
from usance.documents.order_form import order_from, plain_order, read_order
from usance.documents.order_kinds import Standing
from usance.domain.contracts.billing_draft import BillingDraft, BillingNotOpen, published
from usance.domain.contracts.contract import Contract, DraftContract
from usance.domain.contracts.order import Order, OrderKind
from usance.domain.contracts.order_problems import catalogue_problems
from usance.domain.errors import Problem, refuse_if
from usance.domain.facts import ContractAmended, ContractPublished, OrderFulfilled, OrderReceived
from usance.domain.ids import ContractId, LegalEntityId, OrderId
from usance.domain.payment_terms import NET_30
from usance.flows.runtime import Runtime, Scope
from usance.store import (
    billing_drafts,
    contract_drafts,
    contract_subscriptions,
    contracts,
    desk,
    features,
    orders,
    parties,
    payers,
    timelines,
    usage_billed,
)
from usance.store.database import Tx


def publish_contract(runtime: Runtime, scope: Scope, contract_id: ContractId) -> Contract:
    """The contract as it is now agreed: an order of what was collected, signed and fulfilled.

    An edit that changed nothing makes no order. Raises NotFound, BillingNotOpen,
    ContractNotActive; Invalid with every problem, by its path in the order form.
    """
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, contracts.owner(tx, contract_id))  # read
        contracts.lock_any(tx, contract_id)
        collected = billing_drafts.one(tx, contract_id)
        unsigned = contract_drafts.maybe(tx, contract_id)
        order_id = OrderId(runtime.new_id("ord"))

        order = (  # decide
            _amendment(runtime, tx, contract_id, collected, order_id)
            if unsigned is None
            else _first(tx, unsigned, collected, order_id)
        )
        at = runtime.now(tx)
        if order is None:
            billing_drafts.save(tx, contract_id, published(collected), at=at)
            return contracts.one(tx, contract_id)
        _refuse_unknown(tx, order)
        contract = timelines.told(
            tx,
            contract_id,
            read=read_order,
            with_order=order,
            new_id=runtime.line_id,
        ).contract

        _keep(runtime, scope, tx, order, contract)  # write, announce
        billing_drafts.save(tx, contract_id, published(collected), at=at)
    return contract


def _first(tx: Tx, unsigned: DraftContract, collected: BillingDraft, order_id: OrderId) -> Order:
    form = initial_form(collected, unsigned, order_id)
    known = parties.entities(tx, [collected.legal_entity_id or LegalEntityId("")])
    terms = [entity.payment_terms for entity in known.values()]
    return order_from(form, order_id=order_id, default_terms=terms[0] if terms else NET_30)


def _amendment(
    runtime: Runtime, tx: Tx, contract_id: ContractId, collected: BillingDraft, order_id: OrderId
) -> Order | None:
    timelines.refuse_inactive(tx, contract_id)
    if collected.amends is None:
        raise BillingNotOpen(f"Open contract {contract_id} by edit-active, edit it, then publish.")
    contract = contracts.one(tx, contract_id)
    taken = timelines.orders_of(tx, contract_id, read_order)
    today = runtime.today(tx, parties.entity(tx, contract.legal_entity_id).zone)
    last = 1 + max(order.sequence for order in taken)
    form = amending_form(collected, contract, Frame(order_id, last, today))
    if form is None:
        return None
    standing = Standing.of(contract)
    return order_from(form, order_id=order_id, standing=standing)


def _refuse_unknown(tx: Tx, order: Order) -> None:
    """What the form names must be there: the features, the legal entity."""
    named = {line.feature_id for line in order.lines if line.feature_id is not None}
    found = features.some(tx, named)
    metered = {each.id for each in found.values() if each.counted_by is not None}
    problems = list(catalogue_problems(order, known=set(found), metered=metered))
    seller = order.party_change.legal_entity_id or order.legal_entity_id
    if not parties.entities(tx, [seller]):
        expected = "the id of a legal entity of this environment"
        problems.append(Problem("UnknownLegalEntity", "legalEntityId", seller, expected))
    refuse_if(problems)


def _keep(runtime: Runtime, scope: Scope, tx: Tx, order: Order, contract: Contract) -> None:
    is_first = order.kind is OrderKind.INITIAL
    form, at = plain_order(order), runtime.now(tx)
    orders.append(
        tx,
        order.id,
        form=form,
        document=json.dumps(form, ensure_ascii=False, indent=2).encode(),
        effective_on=order.effective_on,
        at=at,
    )
    timelines.keep(tx, contract, at=at, is_amended=not is_first)
    orders.save_fulfilled(tx, order.id, contract.id, at=at)
    if not is_first:
        contract_subscriptions.save_end(tx, contract, at=at)
    usage_billed.refuse_contract_billed_twice(tx, contract, order, at=at)
    desk.redraft_contract(tx, contract.id, runtime.invoice_id, at=at, actor=scope.actor)
    runtime.note(
        tx,
        scope,
        "contract.published",
        contract.id,
        OrderReceived(order.id),
        ContractPublished(contract.id) if is_first else ContractAmended(contract.id),
        OrderFulfilled(order.id),
        after={"order": order.id, "kind": order.kind},
    )
