"""Payments: bank transfers recorded by finance, and which invoices they pay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from usance.api.caller import Asked, Caller
from usance.api.envelope import Amount, CurrencyCode, Page, Single, Wire
from usance.api.fields import PathId, Ref, at
from usance.api.paging import Paging, part
from usance.api.refunds import RefundWire
from usance.api.route import resource
from usance.documents import plain
from usance.domain.calendar import parse_day
from usance.domain.errors import NotFound
from usance.domain.ids import AllocationId, CustomerId, InvoiceId, LegalEntityId, PaymentId
from usance.domain.money import Currency, Money, currency
from usance.domain.payments.allocating import NamedAllocation
from usance.domain.payments.payment import Allocation, Basis, PaymentBalance, PaymentMethod
from usance.flows.allocate_payment import allocate_payment
from usance.flows.keep_as_credit import keep_as_credit
from usance.flows.record_payment import RecordPayment, record_payment
from usance.flows.refund_payment import refund_payment
from usance.flows.release_credit import release_credit
from usance.flows.take_back_allocation import take_back_allocation
from usance.store import payments

router = resource("payments", tag="Payments")


class NamedWire(Wire):
    """So much to that invoice; without an amount, what is due on it and left."""

    invoice_id: Ref
    amount: Amount | None = None


class PaymentBody(Wire):
    """A bank transfer as it stands on the statement."""

    legal_entity_id: Ref = Field(examples=["halden-de"])
    customer_id: Ref = Field(examples=["nordlicht"])
    amount: Amount
    currency: CurrencyCode
    received_on: str = Field(description="The booking day.", examples=["2026-01-20"])
    bank_reference: str | None = Field(
        default=None, max_length=255, description="The bank's own id: a movement is kept once."
    )
    remittance: str = Field(default="", max_length=1000, description="What the payer wrote.")
    allocations: list[NamedWire] | None = Field(
        default=None,
        max_length=500,
        description="What it pays. Left out: found by reference, amount, age. `[]`: nothing yet.",
    )


class AllocateBody(Wire):
    """Where what is left of a payment goes; left out: found by the rules."""

    allocations: list[NamedWire] | None = Field(default=None, max_length=500)


class CreditBody(Wire):
    """How much; left out: all there is."""

    amount: Amount | None = None


class RefundBody(CreditBody):
    """How much is given back, and of which invoice; without one, of what is unallocated."""

    invoice_id: Ref | None = None


class AllocationWire(Wire):
    """A payment applied to an invoice. One that takes another back is below zero."""

    id: str
    invoice_id: str
    amount: Amount
    basis: Basis
    allocated_on: str
    takes_back: str | None

    @classmethod
    def of(cls, made: Allocation) -> AllocationWire:
        """As it travels."""
        return cls(
            id=made.id,
            invoice_id=made.invoice_id,
            amount=made.amount.text,
            basis=made.basis,
            allocated_on=made.allocated_on.isoformat(),
            takes_back=made.takes_back,
        )


class PaymentWire(Wire):
    """Money that arrived, and what became of it."""

    id: str
    legal_entity_id: str
    customer_id: str
    method: PaymentMethod
    currency: CurrencyCode
    amount: Amount
    allocated: Amount
    kept_as_credit: Amount
    refunded: Amount
    unallocated: Amount
    received_on: str
    bank_reference: str | None
    remittance: str
    allocations: list[AllocationWire]

    @classmethod
    def of(cls, balance: PaymentBalance, made: Sequence[Allocation]) -> PaymentWire:
        """As it travels."""
        payment = balance.payment
        return cls(
            id=payment.id,
            legal_entity_id=payment.legal_entity_id,
            customer_id=payment.customer_id,
            method=payment.method,
            currency=payment.amount.currency.code,
            amount=payment.amount.text,
            allocated=balance.allocated.text,
            kept_as_credit=balance.kept.text,
            refunded=balance.given_back.text,
            unallocated=balance.left.text,
            received_on=payment.received_on.isoformat(),
            bank_reference=payment.bank_reference,
            remittance=payment.remittance,
            allocations=[AllocationWire.of(each) for each in made],
        )


@router.post("", operation_id="recordPayment", summary="Record a payment", status_code=201)
def record(caller: Asked, body: PaymentBody, response: Response) -> Single[PaymentWire]:
    """The same movement (by the bank's reference) again gives the payment there is, with 200."""
    of = at("currency", lambda: currency(body.currency))
    wanted = RecordPayment(
        legal_entity_id=LegalEntityId(body.legal_entity_id),
        customer_id=CustomerId(body.customer_id),
        amount=plain.amount(of)(body.amount, "amount"),
        received_on=_day(body.received_on, "receivedOn"),
        bank_reference=body.bank_reference,
        remittance=body.remittance,
        allocations=named(body.allocations, of),
    )
    recorded = record_payment(caller.runtime, caller.scope, wanted)
    if recorded.is_repeat:
        response.status_code = 200
    return Single(data=PaymentWire.of(recorded.balance, recorded.allocations))


@router.get("", operation_id="listPayments", summary="List payments")
def list_payments(
    caller: Asked,
    asked: Paging,
    customer_id: Annotated[str | None, Query(alias="customerId", max_length=255)] = None,
) -> Page[PaymentWire]:
    """Oldest first."""
    with caller.transaction() as tx:
        found = payments.page(
            tx,
            after=asked.after,
            before=asked.before,
            customer_id=None if customer_id is None else CustomerId(customer_id),
            limit=asked.and_one,
        )
        shown, cursors = part(found, asked, lambda balance: balance.payment.id)
        data = [
            PaymentWire.of(balance, payments.allocations_of_payment(tx, balance.payment.id))
            for balance in shown
        ]
    return Page(data=data, pagination=cursors)


@router.get("/{id}", operation_id="getPayment", summary="Read a payment")
def get_payment(caller: Asked, id: PathId) -> Single[PaymentWire]:
    """With all its allocations, taken back ones too."""
    return _one(caller, PaymentId(id))


@router.post("/{id}/allocations", operation_id="allocatePayment", summary="Allocate what is left")
def allocate(caller: Asked, id: PathId, body: AllocateBody | None = None) -> Single[PaymentWire]:
    """To the invoices named, or to those the rules find."""
    with caller.transaction() as tx:
        of = payments.one(tx, PaymentId(id)).payment.amount.currency
    wishes = None if body is None else named(body.allocations, of)
    allocate_payment(caller.runtime, caller.scope, PaymentId(id), wishes)
    return _one(caller, PaymentId(id))


@router.post(
    "/{id}/allocations/{allocationId}/take-back",
    operation_id="takeBackAllocation",
    summary="Take an allocation back",
)
def take_back(caller: Asked, id: PathId, allocationId: PathId) -> Single[PaymentWire]:
    """The invoice is owed again, the money is unallocated again; both rows stay."""
    with caller.transaction() as tx:
        if payments.allocation(tx, AllocationId(allocationId)).payment_id != id:
            raise NotFound("allocation", allocationId)
    take_back_allocation(caller.runtime, caller.scope, AllocationId(allocationId))
    return _one(caller, PaymentId(id))


@router.post("/{id}/credit", operation_id="keepAsCredit", summary="Keep as customer credit")
def keep(caller: Asked, id: PathId, body: CreditBody | None = None) -> Single[PaymentWire]:
    """The customer leaves an over-payment with us."""
    keep_as_credit(caller.runtime, caller.scope, PaymentId(id), _asked(caller, id, body))
    return _one(caller, PaymentId(id))


@router.post(
    "/{id}/refund", operation_id="refundPayment", summary="Refund a payment", status_code=201
)
def refund(caller: Asked, id: PathId, body: RefundBody | None = None) -> Single[RefundWire]:
    """What is unallocated; or what paid an invoice, which is open again by as much."""
    amount = _asked(caller, id, body)
    of = None if body is None or body.invoice_id is None else InvoiceId(body.invoice_id)
    made = refund_payment(caller.runtime, caller.scope, PaymentId(id), amount, invoice_id=of)
    return Single(data=RefundWire.of(made))


@router.post("/{id}/release-credit", operation_id="releaseCredit", summary="Release credit")
def release(caller: Asked, id: PathId, body: CreditBody | None = None) -> Single[PaymentWire]:
    """It is unallocated again."""
    release_credit(caller.runtime, caller.scope, PaymentId(id), _asked(caller, id, body))
    return _one(caller, PaymentId(id))


def _one(caller: Caller, payment_id: PaymentId) -> Single[PaymentWire]:
    with caller.transaction() as tx:
        balance = payments.one(tx, payment_id)
        made = payments.allocations_of_payment(tx, payment_id)
    return Single(data=PaymentWire.of(balance, made))


def _asked(caller: Caller, payment_id: str, body: CreditBody | None) -> Money | None:
    if body is None or body.amount is None:
        return None
    with caller.transaction() as tx:
        of = payments.one(tx, PaymentId(payment_id)).payment.amount.currency
    return plain.amount(of)(body.amount, "amount")


def named(sent: Sequence[NamedWire] | None, of: Currency) -> list[NamedAllocation] | None:
    """What was asked for, in the currency of what is allocated. Raises Invalid."""
    if sent is None:
        return None
    read = plain.amount(of)
    return [
        NamedAllocation(
            InvoiceId(each.invoice_id),
            None if each.amount is None else read(each.amount, f"allocations[{index}].amount"),
        )
        for index, each in enumerate(sent)
    ]


def _day(text: str, path: str) -> date:
    return at(path, lambda: parse_day(text))
