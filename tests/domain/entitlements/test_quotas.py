"""Quotas: windows opened by use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from usance.domain.entitlements.quotas import all_opened, opened_at, opened_by_use
from usance.domain.entitlements.windows import Reset, ResetPeriod, Window

START = datetime(2026, 7, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAILY = Reset(ResetPeriod.DAY, START)


def test_a_block_begins_no_earlier_than_its_cycle_and_keeps_its_length() -> None:
    noon = START + 12 * HOUR
    assert opened_at(noon + HOUR, DAILY, cycle_start=START) == DAILY.window_at(noon)
    assert opened_at(noon + HOUR, DAILY, cycle_start=noon) == Window(noon, noon + 24 * HOUR)


def test_a_block_does_not_overlap_the_one_before() -> None:
    ended = START + 15 * HOUR
    window = opened_at(START + 20 * HOUR, DAILY, cycle_start=START, previous_end=ended)
    assert window == Window(ended, ended + 24 * HOUR)


def test_the_last_window_of_a_cycle_takes_a_short_rest_in() -> None:
    window = opened_by_use(START, 5 * HOUR, cycle_end=START + 5 * HOUR + HOUR / 2)
    assert window.end == START + 5 * HOUR + HOUR / 2
    assert opened_by_use(START, 5 * HOUR, cycle_end=START + 6 * HOUR).end == START + 5 * HOUR
    assert opened_by_use(START, 5 * HOUR, cycle_end=START + 2 * HOUR).end == START + 2 * HOUR
    assert opened_by_use(START, 5 * HOUR).end == START + 5 * HOUR


@given(st.lists(st.integers(0, 100), max_size=20), st.integers(1, 10))
def test_every_use_is_in_one_window_that_a_use_opened(hours: list[int], length: int) -> None:
    uses = [START + hour * HOUR for hour in hours]
    windows = all_opened(uses, length * HOUR)
    assert all(sum(use in window for window in windows) == 1 for use in uses)
    assert {window.start for window in windows} <= set(uses)
