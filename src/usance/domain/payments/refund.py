"""Refunds: money given back, from the promise to the day it leaves our bank account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from usance.domain.errors import Invalid, NotAllowedNow, Problem
from usance.domain.ids import (
    AllocationId,
    CustomerId,
    InvoiceId,
    LegalEntityId,
    PaymentId,
    RefundId,
)
from usance.domain.money import Money
from usance.domain.payments.payment import (
    LONGEST_BANK_REFERENCE,
    Allocation,
    Basis,
    Payment,
    PaymentMethod,
)


class RefundState(StrEnum):
    """Where a refund stands."""

    PENDING = "PENDING"
    SENT = "SENT"
    CANCELED = "CANCELED"


class RefundNotPending(NotAllowedNow):
    """It was sent, or called off, already."""

    code = "RefundNotPending"

    def __init__(self, refund_id: RefundId, state: RefundState) -> None:
        super().__init__(f"Refund {refund_id} is {state}; only a PENDING one can still change.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """So much of a payment, or of a credit note, given back. Days are the legal entity's.

    `reference` is the bank's id of the movement, once it is sent.
    """

    id: RefundId
    customer_id: CustomerId
    legal_entity_id: LegalEntityId
    amount: Money
    promised_on: date
    payment_id: PaymentId | None = None
    credit_note_id: InvoiceId | None = None
    method: PaymentMethod = PaymentMethod.BANK_TRANSFER
    sent_on: date | None = None
    canceled_on: date | None = None
    reference: str = ""

    def __post_init__(self) -> None:
        assert self.amount.minor > 0, "a refund gives something back"
        assert (self.payment_id is None) is not (self.credit_note_id is None), "of one thing"
        assert self.sent_on is None or self.canceled_on is None, "it left, or it did not"

    @property
    def state(self) -> RefundState:
        """What has become of it."""
        if self.sent_on is not None:
            return RefundState.SENT
        return RefundState.PENDING if self.canceled_on is None else RefundState.CANCELED


def send(refund: Refund, *, on: date, reference: str = "") -> Refund:
    """It left our bank account. Raises RefundNotPending; Invalid (InvalidBankReference)."""
    if refund.state is not RefundState.PENDING:
        raise RefundNotPending(refund.id, refund.state)
    if len(reference) > LONGEST_BANK_REFERENCE or not (reference.isprintable() or not reference):
        expected = f"at most {LONGEST_BANK_REFERENCE} visible characters"
        raise Invalid(Problem("InvalidBankReference", "reference", repr(reference[:80]), expected))
    return replace(refund, sent_on=on, reference=reference)


def call_off(refund: Refund, *, on: date) -> Refund:
    """It will not be sent: the customer has it with us again. Raises RefundNotPending."""
    if refund.state is not RefundState.PENDING:
        raise RefundNotPending(refund.id, refund.state)
    return replace(refund, canceled_on=on)


def keep_the_rest(
    allocation: Allocation, refunded: Money, *, allocation_id: AllocationId, on: date
) -> Allocation | None:
    """What of an allocation stands again after so much of it was given back; None for nothing.

    An allocation is taken back wholly, so the part that is not refunded is allocated anew.
    """
    rest = allocation.amount - refunded
    assert not rest.is_negative, "no more is given back than was allocated"
    if rest.is_zero:
        return None
    return Allocation(
        id=allocation_id,
        payment_id=allocation.payment_id,
        invoice_id=allocation.invoice_id,
        amount=rest,
        basis=Basis.NAMED,
        allocated_on=on,
    )


def refund_of_payment(payment: Payment, amount: Money, *, refund_id: RefundId, on: date) -> Refund:
    """The promise to give back so much of a payment."""
    return Refund(
        id=refund_id,
        customer_id=payment.customer_id,
        legal_entity_id=payment.legal_entity_id,
        amount=amount,
        promised_on=on,
        payment_id=payment.id,
    )
