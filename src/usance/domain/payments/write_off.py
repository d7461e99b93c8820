"""Write-offs: a debt that will not be paid, or a difference too small to ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from usance.domain.catalog import is_storable
from usance.domain.errors import Invalid, NotAllowedNow, Problem
from usance.domain.ids import AllocationId, InvoiceId, WriteOffId
from usance.domain.money import Money
from usance.domain.payments.allocating import OpenItem
from usance.domain.payments.crediting import amount_within
from usance.domain.payments.payment import Allocation, Basis
from usance.domain.rounding import divide

LONGEST_REASON = 500


class WriteOffKind(StrEnum):
    """Why it is given up."""

    BAD_DEBT = "BAD_DEBT"
    SMALL_DIFFERENCE = "SMALL_DIFFERENCE"  # a bank's fee, a rounding: within the tolerance


class WriteOffReversed(NotAllowedNow):
    """A write-off is reversed once."""

    code = "WriteOffReversed"

    def __init__(self, write_off_id: WriteOffId) -> None:
        super().__init__(f"Write-off {write_off_id} was reversed already.")


class InvoiceGivenUp(NotAllowedNow):
    """What was given up as a bad debt is not credited: that would hand out money nobody paid."""

    code = "InvoiceGivenUp"

    def __init__(self, invoice_id: InvoiceId, write_off_id: WriteOffId) -> None:
        super().__init__(
            f"Invoice {invoice_id} was given up as a bad debt; reverse write-off {write_off_id} "
            "before it is credited."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff:
    """So much of an invoice given up, tax included; `tax` is what of it was tax.

    The tax of a bad debt is apart, for tax offices give it back; of a small difference it is
    nothing. `written_off_on` is a day of the legal entity.
    """

    id: WriteOffId
    invoice_id: InvoiceId
    kind: WriteOffKind
    amount: Money
    tax: Money
    reason: str
    written_off_on: date

    def __post_init__(self) -> None:
        assert self.amount.minor > 0, "a write-off gives something up"
        assert 0 <= self.tax.minor <= self.amount.minor, "its tax is within it"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffWish:
    """What somebody gives up and why; `amount` None: all that is open. Raises Invalid."""

    kind: WriteOffKind = WriteOffKind.BAD_DEBT
    amount: Money | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        reason = self.reason
        if not reason.strip() or len(reason) > LONGEST_REASON or not is_storable(reason):
            expected = f"a reason of 1 to {LONGEST_REASON} characters, for the auditor"
            raise Invalid(Problem("ReasonMissing", "reason", ascii(reason[:80])[1:-1], expected))


def write_off(
    item: OpenItem,
    tax: Money,
    wish: WriteOffWish,
    *,
    write_off_id: WriteOffId,
    tolerances: Sequence[Money],
    on: date,
) -> WriteOff:
    """What is given up of an issued invoice whose whole tax is `tax`.

    `tolerances` bound small differences, at most one a currency. Raises Invalid: AmountNotPositive,
    OtherCurrency, MoreThanDue, DifferenceTooLarge.
    """
    amount = amount_within(
        wish.amount, item.amount_due, code="MoreThanDue", limit=f"what is due on {item.number}"
    )
    if wish.kind is WriteOffKind.SMALL_DIFFERENCE:
        _refuse_large(amount, tolerances)
        within = Money.zero(amount.currency)
    else:
        share = divide(amount.minor * tax.minor, item.gross.minor)
        within = Money(share, amount.currency)
    return WriteOff(
        id=write_off_id,
        invoice_id=item.invoice_id,
        kind=wish.kind,
        amount=amount,
        tax=within,
        reason=wish.reason,
        written_off_on=on,
    )


def small_enough(due: Money, tolerances: Sequence[Money]) -> bool:
    """True when what is due is a difference the legal entity does not ask for."""
    return due.minor > 0 and due <= tolerance_in(due, tolerances)


def tolerance_in(amount: Money, tolerances: Sequence[Money]) -> Money:
    """The tolerance in the currency of `amount`; nothing where none is set."""
    named = (each for each in tolerances if each.currency == amount.currency)
    return next(named, Money.zero(amount.currency))


def settled_by_write_off(made: WriteOff, *, allocation_id: AllocationId) -> Allocation:
    """The row that settles the invoice by what was given up."""
    return Allocation(
        id=allocation_id,
        write_off_id=made.id,
        invoice_id=made.invoice_id,
        amount=made.amount,
        basis=Basis.WRITTEN_OFF,
        allocated_on=made.written_off_on,
    )


def _refuse_large(amount: Money, tolerances: Sequence[Money]) -> None:
    most = tolerance_in(amount, tolerances)
    if most < amount:
        expected = f"at most {most.text}, the tolerance of the legal entity; else it is a BAD_DEBT"
        raise Invalid(Problem("DifferenceTooLarge", "amount", amount.text, expected))
