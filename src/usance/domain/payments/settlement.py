"""Whether an invoice is paid: derived from what was allocated and the day, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from usance.domain.money import Money


class SettlementState(StrEnum):
    """Where an issued invoice stands. Late comes before partial: it is what somebody acts on."""

    OPEN = "OPEN"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"
    OVERDUE = "OVERDUE"


@dataclass(frozen=True, slots=True)
class Settlement:
    """Where an invoice stands, and how much of it is still to be paid."""

    state: SettlementState
    amount_due: Money


def settlement(gross: Money, allocated: Money, *, due_on: date, today: date) -> Settlement:
    """Where an issued invoice of `gross` stands today; both days are the legal entity's.

    Due today is not late yet. An invoice of zero is paid: nothing is left to pay.
    """
    amount_due = gross - allocated
    if amount_due <= Money.zero(gross.currency):
        return Settlement(SettlementState.PAID, amount_due)
    if today > due_on:
        return Settlement(SettlementState.OVERDUE, amount_due)
    if allocated.is_zero:
        return Settlement(SettlementState.OPEN, amount_due)
    return Settlement(SettlementState.PARTIALLY_PAID, amount_due)
