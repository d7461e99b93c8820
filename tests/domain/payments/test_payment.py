"""What a payment may say of itself."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.domain.ledger.books import EUR, TODAY, eur, payment
from usance.domain.errors import Invalid
from usance.domain.ids import AllocationId, CustomerId, InvoiceId, PaymentId
from usance.domain.money import MAX_MINOR, Money
from usance.domain.payments.payment import (
    Allocation,
    BankReferenceUsed,
    Basis,
    PaymentBalance,
    refuse_future,
)

PAID = payment(eur("100.00"))


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"amount": eur("0.00")}, "AmountNotPositive", "amount"),
        ({"amount": eur("-1.00")}, "AmountNotPositive", "amount"),
        ({"amount": Money(MAX_MINOR, EUR)}, "AmountTooLarge", "amount"),
        ({"received_on": date(1969, 12, 31)}, "DayOutOfRange", "receivedOn"),
        ({"remittance": "x" * 1001}, "InvalidRemittance", "remittance"),
        ({"remittance": "a\x00b"}, "InvalidRemittance", "remittance"),
        ({"bank_reference": ""}, "InvalidBankReference", "bankReference"),
        ({"bank_reference": " BK1"}, "InvalidBankReference", "bankReference"),
        ({"bank_reference": "a\x00b"}, "InvalidBankReference", "bankReference"),
        ({"bank_reference": "9" * 256}, "InvalidBankReference", "bankReference"),
    ],
)
def test_an_impossible_payment_is_refused_with_the_field_and_what_would_be_right(
    change: dict[str, object], code: str, path: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        replace(PAID, **change)  # type: ignore[arg-type]
    (problem,) = refusal.value.problems
    assert (problem.code, problem.path) == (code, path)
    assert problem.value != problem.expected


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        replace(PAID, amount=eur("0"), received_on=date(1969, 1, 1), remittance="\x00")
    assert [problem.path for problem in refusal.value.problems] == [
        "amount",
        "remittance",
        "receivedOn",
    ]


def test_money_cannot_have_arrived_tomorrow() -> None:
    refuse_future(PAID, today=TODAY)
    with pytest.raises(Invalid) as refusal:
        refuse_future(PAID, today=TODAY - timedelta(days=1))
    (problem,) = refusal.value.problems
    assert (problem.code, problem.path) == ("ReceivedInTheFuture", "receivedOn")
    assert problem.value == "2026-03-01"


def test_one_movement_is_told_by_reference_payer_amount_and_day_not_by_what_was_written() -> None:
    first = replace(PAID, bank_reference="BK1")
    again = replace(first, id=PaymentId("pay_2"), remittance="invoice 7")
    assert first.is_same_movement(again)
    assert not first.is_same_movement(replace(again, amount=eur("99.00")))
    assert not first.is_same_movement(replace(again, customer_id=CustomerId("other")))
    assert not first.is_same_movement(replace(again, bank_reference="BK2"))
    assert not PAID.is_same_movement(PAID)  # without a reference nobody can tell


def test_a_used_bank_reference_names_the_payment_that_has_it() -> None:
    refusal = BankReferenceUsed("BK1", PaymentId("pay_1"))
    assert refusal.first == "pay_1"
    assert "'BK1' was recorded before, as payment pay_1" in str(refusal)


def test_a_payment_is_never_used_beyond_its_amount() -> None:
    with pytest.raises(AssertionError, match="no more is used than was paid"):
        PaymentBalance(PAID, eur("60.00"), eur("40.01"))
    assert PaymentBalance(PAID, eur("60.00"), eur("40.00")).left.is_zero


def test_only_a_row_that_takes_back_is_negative() -> None:
    with pytest.raises(AssertionError, match="only a row that takes back"):
        Allocation(
            id=AllocationId("alc_1"),
            payment_id=PAID.id,
            invoice_id=InvoiceId("inv_1"),
            amount=eur("-1.00"),
            basis=Basis.NAMED,
            allocated_on=TODAY,
        )
