"""Proration: shares that add up, changes that mirror, profiles by example."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.rating.price_values import AMOUNTS
from usance.domain.calendar import Cadence, Instants, Period, Unit
from usance.domain.errors import Invalid
from usance.domain.money import Money, currency, total
from usance.domain.rating.proration import (
    Proration,
    Step,
    change,
    changes,
    credit_within,
    day_count,
    days_30_360,
    months_in,
    nominal_count,
    percent_of,
    remaining,
    remaining_time,
    share,
    share_of_time,
)

USD = currency("USD")
MONTHS = st.builds(
    lambda start, months: Cadence(months, Unit.MONTH).period(start, 0),
    st.dates(date(2000, 1, 1), date(2050, 1, 1)),
    st.integers(1, 12),
)
DIVIDING = st.sampled_from(
    [Proration.DAYS, Proration.SECONDS, Proration.THIRTY_360, Proration.MONTH_THEN_DAY]
)
JULY = Period(date(2025, 7, 1), date(2025, 8, 1))


@given(MONTHS, st.lists(st.integers(1, 300), max_size=4), DIVIDING)
def test_the_shares_of_the_parts_of_a_period_add_up_to_one_in_the_profiles_that_divide_it(
    whole: Period, cuts: list[int], profile: Proration
) -> None:
    inside = {whole.start + timedelta(days=cut) for cut in cuts}
    edges = sorted({whole.start, whole.end} | {day for day in inside if day in whole})
    parts = [Period(*edge) for edge in pairwise(edges)]
    assert sum(share(part, whole, profile) for part in parts) == 1


@given(MONTHS, st.sampled_from(Proration))
def test_the_whole_of_a_period_is_one_in_every_profile(whole: Period, profile: Proration) -> None:
    assert share(whole, whole, profile) == 1
    assert remaining(whole, whole.start, profile) == 1
    assert remaining(whole, whole.start - timedelta(days=9), profile) == 1
    assert remaining(whole, whole.end, profile) == 0


@given(AMOUNTS, AMOUNTS, st.fractions(0, 1, max_denominator=366))
def test_a_change_and_its_reversal_leave_nothing(
    old: Decimal, new: Decimal, left: Fraction
) -> None:
    there = change(old, new, currency=USD, left=left)
    back = change(new, old, currency=USD, left=left)
    assert (there.net + back.net).is_zero
    assert not there.credit.minor > 0
    assert there.net == there.credit + there.charge


@given(
    st.lists(st.tuples(st.integers(0, 30), AMOUNTS), min_size=1, max_size=5),
    AMOUNTS,
)
def test_several_changes_leave_each_day_billed_once_at_the_terms_in_force(
    later: list[tuple[int, Decimal]], first: Decimal
) -> None:
    days = sorted(later, key=lambda step: step[0])
    steps = [Step(JULY.start, first)]
    steps += [Step(JULY.start + timedelta(days=day), amount) for day, amount in days]
    made = changes(JULY, steps, currency=USD)
    billed = total([one.net for one in made], USD)
    in_force = [first] * 31
    for day, amount in days:
        in_force[day:] = [amount] * (31 - day)
    exact = sum((Fraction(amount) for amount in in_force), Fraction(0)) * 100 / 31
    assert abs(billed.minor - exact) <= len(made)


def test_a_step_before_the_one_in_force_is_refused() -> None:
    steps = [Step(date(2025, 7, 9), Decimal(1)), Step(date(2025, 7, 8), Decimal(2))]
    with pytest.raises(Invalid) as refused:
        changes(JULY, steps, currency=USD)
    assert refused.value.problems[0].path == "steps[1].on"


def test_the_profiles_count_the_same_days_differently() -> None:
    part, month = (
        Period(date(2021, 1, 27), date(2021, 2, 1)),
        Period(date(2021, 1, 1), date(2021, 2, 1)),
    )
    counted = {profile: str(day_count(part, month, profile)) for profile in Proration}
    assert counted == {
        Proration.DAYS: "5/31",
        Proration.SECONDS: "5/31",
        Proration.THIRTY_360: "4/30",
        Proration.ACTUAL_30: "5/30",
        Proration.MONTH_THEN_DAY: "5/31",
        Proration.NONE: "1/1",
    }


def test_months_are_counted_from_their_anchor() -> None:
    part = Period(date(2022, 1, 10), date(2022, 7, 1))
    assert months_in(part, anchor=date(2021, 1, 10)) == Fraction(57, 10)
    assert months_in(part) == Fraction(57, 10)
    whole = Period(date(2022, 1, 10), date(2023, 1, 10))
    counted = day_count(part, whole, Proration.MONTH_THEN_DAY, anchor=date(2021, 1, 10))
    assert counted.share == Fraction(57, 120)


def test_the_31st_counts_as_the_30th_where_months_have_thirty_days() -> None:
    assert days_30_360(Period(date(2023, 5, 15), date(2023, 5, 31))) == 15
    assert days_30_360(Period(date(2023, 1, 31), date(2023, 2, 1))) == 1


def test_a_nominal_period_has_the_days_that_were_agreed() -> None:
    part = Period(date(2023, 5, 23), date(2023, 6, 15))
    assert nominal_count(part, 30, Proration.THIRTY_360).share == Fraction(22, 30)
    assert nominal_count(part, 365).share == Fraction(23, 365)


def test_seconds_are_elapsed_seconds() -> None:
    start = datetime(2025, 6, 1, tzinfo=UTC)
    june = Instants(start, start + timedelta(days=30))
    assert remaining_time(june, start + timedelta(days=10)) == Fraction(2, 3)
    assert remaining_time(june, june.end) == 0
    assert remaining_time(june, start - timedelta(days=1)) == 1
    assert share_of_time(Instants(start, start + timedelta(seconds=1)), june) == Fraction(
        1, 30 * 86_400
    )


@given(st.integers(-500, 500), st.integers(0, 500), st.integers(0, 500))
def test_a_credit_is_at_most_what_was_billed_and_not_yet_credited(
    potential: int, billed: int, credited: int
) -> None:
    credit = credit_within(
        Money(potential, USD), billed=Money(billed, USD), credited=Money(credited, USD)
    )
    assert 0 <= credit.minor <= max(billed - credited, 0)
    assert credit.minor <= max(potential, 0)


def test_a_percentage_of_a_part_is_rounded_once() -> None:
    tax = percent_of(Decimal("29.99"), Decimal("23.33"), currency=USD, part=Fraction(6, 7))
    assert tax.text == "6.00"
