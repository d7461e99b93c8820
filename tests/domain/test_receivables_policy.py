"""What a legal entity says about late payment and small differences."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.errors import Invalid
from usance.domain.money import Money, currency
from usance.domain.receivables_policy import (
    InterestRate,
    LateFeePolicy,
    ReceivablesPolicy,
    Recovery,
    recovery_fee,
)

GBP = currency("GBP")
EUR = currency("EUR")


@pytest.mark.parametrize(
    ("owed", "fee"), [("0.01", "40"), ("999.99", "40"), ("1000", "70"), ("10000", "100")]
)
def test_the_statutory_sum_goes_by_bands_in_the_united_kingdom(owed: str, fee: str) -> None:
    assert recovery_fee(Recovery.UK, Money.parse(owed, GBP)) == Money.parse(fee, GBP)


def test_the_law_gives_nothing_in_other_currencies_or_for_no_debt() -> None:
    assert recovery_fee(Recovery.UK, Money.parse("10", EUR)) is None
    assert recovery_fee(Recovery.EU, Money.parse("0", EUR)) is None
    assert recovery_fee(Recovery.EU, Money.parse("10", EUR)) == Money.parse("40", EUR)


@given(st.integers(1, 10**9), st.integers(0, 10**9))
def test_the_recovery_fee_of_a_debt_never_falls_as_the_debt_grows(less: int, more: int) -> None:
    small = recovery_fee(Recovery.UK, Money(less, GBP))
    large = recovery_fee(Recovery.UK, Money(less + more, GBP))
    assert small is not None
    assert large is not None
    assert small <= large


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (lambda: LateFeePolicy(grace_days=366), "InvalidGraceDays"),
        (lambda: LateFeePolicy(monthly_percent=Decimal(101)), "InvalidPercent"),
        (lambda: LateFeePolicy(fixed=(Money(-1, EUR),)), "NegativeAmount"),
        (lambda: ReceivablesPolicy(tolerances=(Money(1, EUR), Money(2, EUR))), "DuplicateCurrency"),
        (
            lambda: LateFeePolicy(
                interest=(
                    InterestRate(Decimal(8), date(2026, 1, 1)),
                    InterestRate(Decimal(9), date(2025, 1, 1)),
                )
            ),
            "RatesOutOfOrder",
        ),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(policy: object, code: str) -> None:
    assert callable(policy)
    with pytest.raises(Invalid) as caught:
        policy()
    assert [problem.code for problem in caught.value.problems] == [code]
