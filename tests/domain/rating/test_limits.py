"""Limits over a period that is billed in steps."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.rating.price_values import AMOUNTS
from usance.domain.rating.limits import cap, from_the_last, less_fixed, less_percent, true_up


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_with_its_true_up_a_period_is_never_below_its_minimum(
    amount: Decimal, minimum: Decimal, billed: Decimal
) -> None:
    missing = true_up(amount, minimum, billed=billed)
    assert billed + amount + missing == max(minimum, billed + amount)


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_under_its_cap_a_step_never_takes_a_period_above_its_maximum(
    amount: Decimal, maximum: Decimal, billed: Decimal
) -> None:
    capped = cap(amount, maximum, billed=billed)
    assert capped.amount + capped.discount == amount
    assert billed + capped.amount <= max(maximum, billed)


@given(st.lists(AMOUNTS, max_size=5), AMOUNTS)
def test_a_discount_is_taken_from_the_last_line_upwards_each_at_most_whole(
    lines: list[Decimal], discount: Decimal
) -> None:
    taken = from_the_last(discount, lines)
    assert sum(taken) == min(discount, sum(lines))
    assert all(0 <= one <= line for one, line in zip(taken, lines, strict=True))
    untouched = next((i for i in range(len(lines)) if taken[i]), len(lines))
    assert taken[untouched + 1 :] == lines[untouched + 1 :]


def test_discounts_say_what_they_take() -> None:
    assert less_percent(Decimal(200), Decimal(50)).discount == 100
    assert less_percent(Decimal(200), Decimal(50)).amount == 100
    assert less_fixed(Decimal(20), Decimal(5)).amount == 15
    assert less_fixed(Decimal(3), Decimal(5)).discount == 3
