"""Orders: take in a signed form, list, read, fulfil, cancel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from usance.api.caller import Asked, Caller
from usance.api.envelope import Amount, CurrencyCode, Instant, Page, Single, Wire
from usance.api.errors import UnreadableBody
from usance.api.fields import PathId, words
from usance.api.openapi import body_of
from usance.api.orders.form import EXAMPLE, OrderForm
from usance.api.orders.worth import Worth, worths
from usance.api.paging import Paging, part
from usance.api.reading import JSON, Content
from usance.api.route import MEDIA_TYPES, resource
from usance.documents.order_form import read_form, read_order
from usance.domain.contracts.contract import Contract, ContractStatus
from usance.domain.contracts.fulfilment import Done, OrderStatus, StepKind, order_steps
from usance.domain.contracts.order import Order
from usance.domain.ids import ContractId, OrderId
from usance.flows.cancel_order import cancel_order
from usance.flows.fulfil_order import fulfil_order
from usance.flows.sign_order import sign_order
from usance.store import contract_subscriptions, contracts, listings, orders
from usance.store.contract_subscriptions import Provisioned
from usance.store.database import Row, Tx

YAML = "application/yaml"
FORM = body_of(OrderForm, example=EXAMPLE, text=YAML) | {MEDIA_TYPES: [JSON, YAML]}

router = resource("orders", tag="Orders")


class StepWire(Wire):
    """What has to happen before the order is fulfilled; computed each time."""

    kind: StepKind
    is_done: bool
    missing: list[str] = Field(description="What is still to be done.")


class OrderWire(Wire):
    """A signed order, how far it is, and the form with every default written out."""

    id: str
    kind: str
    status: OrderStatus
    steps: list[StepWire]
    customer_id: str
    legal_entity_id: str
    contract_id: str
    currency: CurrencyCode
    contract_value: Amount = Field(
        description="Every committed fee of the contract's term once it has taken effect."
    )
    value_change: Amount = Field(description="How much of that it brought, or took.")
    effective_on: str
    document_sha256: str = Field(description="Of the document that was signed, in hex.")
    created_at: Instant
    fulfilled_at: Instant | None
    canceled_at: Instant | None
    form: dict[str, Any] = Field(description="An OrderForm.")


@router.post(
    "",
    operation_id="createOrder",
    summary="Take in a signed order",
    status_code=201,
    openapi_extra=FORM,
)
def create_order(caller: Asked, content: Content) -> Single[OrderWire]:
    """As JSON, or as YAML with `Content-Type: application/yaml`.

    Every problem of the form is reported, and nothing of it is stored. The same document again
    gives the order that is there.
    """
    form = read_form(_text(content))
    order = sign_order(caller.runtime, caller.scope, form, document=content)
    return _one(caller, order.id)


@router.get("", operation_id="listOrders", summary="List orders")
def list_orders(
    caller: Asked,
    asked: Paging,
    customer_id: Annotated[str | None, Query(alias="customerId", max_length=255)] = None,
    status: Annotated[
        str | None, Query(description="NEW, FULFILLED or CANCELED, joined by commas.")
    ] = None,
) -> Page[OrderWire]:
    """Oldest first."""
    with caller.transaction() as tx:
        ids = orders.page(
            tx,
            after=asked.after,
            before=asked.before,
            limit=asked.and_one,
            customer_id=customer_id,
            statuses=words(status, list(OrderStatus), "status"),
        )
        shown, cursors = part(ids, asked, str)
        return Page(data=_rendered(caller, tx, listings.orders(tx, shown)), pagination=cursors)


@router.get("/{id}", operation_id="getOrder", summary="Read an order")
def get_order(caller: Asked, id: PathId) -> Single[OrderWire]:
    """With its steps, and which of them are open."""
    return _one(caller, OrderId(id))


@router.post("/{id}/fulfill", operation_id="fulfillOrder", summary="Fulfil an order")
def fulfill(caller: Asked, id: PathId) -> Single[OrderWire]:
    """Its contract is published, its subscriptions provisioned, its usage mapped: all or none."""
    fulfil_order(caller.runtime, caller.scope, OrderId(id))
    return _one(caller, OrderId(id))


@router.post("/{id}/cancel", operation_id="cancelOrder", summary="Call off an order")
def cancel(caller: Asked, id: PathId) -> Single[OrderWire]:
    """While nothing came of it."""
    cancel_order(caller.runtime, caller.scope, OrderId(id))
    return _one(caller, OrderId(id))


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableBody("The body is not UTF-8 text.") from None


def _one(caller: Caller, order_id: OrderId) -> Single[OrderWire]:
    with caller.transaction() as tx:
        orders.one(tx, order_id)
        [shown] = _rendered(caller, tx, listings.orders(tx, [order_id]))
    return Single(data=shown)


def _rendered(caller: Caller, tx: Tx, rows: Sequence[Row]) -> list[OrderWire]:
    made = [ContractId(row.contract_id) for row in rows if row.contract_id is not None]
    agreed = {contract.id: contract for contract in contracts.many(tx, made)}
    provisioned = contract_subscriptions.by_contract(tx, made, at=caller.runtime.now(tx))
    read = {row.id: read_order(row.form, row.id) for row in rows}
    worth = worths(tx, read.values())
    return [
        _wire(
            row,
            read[row.id],
            worth[row.id],
            _done(row, agreed, provisioned.get(row.contract_id, [])),
        )
        for row in rows
    ]


def _done(
    row: Row, agreed: Mapping[ContractId, Contract], provisioned: Sequence[Provisioned]
) -> Done:
    """What exists of an order."""
    contract = agreed.get(row.contract_id)
    if contract is None:
        return Done()
    lines = [line for line in contract.lines if line.order_id == row.id]
    return Done(
        is_published=contract.status is not ContractStatus.DRAFT,
        subscription_refs=[each.id for each in provisioned],
        mapped_line_refs=[line.sold.ref for line in lines if line.sold.feature_id is not None],
    )


def _wire(row: Row, order: Order, worth: Worth, done: Done) -> OrderWire:
    return OrderWire(
        id=order.id,
        kind=order.kind.value,
        status=orders.status_of(row),
        steps=[
            StepWire(kind=step.kind, is_done=step.is_done, missing=list(step.missing))
            for step in order_steps(order, done)
        ],
        customer_id=order.customer_id,
        legal_entity_id=order.legal_entity_id,
        contract_id=order.contract_id,
        currency=order.currency.code,
        contract_value=worth.after.text,
        value_change=worth.brought.text,
        effective_on=order.effective_on.isoformat(),
        document_sha256=bytes(row.document_sha256).hex(),
        created_at=row.created_at,
        fulfilled_at=row.fulfilled_at,
        canceled_at=row.canceled_at,
        form=row.form,
    )
