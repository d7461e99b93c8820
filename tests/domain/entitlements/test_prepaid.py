"""Prepaid units: checks, worth, buying, paying; and the pools and trials next to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.credits.grants import Grant
from usance.domain.entitlements.access import DenialReason
from usance.domain.entitlements.prepaid import (
    Wallet,
    balance,
    check_credits,
    paid_by,
    to_buy,
    weighted,
)
from usance.domain.entitlements.seats import change_seats, pool_after, seat_pool
from usance.domain.entitlements.standing import Standing
from usance.domain.errors import Invalid
from usance.domain.subscriptions.trials import may_start_trial

START = datetime(2026, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)
AMOUNTS = st.integers(0, 1000).map(Decimal)
ENDING = Grant(
    id="a", amount=Decimal(100), used=Decimal(60), effective_at=START, expires_at=START + DAY
)
COMING = Grant(id="b", amount=Decimal(50), effective_at=START + 2 * DAY)


def test_credits_are_checked_against_what_is_in_force() -> None:
    found = check_credits([ENDING, COMING], Decimal(40), at=START)
    assert found.has_access
    assert (found.limit, found.current_usage) == (Decimal(100), Decimal(60))
    assert found.remaining == balance([ENDING, COMING], START) == 40
    assert found.valid_until == START + DAY
    assert (
        check_credits([ENDING, COMING], Decimal(1), at=START + DAY).valid_until == START + 2 * DAY
    )


def test_too_few_credits_are_refused_unless_the_limit_is_soft() -> None:
    refused = check_credits([ENDING], Decimal(41), at=START)
    assert refused.denial_reason is DenialReason.INSUFFICIENT_CREDITS
    soft = check_credits([ENDING], Decimal(41), at=START, is_soft=True)
    assert soft.has_access
    assert soft.is_soft_exceeded
    assert check_credits([], Decimal(0), at=START).valid_until is None


@pytest.mark.parametrize(("left", "bought"), [(20, 0), (19, 31), (0, 50), (-5, 55), (99, 0)])
def test_a_balance_is_filled_up_when_it_falls_below_the_threshold(left: int, bought: int) -> None:
    assert to_buy(Decimal(left), threshold=Decimal(20), target=Decimal(50)) == bought


def test_nothing_is_bought_beyond_the_limit_of_the_month_or_above_the_target() -> None:
    low = Decimal(10)
    assert to_buy(low, threshold=Decimal(20), target=Decimal(50), most=Decimal(40)) == 40
    assert to_buy(low, threshold=Decimal(20), target=Decimal(50), most=Decimal(39)) == 0
    assert to_buy(low, threshold=Decimal(20), target=Decimal(5)) == 0


def test_each_quantity_costs_its_own_weight() -> None:
    tokens = {"small": Decimal(1000), "large": Decimal(20)}
    assert weighted(tokens, {"small": Decimal("1.1"), "large": Decimal(5)}) == 1200
    with pytest.raises(KeyError):
        weighted(tokens, {})


def _wallet(ident: str, amount: Decimal, only: str | None, gone: bool) -> Wallet:
    expires_at = START if gone else None
    grant = Grant(id=ident, amount=amount, effective_at=START - DAY, expires_at=expires_at)
    return Wallet(grant, only)


KINDS = st.sampled_from([None, "charge", "subscription"])


@given(AMOUNTS, AMOUNTS, st.lists(st.tuples(AMOUNTS, KINDS, st.booleans()), max_size=5))
def test_wallets_pay_no_more_than_they_hold_and_is_owed(
    charge: Decimal, fee: Decimal, told: list[tuple[Decimal, str | None, bool]]
) -> None:
    wallets = {f"w{n}": _wallet(f"w{n}", *each) for n, each in enumerate(told)}
    paid = paid_by({"subscription": fee, "charge": charge}, wallets.values(), START)
    assert all(0 < part <= wallets[ident].grant.left for ident, part in paid.items())
    assert not any(wallets[ident].grant.expires_at for ident in paid)
    for kind, owed in (("charge", charge), ("subscription", fee)):
        assert sum(paid[ident] for ident in paid if wallets[ident].only == kind) <= owed
    assert sum(paid.values()) <= charge + fee


def test_seats_come_at_once_and_go_at_the_end_of_the_period() -> None:
    assert change_seats(20, 5) == (25, 25)
    assert change_seats(20, -5) == (20, 15)
    assert change_seats(20, 5).is_billed_now(20)
    assert not change_seats(20, -5).is_billed_now(20)


@pytest.mark.parametrize(("by", "least", "most"), [(100, 1, 50), (-10, 1, 50), (-11, 0, None)])
def test_seats_stay_in_their_range(by: int, least: int, most: int | None) -> None:
    with pytest.raises(Invalid, match="quantity"):
        change_seats(10, by, least=least, most=most)


def test_a_seat_brings_its_units_at_once_and_takes_none_along() -> None:
    pool = seat_pool(Decimal(1000), 5)
    assert pool_after(pool, Decimal(1000), 1) == 6000
    assert pool_after(pool, Decimal(1000), -1) == 5000


@pytest.mark.parametrize(
    ("trials_before", "has_paid_before", "is_self_serve", "may"),
    [
        (0, False, True, True),
        (1, False, True, False),
        (0, True, True, False),
        (1, True, False, True),
    ],
)
def test_a_trial_is_for_the_first_time_unless_it_is_given(
    *, trials_before: int, has_paid_before: bool, is_self_serve: bool, may: bool
) -> None:
    allowed = may_start_trial(
        trials_before=trials_before, has_paid_before=has_paid_before, is_self_serve=is_self_serve
    )
    assert allowed is may


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (Standing(), None),
        (Standing(customer_exists=False, is_archived=True), DenialReason.CUSTOMER_NOT_FOUND),
        (Standing(is_archived=True, resource_exists=False), DenialReason.CUSTOMER_IS_ARCHIVED),
        (Standing(resource_exists=False), DenialReason.CUSTOMER_RESOURCE_NOT_FOUND),
        (
            Standing(has_subscription=False, has_sources=False, feature_exists=False),
            DenialReason.NO_ACTIVE_SUBSCRIPTION,
        ),
        (Standing(has_subscription=False), None),
        (Standing(feature_exists=False), DenialReason.FEATURE_NOT_FOUND),
    ],
)
def test_what_is_wrong_before_any_entitlement(
    standing: Standing, reason: DenialReason | None
) -> None:
    assert standing.denial_reason is reason
