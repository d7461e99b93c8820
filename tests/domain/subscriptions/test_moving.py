"""Moving subscriptions: to another resource, to another customer, and what is in the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.subscriptions.test_subscription import START, one, subscriptions
from usance.domain.ids import ContractId, CustomerId
from usance.domain.subscriptions.changing import SubscriptionOver
from usance.domain.subscriptions.moving import (
    ProductHeldAlready,
    SubscriptionOnContract,
    delegated,
    in_the_way,
    refuse_held,
    transferred,
)
from usance.domain.subscriptions.subscription import Status, Subscription

DAY = timedelta(days=1)
moments = st.integers(-10, 900).map(lambda day: START + timedelta(days=day, hours=day % 24))


def paid_at(each: Subscription, at: datetime) -> bool:
    """It counts as paid for at that instant, whatever becomes of it later."""
    start = each.trial_ends_at or each.starts_at
    return start <= at and (each.ends_at is None or at < each.ends_at)


@given(subscriptions(), subscriptions(), moments)
def test_nothing_that_is_paid_for_at_one_instant_goes_by_as_not_in_the_way(
    first: Subscription, second: Subscription, at: datetime
) -> None:
    both_wait = first.is_payment_pending or second.is_payment_pending
    if paid_at(first, at) and paid_at(second, at) and not both_wait:
        assert in_the_way(first, second)


@given(subscriptions(), subscriptions(), moments)
def test_two_trials_at_one_instant_are_in_each_others_way(
    first: Subscription, second: Subscription, at: datetime
) -> None:
    if first.status_at(at) is second.status_at(at) is Status.IN_TRIAL:
        assert in_the_way(first, second)


@given(subscriptions(), subscriptions())
def test_being_in_the_way_is_mutual(first: Subscription, second: Subscription) -> None:
    assert in_the_way(first, second) == in_the_way(second, first)


def test_a_trial_stands_beside_what_is_paid_for() -> None:
    paid = one(ends_at=START + 9 * DAY)
    trial = one(id="t", trial_ends_at=START + 9 * DAY)
    refuse_held(trial, [paid, trial])
    with pytest.raises(ProductHeldAlready, match="s1"):
        refuse_held(replace(trial, resource_id="site"), [replace(paid, ends_at=None)])


def test_who_paid_goes_on_paying_unless_it_is_who_gets_it() -> None:
    held = one()
    handed = delegated(held, CustomerId("c2"), at=START)
    assert (handed.customer_id, handed.payer_id) == ("c2", held.customer_id)
    back = delegated(handed, held.customer_id, at=START)
    assert (back.customer_id, back.paying_customer_id) == (held.customer_id, None)
    third = delegated(handed, CustomerId("c3"), at=START)
    assert third.payer_id == held.customer_id


def test_what_is_over_or_on_a_contract_stays() -> None:
    over = one(ends_at=START)
    with pytest.raises(SubscriptionOver):
        transferred(over, "site", at=START)
    with pytest.raises(SubscriptionOver):
        delegated(over, CustomerId("c2"), at=START)
    with pytest.raises(SubscriptionOnContract):
        delegated(one(contract_id=ContractId("k")), CustomerId("c2"), at=START)
    moved = transferred(one(contract_id=ContractId("k")), "site", at=START)
    assert moved.resource_id == "site"
