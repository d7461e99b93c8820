"""Allocating: which invoices a payment pays, how much of each, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

from usance.domain.errors import NotAllowedNow, Problem, refuse_if
from usance.domain.ids import AllocationId, CustomerId, InvoiceId, LegalEntityId
from usance.domain.invoicing.invoice import InvoiceNotIssued, InvoiceStatus
from usance.domain.money import Money
from usance.domain.payments.payment import Allocation, Basis, Payment
from usance.domain.payments.remittance import is_named_in


class AllocationTakenBack(NotAllowedNow):
    """An allocation is taken back once, and a row that takes one back stays."""

    code = "AllocationTakenBack"

    def __init__(self, allocation_id: AllocationId) -> None:
        super().__init__(
            f"Allocation {allocation_id} was taken back already, or itself takes one back; "
            "allocate the payment anew."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """What a payment has to know of an invoice.

    `number` and `due_on` are there once it is issued; `due_on` is a day of the legal entity.
    """

    invoice_id: InvoiceId
    status: InvoiceStatus
    number: str | None
    due_on: date | None
    legal_entity_id: LegalEntityId
    customer_id: CustomerId
    gross: Money
    allocated: Money

    @property
    def amount_due(self) -> Money:
        """What is still to be paid of it."""
        return self.gross - self.allocated


class Funds(Protocol):
    """What may pay an invoice: a payment, or a credit note that is not used up."""

    @property
    def customer_id(self) -> CustomerId:
        """Whose it is."""

    @property
    def legal_entity_id(self) -> LegalEntityId:
        """Who holds it."""

    @property
    def amount(self) -> Money:
        """All of it, used up or not."""

    @property
    def remittance(self) -> str:
        """What the payer wrote."""


class NamedAllocation(NamedTuple):
    """A person's wish: so much to that invoice. `amount` None: what is due on it and left."""

    invoice_id: InvoiceId
    amount: Money | None = None


class Share(NamedTuple):
    """How much of a payment goes to an invoice, and why."""

    invoice_id: InvoiceId
    amount: Money
    basis: Basis


def allocate(
    payment: Funds,
    left: Money,
    items: Mapping[InvoiceId, OpenItem],
    named: Sequence[NamedAllocation] | None,
) -> tuple[Share, ...]:
    """Where the `left` of a payment goes: as a person `named` it, or by the rules for None.

    `items` holds the named invoices, or all the payer's open ones. Raises as `allocate_named`.
    """
    if named is None:
        return allocate_automatically(payment, left, list(items.values()))
    return allocate_named(payment, left, named, items)


def allocate_named(
    payment: Funds,
    left: Money,
    named: Sequence[NamedAllocation],
    items: Mapping[InvoiceId, OpenItem],
) -> tuple[Share, ...]:
    """What a person asked for, of the `left` of a payment; all of it, or it is refused.

    `items` holds every named invoice. An allocation without an amount takes what is due and still
    left, in the order named, after those with one. Raises InvoiceNotIssued, or Invalid with all
    problems, their paths below `allocations`: AllocatedTwice, OtherCustomer, OtherLegalEntity,
    OtherCurrency, AmountNotPositive, MoreThanDue, MoreThanLeft, NothingToAllocate.
    """
    for wish in named:
        item = items[wish.invoice_id]
        if item.status is not InvoiceStatus.ISSUED:
            raise InvoiceNotIssued(item.invoice_id, item.status)
    refuse_if(list(_named_problems(payment, named, items)))
    amounts = {wish.invoice_id: wish.amount for wish in named if wish.amount is not None}
    for amount in amounts.values():
        left -= amount
    refuse_if(list(_too_much(left, named)))
    for wish in named:
        if wish.amount is None:
            amounts[wish.invoice_id] = _lesser(items[wish.invoice_id].amount_due, left)
            left -= amounts[wish.invoice_id]
    refuse_if(list(_nothing(named, amounts)))
    return tuple(Share(wish.invoice_id, amounts[wish.invoice_id], Basis.NAMED) for wish in named)


def allocate_automatically(
    payment: Funds, left: Money, items: Sequence[OpenItem]
) -> tuple[Share, ...]:
    """Where the `left` of a payment nobody named invoices for goes; possibly nowhere.

    The first rule that finds an invoice decides alone: named in the remittance, exact amount,
    oldest due first. Invoices of others, in other currencies or with nothing due are passed over.
    """
    if left.is_zero:
        return ()
    payable = sorted((item for item in items if _may_pay(payment, item)), key=by_age)
    named = [item for item in payable if is_named_in(payment.remittance, str(item.number))]
    if named:
        return fill(left, named, Basis.REFERENCE)
    exact = [item for item in payable if item.amount_due == left]
    if exact:
        return fill(left, exact[:1], Basis.EXACT_AMOUNT)
    return fill(left, payable, Basis.OLDEST_DUE)


def as_allocations(
    shares: Sequence[Share], payment: Payment, *, ids: Sequence[AllocationId], on: date
) -> tuple[Allocation, ...]:
    """The shares as rows, one id each; `on` is a day of the legal entity."""
    return tuple(
        Allocation(
            id=allocation_id,
            payment_id=payment.id,
            invoice_id=share.invoice_id,
            amount=share.amount,
            basis=share.basis,
            allocated_on=on,
        )
        for share, allocation_id in zip(shares, ids, strict=True)
    )


def settled_by(
    shares: Sequence[Share], items: Mapping[InvoiceId, OpenItem]
) -> tuple[InvoiceId, ...]:
    """The invoices on which nothing is due any more, once the shares are allocated."""
    return tuple(
        share.invoice_id for share in shares if share.amount == items[share.invoice_id].amount_due
    )


def fill(left: Money, items: Sequence[OpenItem], basis: Basis) -> tuple[Share, ...]:
    """As much of `left` as is due on each of the invoices, in their order, until nothing is."""
    shares = []
    for item in items:
        amount = _lesser(item.amount_due, left)
        if amount.minor > 0:
            shares.append(Share(item.invoice_id, amount, basis))
            left -= amount
    return tuple(shares)


def by_age(item: OpenItem) -> tuple[date, str, InvoiceId]:
    """How issued invoices are sorted: the oldest due first."""
    assert item.due_on is not None, "an issued invoice has its due day"
    assert item.number is not None, "an issued invoice has its number"
    return item.due_on, item.number, item.invoice_id


def take_back(
    allocation: Allocation, *, allocation_id: AllocationId, on: date, was_taken_back: bool
) -> Allocation:
    """The row that undoes `allocation`, wholly. Raises AllocationTakenBack."""
    if was_taken_back or allocation.takes_back is not None:
        raise AllocationTakenBack(allocation.id)
    return Allocation(
        id=allocation_id,
        payment_id=allocation.payment_id,
        credit_note_id=allocation.credit_note_id,
        write_off_id=allocation.write_off_id,
        invoice_id=allocation.invoice_id,
        amount=-allocation.amount,
        basis=Basis.TAKEN_BACK,
        allocated_on=on,
        takes_back=allocation.id,
    )


def _may_pay(payment: Funds, item: OpenItem) -> bool:
    return (
        item.status is InvoiceStatus.ISSUED
        and item.customer_id == payment.customer_id
        and item.legal_entity_id == payment.legal_entity_id
        and item.gross.currency == payment.amount.currency
        and item.allocated < item.gross
    )


def _lesser(one: Money, other: Money) -> Money:
    return one if one <= other else other


def _named_problems(
    payment: Funds, named: Sequence[NamedAllocation], items: Mapping[InvoiceId, OpenItem]
) -> Iterator[Problem]:
    seen: set[InvoiceId] = set()
    for index, wish in enumerate(named):
        item = items[wish.invoice_id]
        problems = [*_item_problems(payment, item), *_amount_problems(payment, wish, item)]
        if wish.invoice_id in seen:
            expected = "each invoice once"
            problems.append(Problem("AllocatedTwice", "invoiceId", wish.invoice_id, expected))
        seen.add(wish.invoice_id)
        yield from (problem.under(f"allocations[{index}]") for problem in problems)


def _item_problems(payment: Funds, item: OpenItem) -> Iterator[Problem]:
    if item.customer_id != payment.customer_id:
        expected = f"an invoice of the payer, customer {payment.customer_id}"
        yield Problem("OtherCustomer", "invoiceId", item.invoice_id, expected)
    if item.legal_entity_id != payment.legal_entity_id:
        expected = f"an invoice of the payee, legal entity {payment.legal_entity_id}"
        yield Problem("OtherLegalEntity", "invoiceId", item.invoice_id, expected)
    if item.gross.currency != payment.amount.currency:
        expected = f"an invoice in {payment.amount.currency}, the currency of the payment"
        yield Problem("OtherCurrency", "invoiceId", item.invoice_id, expected)


def _amount_problems(payment: Funds, wish: NamedAllocation, item: OpenItem) -> Iterator[Problem]:
    if wish.amount is None:
        return
    if wish.amount.currency != payment.amount.currency:
        expected = f"an amount in {payment.amount.currency}, the currency of the payment"
        yield Problem("OtherCurrency", "amount", str(wish.amount), expected)
    elif wish.amount.minor <= 0:
        yield Problem("AmountNotPositive", "amount", wish.amount.text, "more than zero")
    elif item.gross.currency == wish.amount.currency and item.amount_due < wish.amount:
        expected = f"at most {item.amount_due.text}, what is due on invoice {item.number}"
        yield Problem("MoreThanDue", "amount", wish.amount.text, expected)


def _too_much(left: Money, named: Sequence[NamedAllocation]) -> Iterator[Problem]:
    if left.is_negative:
        asked = sum(wish.amount.minor for wish in named if wish.amount is not None)
        value = Money(asked, left.currency)
        expected = f"at most {(value + left).text}, what is left of the payment"
        yield Problem("MoreThanLeft", "allocations", value.text, expected)


def _nothing(
    named: Sequence[NamedAllocation], amounts: Mapping[InvoiceId, Money]
) -> Iterator[Problem]:
    for index, wish in enumerate(named):
        if amounts[wish.invoice_id].is_zero:
            expected = "an invoice with an amount due, and something left of the payment"
            path = f"allocations[{index}].invoiceId"
            yield Problem("NothingToAllocate", path, wish.invoice_id, expected)
