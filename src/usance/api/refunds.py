"""Refunds: money promised back to customers, and whether it was sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import Field

from usance.api.caller import Asked
from usance.api.envelope import Amount, CurrencyCode, Page, Single, Wire
from usance.api.fields import PathId, words
from usance.api.paging import Paging, part
from usance.api.route import resource
from usance.domain.ids import CustomerId, RefundId
from usance.domain.payments.payment import PaymentMethod
from usance.domain.payments.refund import Refund, RefundState
from usance.flows.cancel_refund import cancel_refund
from usance.flows.send_refund import send_refund
from usance.store import refunds

router = resource("refunds", tag="Refunds")


class RefundWire(Wire):
    """Money given back, of a payment or of a credit note."""

    id: str
    state: RefundState
    customer_id: str
    legal_entity_id: str
    payment_id: str | None
    credit_note_id: str | None
    currency: CurrencyCode
    amount: Amount
    method: PaymentMethod
    promised_on: str
    sent_on: str | None
    canceled_on: str | None
    reference: str | None = Field(description="The bank's own id of the movement.")

    @classmethod
    def of(cls, refund: Refund) -> RefundWire:
        """As it travels."""
        sent, canceled = refund.sent_on, refund.canceled_on
        return cls(
            id=refund.id,
            state=refund.state,
            customer_id=refund.customer_id,
            legal_entity_id=refund.legal_entity_id,
            payment_id=refund.payment_id,
            credit_note_id=refund.credit_note_id,
            currency=refund.amount.currency.code,
            amount=refund.amount.text,
            method=refund.method,
            promised_on=refund.promised_on.isoformat(),
            sent_on=None if sent is None else sent.isoformat(),
            canceled_on=None if canceled is None else canceled.isoformat(),
            reference=refund.reference or None,
        )


class SentBody(Wire):
    """What the bank called the movement."""

    reference: str = Field(default="", max_length=255)


@router.get("", operation_id="listRefunds", summary="List refunds")
def list_refunds(
    caller: Asked,
    asked: Paging,
    customer_id: Annotated[str | None, Query(alias="customerId", max_length=255)] = None,
    state: Annotated[str | None, Query(description="PENDING: only those still to be sent.")] = None,
) -> Page[RefundWire]:
    """Oldest first."""
    with caller.transaction() as tx:
        found = refunds.page(
            tx,
            after=asked.after,
            before=asked.before,
            customer_id=None if customer_id is None else CustomerId(customer_id),
            is_pending=words(state, [RefundState.PENDING.value], "state") is not None,
            limit=asked.and_one,
        )
    shown, cursors = part(found, asked, lambda refund: refund.id)
    return Page(data=[RefundWire.of(refund) for refund in shown], pagination=cursors)


@router.get("/{id}", operation_id="getRefund", summary="Read a refund")
def get_refund(caller: Asked, id: PathId) -> Single[RefundWire]:
    """As it stands."""
    with caller.transaction() as tx:
        return Single(data=RefundWire.of(refunds.one(tx, RefundId(id))))


@router.post("/{id}/sent", operation_id="refundSent", summary="Say that a refund was sent")
def sent(caller: Asked, id: PathId, body: SentBody | None = None) -> Single[RefundWire]:
    """It left our bank account, and is booked."""
    reference = "" if body is None else body.reference
    made = send_refund(caller.runtime, caller.scope, RefundId(id), reference=reference)
    return Single(data=RefundWire.of(made))


@router.post("/{id}/cancel", operation_id="cancelRefund", summary="Call a refund off")
def cancel(caller: Asked, id: PathId) -> Single[RefundWire]:
    """The customer has the money with us again."""
    return Single(data=RefundWire.of(cancel_refund(caller.runtime, caller.scope, RefundId(id))))
