"""A batch read quickly holds the events that reading each closely finds, and the same problems."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.domain.usage_values import ODD_TEXTS, document, numbers
from usance.domain.errors import Invalid
from usance.domain.metering import batches
from usance.domain.metering.batches import read_batch
from usance.domain.metering.events import read_event

odd: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    numbers,
    st.decimals(allow_nan=True),
    st.sampled_from([*ODD_TEXTS, "usage:x", "a" * 255, "a" * 256, " ", "\x7f", "\ud800", "a b"]),
    st.lists(st.none(), max_size=1),
)
names = st.sampled_from(["tokens", "region", "", "a" * 101, "é", "\n"])
instants = st.sampled_from(
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.123456+00:00",
        "2026-01-01T02:00:00+02:00",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "1899-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "yesterday",
    ]
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "customerId": st.just("acme") | odd,
        "eventName": st.just("call") | odd,
        "idempotencyKey": st.just("k1") | odd,
        "timestamp": instants | odd,
        "resourceId": st.just("berlin") | odd,
        "dimensions": st.dictionaries(names, odd, max_size=3) | odd,
        "reverses": st.none() | st.just("k0"),
        "extra": st.none(),
    },
)
plain = st.builds(
    document,
    timestamp=instants,
    dimensions=st.dictionaries(st.sampled_from(["tokens", "region"]), odd, max_size=2),
)


def outcome(read: Callable[[], Any]) -> object:
    try:
        return repr(read())
    except Invalid as refused:
        return refused.problems


@given(documents | plain)
@example(document(dimensions={"tokens": Decimal("0.10")}))
@example(document(dimensions={"tokens": Decimal("NaN1")}))
@example(document(dimensions={"tokens": Decimal("-0.5")}))
@example(document(dimensions={"tokens": Decimal("1E+1")}))
@example(document(dimensions={f"n{index}": True for index in range(51)}))
def test_a_batch_holds_the_events_that_are_read_one_by_one(sent: dict[str, Any]) -> None:
    closely = outcome(lambda: (read_event(sent),))
    if isinstance(closely, tuple):
        closely = tuple(problem.under("events[0]") for problem in closely)
    assert outcome(lambda: read_batch([sent])) == closely


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"timestamp": "2026-01-01T00:00:00Z", "resourceId": "berlin"},
        {"dimensions": {"tokens": Decimal("12.5"), "region": "eu", "is_test": True, "calls": 7}},
    ],
)
def test_an_ordinary_event_is_read_quickly(more: dict[str, Any]) -> None:
    sent = document(**more)
    assert batches._plain_event(sent) == read_event(sent)
