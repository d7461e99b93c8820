"""The payment, and what has become of it: allocated, kept as credit, or still to be said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from usance.domain.calendar import FIRST_DAY
from usance.domain.errors import Conflict, Problem, refuse_if
from usance.domain.ids import (
    AllocationId,
    CustomerCreditId,
    CustomerId,
    InvoiceId,
    LegalEntityId,
    PaymentId,
    WriteOffId,
)
from usance.domain.money import MAX_MINOR, Money

LONGEST_REMITTANCE = 1000  # a SEPA transfer carries 140 characters, a SWIFT message up to 9,000
LONGEST_BANK_REFERENCE = 255


class PaymentMethod(StrEnum):
    """How the money came."""

    BANK_TRANSFER = "BANK_TRANSFER"


class BankReferenceUsed(Conflict):
    """The bank's id of a movement was recorded before, for another payment."""

    code = "BankReferenceUsed"

    def __init__(self, bank_reference: str, first: PaymentId) -> None:
        super().__init__(
            f"Bank reference {bank_reference!r} was recorded before, as payment {first} with "
            "another customer, amount or day. A bank uses a reference once."
        )
        self.first = first


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that arrived from a customer at one legal entity. It never changes.

    `received_on` is the booking day on the bank account; `bank_reference` the bank's own id of
    the movement; `remittance` what the payer wrote. Raises Invalid with everything wrong with it.
    """

    id: PaymentId
    legal_entity_id: LegalEntityId
    customer_id: CustomerId
    amount: Money
    received_on: date
    method: PaymentMethod = PaymentMethod.BANK_TRANSFER
    bank_reference: str | None = None
    remittance: str = ""

    def __post_init__(self) -> None:
        refuse_if([*self._amount_problems(), *self._text_problems(), *self._day_problems()])

    def is_same_movement(self, other: Payment) -> bool:
        """True when both tell of one movement on the bank account, whatever was written with it."""
        return (
            self.legal_entity_id == other.legal_entity_id
            and self.customer_id == other.customer_id
            and self.amount == other.amount
            and self.received_on == other.received_on
            and self.bank_reference is not None
            and self.bank_reference == other.bank_reference
        )

    def _amount_problems(self) -> Iterator[Problem]:
        if self.amount.minor <= 0:
            yield Problem("AmountNotPositive", "amount", self.amount.text, "more than zero")
        elif self.amount.minor >= MAX_MINOR:
            expected = f"less than {Money(MAX_MINOR, self.amount.currency)}"
            yield Problem("AmountTooLarge", "amount", self.amount.text, expected)

    def _text_problems(self) -> Iterator[Problem]:
        if len(self.remittance) > LONGEST_REMITTANCE or "\x00" in self.remittance:
            expected = f"at most {LONGEST_REMITTANCE} characters, none of them NUL"
            yield Problem("InvalidRemittance", "remittance", repr(self.remittance[:80]), expected)
        reference = self.bank_reference
        if reference is None:
            return
        is_short = 0 < len(reference) <= LONGEST_BANK_REFERENCE
        if not is_short or not reference.isprintable() or reference != reference.strip():
            expected = f"1 to {LONGEST_BANK_REFERENCE} visible characters, or none at all"
            yield Problem("InvalidBankReference", "bankReference", repr(reference[:80]), expected)

    def _day_problems(self) -> Iterator[Problem]:
        if self.received_on < FIRST_DAY:
            expected = f"a day from {FIRST_DAY} on"
            yield Problem("DayOutOfRange", "receivedOn", str(self.received_on), expected)


def refuse_future(payment: Payment, *, today: date) -> None:
    """Raises Invalid (ReceivedInTheFuture). `today` is a day of the legal entity."""
    if payment.received_on > today:
        expected = f"a day up to {today}, today at the legal entity"
        value = str(payment.received_on)
        refuse_if([Problem("ReceivedInTheFuture", "receivedOn", value, expected)])


class Basis(StrEnum):
    """Why an amount was allocated to that invoice, or taken back from it."""

    NAMED = "NAMED"  # a person said so
    REFERENCE = "REFERENCE"  # the remittance carries its creditor reference or number
    EXACT_AMOUNT = "EXACT_AMOUNT"  # it is what was open on it
    OLDEST_DUE = "OLDEST_DUE"  # nothing else told
    SOURCE = "SOURCE"  # the credit note gives back part of that invoice
    WRITTEN_OFF = "WRITTEN_OFF"  # it will not be paid
    TAKEN_BACK = "TAKEN_BACK"  # it was a mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """A payment, a credit note or a write-off applied to an invoice, which it settles in part.

    A row that takes another one back is negative. `allocated_on` is a day of the legal entity.
    Rows are never changed or deleted.
    """

    id: AllocationId
    invoice_id: InvoiceId
    amount: Money
    basis: Basis
    allocated_on: date
    payment_id: PaymentId | None = None
    credit_note_id: InvoiceId | None = None
    write_off_id: WriteOffId | None = None
    takes_back: AllocationId | None = None

    def __post_init__(self) -> None:
        sources = (self.payment_id, self.credit_note_id, self.write_off_id)
        assert sum(each is not None for each in sources) == 1, "one thing is allocated"
        assert not self.amount.is_zero, "an allocation is of something"
        undoes = self.takes_back is not None
        assert self.amount.is_negative is undoes, "only a row that takes back is negative"
        assert (self.basis is Basis.TAKEN_BACK) is undoes, "the basis says whether it takes back"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCredit:
    """Part of a payment kept for the customer as credit; negative: released again.

    `kept_on` is a day of the legal entity.
    """

    id: CustomerCreditId
    payment_id: PaymentId
    amount: Money
    kept_on: date

    def __post_init__(self) -> None:
        assert not self.amount.is_zero, "customer credit is of something"


@dataclass(frozen=True, slots=True)
class PaymentBalance:
    """A payment, and how much of it is allocated, kept as credit, given back, and left."""

    payment: Payment
    allocated: Money
    kept: Money
    refunded: Money | None = None  # None: nothing

    def __post_init__(self) -> None:
        assert not self.allocated.is_negative, "no more is taken back than was allocated"
        assert not self.kept.is_negative, "no more is released than was kept"
        assert not self.left.is_negative, "no more is used than was paid"

    @property
    def given_back(self) -> Money:
        """What is, or will be, refunded of it."""
        return Money.zero(self.payment.amount.currency) if self.refunded is None else self.refunded

    @property
    def left(self) -> Money:
        """What is neither allocated, nor kept, nor given back: unapplied cash."""
        return self.payment.amount - self.allocated - self.kept - self.given_back
