"""Namesakes: the same key, and another event all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.usage_values import at, event, usage
from usance.domain.metering.events import UsageEvent
from usance.domain.metering.namesakes import under_its_own_key


@given(usage(at_least=1))
def test_a_namesakes_key_is_the_same_however_often_it_is_sent(events: list[UsageEvent]) -> None:
    for each in events:
        assert under_its_own_key(each) == under_its_own_key(replace(each))
        assert replace(under_its_own_key(each), idempotency_key=each.idempotency_key) == each


def test_it_tells_moments_and_resources_apart() -> None:
    sent = event("k", hours=1)
    others = [
        replace(sent, occurred_at=at(2)),
        replace(sent, occurred_at=None),
        replace(sent, resource_id="app"),
        replace(sent, idempotency_key="l"),
    ]
    keys = {under_its_own_key(each).idempotency_key for each in [sent, *others]}
    assert len(keys) == 5
    assert all(key.startswith(("k~", "l~")) for key in keys)


def test_a_moment_is_the_same_in_every_zone() -> None:
    here = at(1).astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert under_its_own_key(event("k", hours=1)) == under_its_own_key(
        replace(event("k"), occurred_at=here)
    )


@given(st.integers(200, 255))
def test_the_longest_keys_stay_as_long_as_a_key_may_be(length: int) -> None:
    one, other = event("k" * length), event("k" * (length - 1) + "l")
    keys = {under_its_own_key(each).idempotency_key for each in (one, other)}
    assert len(keys) == 2
    assert max(map(len, keys)) <= 255
