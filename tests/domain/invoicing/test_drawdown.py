"""Drawdown: what was prepaid pays for usage first, the fund that expires first before all."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from usance.domain.due_items import Fund
from usance.domain.ids import LineId
from usance.domain.invoicing.drawdown import Usage, drawn

DAYS = st.dates(date(2025, 1, 1), date(2026, 6, 30))
QUARTER, YEAR = date(2025, 4, 1), date(2026, 1, 1)


@st.composite
def funds(draw: st.DrawFn) -> Fund:
    """Of any length, carried over in part."""
    start = draw(DAYS)
    end = start + timedelta(days=draw(st.integers(1, 200)))
    expires_on = end + timedelta(days=draw(st.integers(0, 100)))
    minor, percent = draw(st.integers(0, 20_000)), Decimal(draw(st.integers(0, 100)))
    payer = LineId(draw(st.sampled_from(["p1", "p2"])))
    return Fund(start, end, expires_on, minor, percent, payer)


@st.composite
def usages(draw: st.DrawFn) -> list[Usage]:
    """Usage in time, each of which may draw from some of a few funds."""
    every = draw(st.lists(funds(), max_size=3, unique=True))
    some = st.sets(st.sampled_from(every)).map(list) if every else st.just([])
    found = draw(st.lists(st.builds(Usage, DAYS, st.integers(0, 10_000), some), max_size=12))
    return sorted(found, key=lambda each: each.day)


@given(usages())
def test_no_more_is_drawn_than_the_usage_came_to_and_no_more_than_was_prepaid(
    usage: list[Usage],
) -> None:
    """No more is drawn than the usage came to, and no more than was prepaid."""
    taken = drawn(usage)
    assert len(taken) == len(usage)
    assert all(0 <= part <= each.minor for part, each in zip(taken, usage, strict=True))
    assert sum(taken) <= sum(fund.minor for fund in {f for each in usage for f in each.funds})


@given(usages())
def test_usage_draws_from_its_own_funds_while_they_last(usage: list[Usage]) -> None:
    for each, part in zip(usage, drawn(usage), strict=True):
        open_then = [fund for fund in each.funds if fund.start <= each.day < fund.expires_on]
        assert part <= sum(fund.minor for fund in open_then)


@given(usages())
def test_what_comes_later_changes_nothing_that_was_drawn_before(usage: list[Usage]) -> None:
    """A fund bought later and expiring sooner is not drawn before its first day."""
    everything = drawn(usage)
    for count in range(len(usage)):
        assert drawn(usage[:count]) == everything[:count]


def fund(name: str, minor: int, *, ends_on: date = YEAR, expires_on: date | None = None) -> Fund:
    """Prepaid from New Year 2025 on; half of what is left at its end is carried over."""
    begins = date(2025, 1, 1)
    return Fund(begins, ends_on, expires_on or ends_on, minor, Decimal(50), LineId(name))


def test_the_fund_that_expires_first_is_drawn_first() -> None:
    both = [fund("long", 1000), fund("short", 300, ends_on=QUARTER)]
    usage = [Usage(date(2025, 1, 1), 400, both), Usage(date(2025, 4, 1), 1200, both)]
    assert drawn(usage) == [400, 900]


def test_a_fund_that_two_may_draw_from_is_spent_once() -> None:
    shared, own = fund("shared", 100), fund("own", 50, ends_on=QUARTER)
    usage = [Usage(date(2025, 1, 1), 120, [shared, own]), Usage(date(2025, 1, 1), 80, [shared])]
    assert drawn(usage) == [120, 30]


def test_half_of_what_is_left_is_carried_over_for_as_long_as_agreed_and_the_rest_expires() -> None:
    carried = [fund("carried", 1001, ends_on=QUARTER, expires_on=date(2025, 7, 1))]
    days = (date(2025, 4, 1), date(2025, 6, 30), date(2025, 7, 1))
    assert drawn([Usage(day, 400, carried) for day in days]) == [400, 101, 0]
