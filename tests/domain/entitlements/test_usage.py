"""Usage: reported numbers, windows, plan changes, thresholds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.credits.consuming import Use
from usance.domain.entitlements.usage import (
    CutoffRule,
    Report,
    UpdateBehavior,
    after_reports,
    highest_crossed,
    kept_after_change,
    used_in,
)
from usance.domain.entitlements.windows import Window

START = datetime(2026, 7, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
AMOUNTS = st.integers(0, 1000).map(Decimal)


@given(st.lists(st.builds(Report, AMOUNTS, st.sampled_from(UpdateBehavior))), AMOUNTS, AMOUNTS)
def test_what_was_set_forgets_what_was_before(
    before: list[Report], value: Decimal, added: Decimal
) -> None:
    reports = [*before, Report(value, UpdateBehavior.SET), Report(added)]
    assert after_reports(Decimal(7), reports) == value + added


def test_use_at_the_end_of_a_window_is_of_the_next() -> None:
    uses = [Use(START + hour * HOUR, Decimal(1 + hour)) for hour in range(3)]
    window = Window(START, START + 2 * HOUR)
    assert used_in(window, uses, until=START + 5 * HOUR) == 3
    assert used_in(window, uses, until=START) == 1


@pytest.mark.parametrize(
    ("rule", "is_other", "kept"),
    [
        (CutoffRule.NEVER_RESET, True, 800),
        (CutoffRule.ALWAYS_RESET, False, 0),
        (CutoffRule.BILLING_PERIOD_CHANGE, False, 800),
        (CutoffRule.BILLING_PERIOD_CHANGE, True, 0),
    ],
)
def test_what_a_plan_change_keeps(rule: CutoffRule, kept: int, *, is_other: bool) -> None:
    assert kept_after_change(Decimal(800), rule, is_other_billing_period=is_other) == kept


@pytest.mark.parametrize(
    ("before", "after", "crossed"),
    [(0, 79, None), (0, 80, 80), (79, 100, 100), (80, 89, None), (100, 130, None)],
)
def test_only_the_highest_threshold_crossed_counts(
    before: int, after: int, crossed: int | None
) -> None:
    limit = Decimal(100)
    assert highest_crossed(Decimal(before), Decimal(after), limit, [80, 90, 100]) == crossed


def test_without_a_limit_no_threshold_is_crossed() -> None:
    assert highest_crossed(Decimal(0), Decimal(10), None, [80]) is None
