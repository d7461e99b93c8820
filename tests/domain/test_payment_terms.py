"""Payment terms: every way of counting a due day, at the ends of months too."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.deals import DAYS
from usance.domain.errors import Invalid
from usance.domain.payment_terms import DueRule, PaymentTerms, month_end

BY_DAYS = st.sampled_from([rule for rule in DueRule if rule is not DueRule.DAY_OF_MONTH])
TERMS = st.one_of(
    st.builds(PaymentTerms, st.integers(0, 365), BY_DAYS),
    st.builds(PaymentTerms, st.integers(1, 31), st.just(DueRule.DAY_OF_MONTH), st.integers(1, 12)),
)


@given(DAYS, TERMS)
def test_an_invoice_is_due_on_or_after_the_day_it_is_issued(
    issued_on: date, terms: PaymentTerms
) -> None:
    assert issued_on <= terms.due_on(issued_on) <= issued_on + timedelta(days=365 + 2 * 31)


@given(TERMS, TERMS)
def test_two_terms_have_one_key_exactly_when_they_are_the_same(
    one: PaymentTerms, other: PaymentTerms
) -> None:
    assert (one.key == other.key) == (one == other)
    assert not any(character.isspace() for character in one.key)


@given(DAYS, st.integers(0, 365))
def test_net_days_are_counted_from_the_day_of_issue(issued_on: date, count: int) -> None:
    terms = PaymentTerms(count)
    assert terms.net_days == count
    assert terms.due_on(issued_on) - issued_on == timedelta(days=count)


@given(DAYS, st.integers(1, 31), st.integers(1, 12))
def test_a_fixed_day_is_that_day_or_the_last_of_a_shorter_month(
    issued_on: date, day: int, ahead: int
) -> None:
    due_on = PaymentTerms(day, DueRule.DAY_OF_MONTH, ahead).due_on(issued_on)
    months = (due_on.year - issued_on.year) * 12 + due_on.month - issued_on.month
    assert months == ahead
    assert due_on.day == day or (due_on.day < day and due_on == month_end(due_on))


# Worked by hand from finance.md section 3: "30 days end of month" and "end of month plus 30 days"
# differ.
@pytest.mark.parametrize(
    ("terms", "issued_on", "due_on"),
    [
        (PaymentTerms(30, DueRule.NET_END_OF_MONTH), "2025-01-31", "2025-03-31"),
        (PaymentTerms(30, DueRule.END_OF_MONTH_PLUS), "2025-01-31", "2025-03-02"),
        (PaymentTerms(30, DueRule.NET_END_OF_MONTH), "2025-01-15", "2025-02-28"),
        (PaymentTerms(30, DueRule.END_OF_MONTH_PLUS), "2025-01-15", "2025-03-02"),
        (PaymentTerms(0, DueRule.END_OF_MONTH_PLUS), "2024-02-03", "2024-02-29"),
        (PaymentTerms(0, DueRule.NET_END_OF_MONTH), "2025-02-28", "2025-02-28"),
        (PaymentTerms(15, DueRule.DAY_OF_MONTH), "2025-12-01", "2026-01-15"),
        (PaymentTerms(31, DueRule.DAY_OF_MONTH), "2025-01-31", "2025-02-28"),
        (PaymentTerms(15, DueRule.DAY_OF_MONTH, 2), "2025-01-31", "2025-03-15"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.key,
)
def test_due_days_as_finance_counts_them(terms: PaymentTerms, issued_on: str, due_on: str) -> None:
    assert terms.due_on(date.fromisoformat(issued_on)) == date.fromisoformat(due_on)


@pytest.mark.parametrize(
    ("count", "rule", "ahead", "path"),
    [
        (-1, DueRule.NET, 1, "netDays"),
        (366, DueRule.NET, 1, "netDays"),
        (-1, DueRule.END_OF_MONTH_PLUS, 1, "endOfMonthPlus"),
        (366, DueRule.NET_END_OF_MONTH, 1, "netEndOfMonth"),
        (0, DueRule.DAY_OF_MONTH, 1, "dayOfMonth"),
        (32, DueRule.DAY_OF_MONTH, 1, "dayOfMonth"),
        (15, DueRule.DAY_OF_MONTH, 0, "monthsAhead"),
        (15, DueRule.DAY_OF_MONTH, 13, "monthsAhead"),
        (30, DueRule.NET, 2, "monthsAhead"),
    ],
)
def test_terms_beyond_a_year_or_before_the_issue_are_refused(
    count: int, rule: DueRule, ahead: int, path: str
) -> None:
    with pytest.raises(Invalid) as refused:
        PaymentTerms(count, rule, ahead)
    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == ("InvalidPaymentTerms", path)
