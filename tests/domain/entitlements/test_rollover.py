"""Rollover: what is carried over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from usance.domain.credits.consuming import Use
from usance.domain.credits.grants import Grant
from usance.domain.entitlements.rollover import (
    ALL_OF_IT,
    FORGOTTEN,
    Rollover,
    available_after,
    balances,
    burn_down_with_resets,
    up_to_share,
)

START = datetime(2026, 7, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
AMOUNTS = st.integers(0, 1000).map(Decimal)
RESET = START + 5 * HOUR
LATER = START + 6 * HOUR


@given(AMOUNTS, st.lists(AMOUNTS), st.none() | AMOUNTS)
def test_what_is_left_is_carried_or_lost(
    base: Decimal, used: list[Decimal], most: Decimal | None
) -> None:
    periods = balances(base, used, Rollover(most))
    for period in periods:
        assert period.carried + period.lost == period.left
        assert most is None or period.carried <= most
    starts = [period.available for period in periods] + [available_after(periods, base)]
    assert starts == [base] + [base + period.carried for period in periods]


def test_a_rollover_may_have_a_least() -> None:
    assert Rollover(Decimal(50), Decimal(20)).carried(Decimal(10)) == 20
    assert FORGOTTEN.carried(Decimal(10)) == 0
    assert ALL_OF_IT.carried(Decimal(10)) == 10
    assert up_to_share(Decimal(100), Decimal("0.5")).carried(Decimal(80)) == 50


def test_a_reset_carries_over_and_forgives_overage_unless_it_is_kept() -> None:
    held = Grant(id="a", amount=Decimal(100), effective_at=START)
    rolls = {"a": Rollover(Decimal(50), Decimal(50))}
    uses = [Use(START + HOUR, Decimal(110)), Use(RESET, Decimal(5))]
    forgiven = burn_down_with_resets([held], uses, rolls, resets=[RESET], until=LATER)
    assert forgiven.left == {"a": Decimal(45)}
    assert forgiven.overage == 0
    kept = burn_down_with_resets(
        [held], uses, rolls, resets=[RESET], until=LATER, keeps_overage=True
    )
    assert kept.left == {"a": Decimal(35)}


def test_more_than_was_granted_may_be_carried() -> None:
    held = Grant(id="a", amount=Decimal(100), effective_at=START)
    rolls = {"a": Rollover(None, Decimal(150))}
    after = burn_down_with_resets([held], [], rolls, resets=[RESET], until=LATER)
    assert after.left == {"a": Decimal(150)}


def test_a_reset_leaves_grants_alone_that_begin_with_it_or_are_gone() -> None:
    new = Grant(id="new", amount=Decimal(100), effective_at=RESET)
    gone = Grant(id="gone", amount=Decimal(100), effective_at=START, expires_at=RESET)
    after = burn_down_with_resets([new, gone], [], {}, resets=[RESET], until=LATER)
    assert after.left == {"new": Decimal(100), "gone": Decimal(0)}
