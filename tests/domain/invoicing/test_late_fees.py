"""What paying late costs, to the minor unit."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.calendar import Period
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.late_fees import LateInvoice, Settled, interest, late_charges
from usance.domain.money import Money, currency
from usance.domain.receivables_policy import InterestRate, LateFeePolicy

GBP = currency("GBP")
DUE = date(2026, 4, 1)


def gbp(text: str) -> Money:
    return Money.parse(text, GBP)


def owed(amount: str, *settled: tuple[str, str], due_on: date = DUE) -> LateInvoice:
    """An invoice of that much, and what settled it on which day."""
    return LateInvoice(
        invoice_id=InvoiceId("inv_1"),
        number="A-1",
        due_on=due_on,
        gross=gbp(amount),
        settled=tuple(Settled(date.fromisoformat(on), gbp(part)) for on, part in settled),
    )


def late_by(days: int) -> Period:
    start = DUE + timedelta(days=1)
    return Period(start, start + timedelta(days=days))


@pytest.mark.parametrize(
    ("principal", "percent", "days", "expected"),
    [
        ("2000", "13.25", 45, "32.67"),
        ("850", "11.75", 45, "12.31"),
        ("18000", "11.75", 200, "1158.90"),
        ("75000", "11.75", 180, "4345.89"),
    ],
)
def test_simple_interest_comes_out_as_published(
    principal: str, percent: str, days: int, expected: str
) -> None:
    """uk-2000-45-days, uk-band-850, uk-band-18000, uk-band-75000."""
    rates = (InterestRate(Decimal(percent), date(2025, 1, 1)),)
    amount, _ = interest(owed(principal), late_by(days), rates)
    assert amount.text == expected


def test_the_first_day_is_the_one_after_the_due_day_and_the_last_that_of_payment() -> None:
    """uk-days-from-due: due 1 April, paid 16 May, 45 days."""
    rates = (InterestRate(Decimal("36.5"), date(2025, 1, 1)),)
    late = owed("1000", ("2026-05-16", "1000"))
    policy = LateFeePolicy(interest=rates)
    charges = late_charges(policy, late, through=date(2026, 6, 30), charged=())
    assert [(each.step, each.line.net.text) for each in charges] == [
        ("INTEREST 2026-04", "29.00"),
        ("INTEREST 2026-05", "16.00"),
    ]


def test_a_month_is_charged_once_it_is_over() -> None:
    policy = LateFeePolicy(interest=(InterestRate(Decimal(10), date(2025, 1, 1)),))
    before = late_charges(policy, owed("1000"), through=date(2026, 4, 29), charged=())
    after = late_charges(policy, owed("1000"), through=date(2026, 4, 30), charged=())
    assert ([each.step for each in before], [each.step for each in after]) == (
        [],
        ["INTEREST 2026-04"],
    )


def test_a_percentage_is_of_what_is_open_each_full_month() -> None:
    """late-fee-percent-monthly: 1.5 % of 2,000.00 for two full months, not compounded."""
    policy = LateFeePolicy(monthly_percent=Decimal("1.5"))
    charges = late_charges(policy, owed("2000"), through=date(2026, 6, 1), charged=())
    assert [each.line.net.text for each in charges] == ["30.00", "30.00"]
    again = late_charges(policy, owed("2000"), through=date(2026, 6, 1), charged={"MONTH 1"})
    assert [each.step for each in again] == ["MONTH 2"]


@given(
    principal=st.integers(1, 10**9),
    days=st.integers(1, 200),
    cut=st.integers(0, 200),
    percents=st.tuples(st.integers(0, 30), st.integers(0, 30)),
)
def test_interest_is_the_sum_over_principal_and_rate_rounded_once(
    principal: int, days: int, cut: int, percents: tuple[int, int]
) -> None:
    late = owed("0")
    late = LateInvoice(
        invoice_id=late.invoice_id, number="A-1", due_on=DUE, gross=Money(principal, GBP)
    )
    change = DUE + timedelta(days=1 + cut)
    rates = (
        InterestRate(Decimal(percents[0]), date(2020, 1, 1)),
        InterestRate(Decimal(percents[1]), change),
    )
    amount, _ = interest(late, late_by(days), rates)
    first = min(cut, days)
    product = principal * (percents[0] * first + percents[1] * (days - first))
    exact = Fraction(product, 36500)
    assert abs(amount.minor - exact) <= Fraction(1, 2)
