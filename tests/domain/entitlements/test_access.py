"""Access: allowed or denied, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.entitlements.sources_at_random import DAILY, MONTHLY, START
from usance.domain.entitlements.access import Budget, DenialReason, check, windows_of
from usance.domain.entitlements.allowances import Allowance
from usance.domain.entitlements.features import FeatureRules, Kind
from usance.domain.entitlements.resolve import Effective
from usance.domain.entitlements.windows import Window
from usance.domain.errors import Invalid
from usance.domain.money import Money, currency

AMOUNTS = st.integers(0, 10_000).map(lambda n: Decimal(n).scaleb(-2))
USD = currency("USD")
MONTH = MONTHLY.window_at(START)


def metered(*allowances: Allowance) -> Effective:
    """A metered entitlement of these allowances."""
    return Effective(
        feature=FeatureRules(kind=Kind.METERED), is_granted=True, allowances=allowances
    )


def other(kind: Kind, **terms: object) -> Effective:
    """An entitlement of another kind."""
    plain = Effective(feature=FeatureRules(kind=kind), is_granted=True)
    return replace(plain, **terms)  # type: ignore[arg-type]


HUNDRED = metered(Allowance(Decimal(100)))
SOFT = metered(Allowance(Decimal(100), is_soft=True))


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_a_hard_limit_is_exact(limit: Decimal, used: Decimal, request: Decimal) -> None:
    """a hard limit lets exactly as much through as it says, and no more"""
    found = check(metered(Allowance(limit)), used, at=START, requested_usage=request)
    assert found.has_access == (used + request <= limit)
    assert found.remaining is not None
    if used <= limit:
        assert check(
            metered(Allowance(limit)), used, at=START, requested_usage=found.remaining
        ).has_access
        assert found.remaining + used == limit
    assert found.overage - found.remaining == used - limit


@pytest.mark.parametrize(
    ("used", "request_", "has_access"),
    [(99, 1, True), (100, 1, False), (98, 3, False), (100, 0, True), (130, 0, False)],
)
def test_a_hard_limit(used: int, request_: int, *, has_access: bool) -> None:
    found = check(HUNDRED, Decimal(used), at=START, requested_usage=Decimal(request_))
    assert found.has_access is has_access
    reason = None if has_access else DenialReason.REQUESTED_USAGE_EXCEEDING_LIMIT
    assert found.denial_reason is reason


def test_reaching_the_limit_uses_it_up() -> None:
    assert check(HUNDRED, Decimal(100), at=START).is_used_up
    assert not check(HUNDRED, Decimal(99), at=START).is_used_up
    assert not check(metered(Allowance(None)), Decimal(99), at=START).is_used_up


def test_a_soft_limit_is_passed_and_that_is_reported() -> None:
    within = check(SOFT, Decimal(99), at=START, requested_usage=Decimal(1))
    beyond = check(SOFT, Decimal(130), at=START, requested_usage=Decimal(1))
    assert (within.has_access, within.is_soft_exceeded) == (True, False)
    assert (beyond.has_access, beyond.is_soft_exceeded, beyond.overage) == (
        True,
        True,
        Decimal(30),
    )


def test_without_a_limit_there_is_always_more() -> None:
    found = check(metered(Allowance(None)), Decimal(10**9), at=START, requested_usage=Decimal(1))
    assert found.has_access
    assert found.is_unlimited
    assert found.limit is found.remaining is None


def test_usage_counts_in_its_window_only() -> None:
    monthly = metered(Allowance(Decimal(100), reset=MONTHLY))
    used: dict[Window | None, Decimal] = {MONTH: Decimal(100)}
    assert windows_of(monthly, START) == {MONTH}
    assert not check(monthly, used, at=START, requested_usage=Decimal(1)).has_access
    assert MONTH.end is not None
    assert check(monthly, used, at=MONTH.end, requested_usage=Decimal(1)).has_access


def test_an_answer_holds_until_the_window_ends_or_a_source_does() -> None:
    monthly = Allowance(Decimal(100), reset=MONTHLY)
    assert check(metered(monthly), at=START).valid_until == MONTH.end
    week = START + timedelta(days=7)
    ending = Effective(
        feature=FeatureRules(kind=Kind.METERED),
        is_granted=True,
        allowances=(monthly,),
        valid_until=week,
    )
    assert check(ending, at=START).valid_until == week
    assert check(HUNDRED, at=START).valid_until is None


def test_of_two_windows_one_that_lets_it_through_is_enough() -> None:
    both = metered(Allowance(Decimal(10), reset=DAILY), Allowance(Decimal(100), reset=MONTHLY))
    day = DAILY.window_at(START)
    used: dict[Window | None, Decimal] = {day: Decimal(10), MONTH: Decimal(40)}
    found = check(both, used, at=START, requested_usage=Decimal(1))
    assert found.has_access
    assert found.window == MONTH
    assert found.remaining == 60
    assert found.valid_until == day.end
    assert not check(both, used, at=START, requested_usage=Decimal(61)).has_access


def test_switches_and_settings_are_granted_when_they_are_there() -> None:
    assert check(other(Kind.BOOLEAN), at=START).has_access
    setting = check(other(Kind.CONFIGURATION, allowances=(Allowance(Decimal(5)),)), at=START)
    assert setting.has_access
    assert setting.limit == 5


def test_every_requested_value_must_be_there() -> None:
    colours = other(Kind.ENUM, values=frozenset({"red", "green"}))
    assert check(colours, at=START).values == {"red", "green"}
    assert check(colours, at=START, requested_values=["red"]).has_access
    refused = check(colours, at=START, requested_values=["red", "blue"])
    assert refused.denial_reason is DenialReason.REQUESTED_VALUES_MISMATCH


def test_only_a_list_has_values_to_ask_for() -> None:
    found = check(HUNDRED, at=START, requested_values=["red"])
    assert found.denial_reason is DenialReason.FEATURE_TYPE_MISMATCH


def test_what_nothing_gives_is_denied() -> None:
    nothing = Effective(feature=FeatureRules(kind=Kind.METERED), is_granted=False)
    taken = Effective(
        feature=FeatureRules(kind=Kind.METERED), is_granted=False, origins=frozenset({"off"})
    )
    assert check(nothing, at=START).denial_reason is DenialReason.NO_FEATURE_ENTITLEMENT
    assert check(taken, at=START).denial_reason is DenialReason.REVOKED


@pytest.mark.parametrize(
    ("spent", "is_soft", "reason"),
    [
        (999, False, None),
        (1000, False, DenialReason.BUDGET_EXCEEDED),
        (1000, True, None),
    ],
)
def test_a_budget_comes_before_limits(
    spent: int, reason: DenialReason | None, *, is_soft: bool
) -> None:
    budget = Budget(Money(1000, USD), Money(spent, USD), is_soft)
    found = check(HUNDRED, at=START, requested_usage=Decimal(1), budget=budget)
    assert found.denial_reason is reason
    over = check(HUNDRED, Decimal(100), at=START, requested_usage=Decimal(1), budget=budget)
    assert over.denial_reason is (reason or DenialReason.REQUESTED_USAGE_EXCEEDING_LIMIT)


@pytest.mark.parametrize("request_", ["-1", "NaN"])
def test_a_request_is_a_number_from_zero(request_: str) -> None:
    with pytest.raises(Invalid, match="requestedUsage"):
        check(HUNDRED, at=START, requested_usage=Decimal(request_))


def test_usage_without_a_reset_counts_since_ever() -> None:
    assert windows_of(HUNDRED, START) == {None}
    assert check(HUNDRED, {None: Decimal(40)}, at=START).remaining == 60
    assert check(HUNDRED, {Window(START): Decimal(40)}, at=START).remaining == 100
