"""Customer credit: no more is kept than is left, no more released than was kept."""

import pytest
from hypothesis import given

from tests.domain.ledger.books import eur, payment
from tests.domain.ledger.lives import STEPS, lived
from usance.domain.errors import Invalid
from usance.domain.money import Money, currency
from usance.domain.payments.crediting import credit_to_keep, credit_to_release
from usance.domain.payments.payment import PaymentBalance

HALF_USED = PaymentBalance(payment(eur("100.00")), eur("50.00"), eur("20.00"))


def test_all_that_is_left_is_kept_and_all_that_is_kept_is_released() -> None:
    assert credit_to_keep(HALF_USED, None) == eur("30.00")
    assert credit_to_release(HALF_USED, None) == eur("20.00")
    assert credit_to_release(HALF_USED, eur("5.00")) == eur("5.00")


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (eur("30.01"), "MoreThanLeft"),
        (eur("0.00"), "AmountNotPositive"),
        (eur("-1.00"), "AmountNotPositive"),
        (Money(1, currency("USD")), "OtherCurrency"),
    ],
)
def test_what_cannot_be_kept_is_refused(amount: Money, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        credit_to_keep(HALF_USED, amount)
    assert [(each.code, each.path) for each in refusal.value.problems] == [(code, "amount")]


def test_more_than_was_kept_is_not_released() -> None:
    with pytest.raises(Invalid) as refusal:
        credit_to_release(HALF_USED, eur("20.01"))
    assert refusal.value.problems[0].code == "MoreThanKept"
    assert refusal.value.problems[0].expected == "at most 20.00, what is kept of the payment"


def test_nothing_left_is_nothing_to_keep() -> None:
    with pytest.raises(Invalid, match="more than zero"):
        credit_to_keep(PaymentBalance(payment(eur("1.00")), eur("1.00"), eur("0.00")), None)


@given(STEPS)
def test_what_is_allocated_kept_as_credit_and_unallocated_of_a_payment_adds_up_to_it(
    steps: list[tuple[str, object]],
) -> None:
    for balance in lived(steps).balances():
        parts = (balance.allocated, balance.kept, balance.left)
        assert sum(part.minor for part in parts) == balance.payment.amount.minor
        assert not any(part.is_negative for part in parts)


@given(STEPS)
def test_taking_an_allocation_back_leaves_payment_and_invoice_as_if_it_had_not_been_made(
    steps: list[tuple[str, object]],
) -> None:
    books = lived(steps)
    while any(not item.allocated.is_zero for item in books.items()):
        books.take_back(0)
    assert all(item.amount_due == item.gross for item in books.items())
    for balance in books.balances():
        assert balance.left == balance.payment.amount - balance.kept
