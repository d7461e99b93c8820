"""Paid, partially paid, open, overdue: from allocations and the day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.ledger.books import EUR, eur
from usance.domain.money import Money
from usance.domain.payments.settlement import Settlement, SettlementState, settlement

DUE_ON = date(2026, 3, 14)


@pytest.mark.parametrize(
    ("gross", "allocated", "days_after_due", "state", "amount_due"),
    [
        ("100.00", "0.00", -1, "OPEN", "100.00"),
        ("100.00", "0.00", 0, "OPEN", "100.00"),
        ("100.00", "0.00", 1, "OVERDUE", "100.00"),
        ("100.00", "0.01", 0, "PARTIALLY_PAID", "99.99"),
        ("100.00", "99.99", 1, "OVERDUE", "0.01"),
        ("100.00", "100.00", 1, "PAID", "0.00"),
        ("0.00", "0.00", 1, "PAID", "0.00"),
    ],
)
def test_the_state_of_an_invoice(
    gross: str, allocated: str, days_after_due: int, state: str, amount_due: str
) -> None:
    today = DUE_ON + timedelta(days=days_after_due)
    found = settlement(eur(gross), eur(allocated), due_on=DUE_ON, today=today)
    assert found == Settlement(SettlementState(state), eur(amount_due))


@given(st.integers(0, 10**9), st.data(), st.integers(-1000, 1000))
def test_an_invoice_is_paid_exactly_when_nothing_is_due_on_it_and_overdue_only_after_its_due_day(
    gross: int, data: st.DataObject, days: int
) -> None:
    allocated = data.draw(st.integers(0, gross))
    today = DUE_ON + timedelta(days=days)
    found = settlement(Money(gross, EUR), Money(allocated, EUR), due_on=DUE_ON, today=today)
    assert found.amount_due.minor == gross - allocated
    assert (found.state is SettlementState.PAID) == found.amount_due.is_zero
    assert (found.state is SettlementState.OVERDUE) == (days > 0 and not found.amount_due.is_zero)
