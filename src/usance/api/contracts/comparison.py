"""Ordered, agreed, provisioned and billed, side by side."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field

from usance.api.caller import Asked
from usance.api.contracts.value import due_by
from usance.api.envelope import Amount, CurrencyCode, Quantity, Single, Wire
from usance.api.fields import Days, PathId, days
from usance.api.route import resource
from usance.documents.order_form import read_order
from usance.documents.order_lines import plain_line
from usance.documents.subscription_notation import plain_subscription
from usance.domain.contracts.billed_value import LineValue, value_by_line
from usance.domain.contracts.comparison import (
    Compared,
    Difference,
    Gap,
    LineCompared,
    Provisioned,
    SubscriptionCompared,
    compared,
)
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.fulfilment import OrderStatus
from usance.domain.contracts.order import Order
from usance.domain.ids import ContractId, OrderId
from usance.domain.subscriptions.subscription import RUNNING, Status
from usance.store import billed, contract_subscriptions, contracts, orders, parties
from usance.store.database import Row, Tx

GOES_ON = RUNNING | {Status.NOT_STARTED}

router = resource("orders", tag="Orders")


class OrderGapWire(Wire):
    """One difference, by its code."""

    code: Gap
    ordered: str = Field(description="What the one side says.", examples=["25"])
    found: str = Field(description="What the other says.", examples=["20"])


class AgreedLineWire(Wire):
    """The line as the contract has it now."""

    line_id: str
    service: Days
    quantity: Quantity
    sold: dict[str, Any] = Field(description="In the order form's notation.")


class BilledLineWire(Wire):
    """What stands of it on documents, before tax."""

    committed: Amount
    billed: Amount
    billed_usage: Amount
    drafted: Amount
    unbilled: Amount = Field(description="Due by today and on no document.")


class ComparedLineWire(Wire):
    """A line as ordered, as agreed, and as billed."""

    line_ref: str
    ordered: dict[str, Any] = Field(description="In the order form's notation.")
    agreed: AgreedLineWire | None
    billed: BilledLineWire | None
    differences: list[OrderGapWire]


class ProvisionedWire(Wire):
    """A subscription as it is."""

    plan_id: str
    status: str
    entitlements: dict[str, Quantity | None] = Field(description="By feature; null: no limit.")


class ComparedSubscriptionWire(Wire):
    """A subscription as ordered and as provisioned."""

    subscription_id: str
    ordered: dict[str, Any] = Field(description="In the order form's notation.")
    provisioned: ProvisionedWire | None
    differences: list[OrderGapWire]


class OrderComparisonWire(Wire):
    """An order beside what came of it, today."""

    order_id: str
    status: OrderStatus
    contract_id: str
    currency: CurrencyCode
    on: str
    lines: list[ComparedLineWire]
    subscriptions: list[ComparedSubscriptionWire]
    difference_count: int


@router.get(
    "/{id}/comparison",
    operation_id="compareOrder",
    summary="Ordered, provisioned and billed side by side",
)
def compare(caller: Asked, id: PathId) -> Single[OrderComparisonWire]:
    """Every difference is named by a code; a later order may be why."""
    with caller.transaction() as tx:
        row = orders.one(tx, OrderId(id))
        order = read_order(row.form, OrderId(id))
        contract = _contract(tx, row)
        provisioned = (
            [] if contract is None else _provisioned(tx, contract.id, caller.runtime.now(tx))
        )
        seller = parties.entities(tx, [order.legal_entity_id]).get(order.legal_entity_id)
        assert seller is not None, "an order names one of our legal entities"
        today = caller.runtime.today(tx, seller.zone)
        standing = {} if contract is None else billed.standing(tx, [contract])
    values: tuple[LineValue, ...] = ()
    if contract is not None:
        nets = {line_id: each.net for line_id, each in standing.items()}
        due = due_by(caller, contract.id, today, contract.currency)
        values = value_by_line(contract, nets, due)
    found = compared(order, contract, values, provisioned, on=today)
    return Single(data=_wire(row, order, found, today))


def _contract(tx: Tx, row: Row) -> Contract | None:
    """The contract the order is fulfilled on; None before."""
    if row.fulfilled_at is None:
        return None
    return contracts.one(tx, ContractId(row.contract_id))


def _provisioned(tx: Tx, contract_id: ContractId, at: datetime) -> list[Provisioned]:
    return [
        Provisioned(
            ref=row.id,
            plan_id=row.plan_id,
            status=row.status,
            is_running=row.status in GOES_ON,
            grants=row.grants,
        )
        for row in contract_subscriptions.by_contract(tx, [contract_id], at=at).get(contract_id, [])
    ]


def _wire(row: Row, order: Order, found: Compared, on: date) -> OrderComparisonWire:
    gaps = [each.differences for each in found.lines]
    gaps += [each.differences for each in found.subscriptions]
    return OrderComparisonWire(
        order_id=order.id,
        status=orders.status_of(row),
        contract_id=order.contract_id,
        currency=order.currency.code,
        on=on.isoformat(),
        lines=[_line(each, on) for each in found.lines],
        subscriptions=[_subscription(each) for each in found.subscriptions],
        difference_count=sum(map(len, gaps)),
    )


def _line(each: LineCompared, on: date) -> ComparedLineWire:
    agreed, value = each.agreed, each.value
    return ComparedLineWire(
        line_ref=each.ordered.ref,
        ordered=plain_line(each.ordered),
        agreed=None
        if agreed is None
        else AgreedLineWire(
            line_id=agreed.id,
            service=days(agreed.sold.window),
            quantity=f"{each.quantity_on(on):f}",
            sold=plain_line(agreed.sold),
        ),
        billed=None
        if value is None
        else BilledLineWire(
            committed=value.committed.text,
            billed=value.billed.text,
            billed_usage=value.billed_usage.text,
            drafted=value.drafted.text,
            unbilled=value.unbilled.text,
        ),
        differences=_gaps(each.differences),
    )


def _subscription(each: SubscriptionCompared) -> ComparedSubscriptionWire:
    found = each.provisioned
    return ComparedSubscriptionWire(
        subscription_id=each.ordered.ref,
        ordered=plain_subscription(each.ordered),
        provisioned=None
        if found is None
        else ProvisionedWire(
            plan_id=found.plan_id,
            status=found.status,
            entitlements={
                grant.feature_id: None if grant.limit is None else f"{grant.limit:f}"
                for grant in found.grants
            },
        ),
        differences=_gaps(each.differences),
    )


def _gaps(differences: tuple[Difference, ...]) -> list[OrderGapWire]:
    return [
        OrderGapWire(code=each.code, ordered=each.ordered, found=each.found) for each in differences
    ]
