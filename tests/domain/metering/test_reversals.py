"""Reversals: what may take an event back, and what counts then."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.usage_values import (
    Detail,
    counted,
    details,
    document,
    event,
    meters,
    received,
    reversal,
    reversals,
    usage,
    window,
)
from usance.domain.catalog import Meter
from usance.domain.errors import Invalid
from usance.domain.metering.events import UsageEvent, read_event
from usance.domain.metering.receipts import Outcome, receipts_for
from usance.domain.metering.reversals import Standing, refuse_reversals, reversed_keys
from usance.domain.metering.totals import total_of


def problems(make: Callable[[], object]) -> list[tuple[str, str, str]]:
    with pytest.raises(Invalid) as refused:
        make()
    return [(problem.code, problem.path, problem.value) for problem in refused.value.problems]


@given(meters(), usage(at_least=4), details, st.data())
@settings(max_examples=60)
def test_an_event_that_was_taken_back_counts_nowhere(
    meter: Meter, events: list[UsageEvent], detail: Detail, data: st.DataObject
) -> None:
    back = data.draw(reversals(events))
    sent = data.draw(st.permutations([*events, *back]))
    left = [each for each in events if each.key not in {one.reversed_key for one in back}]
    asked = window(meter, 0, 49, detail)
    assert total_of(asked, map(received, sent)) == total_of(asked, map(received, left))


def test_a_reversal_holds_nothing_but_whom_it_takes_back() -> None:
    sent = read_event(document(idempotencyKey="k2", reverses="k1"))
    assert (sent.reverses, sent.reversed_key) == ("k1", event("k1").key)
    for wrong in ({"dimensions": {"tokens": 1}}, {"resourceId": "app"}, {"reverses": "k2"}):
        fields = {"idempotencyKey": "k2", "reverses": "k1"} | wrong
        found = problems(lambda fields=fields: read_event(document(**fields)))  # type: ignore[misc]
        assert [(code, path) for code, path, _ in found] == [("InvalidReversal", next(iter(wrong)))]


@pytest.mark.parametrize(
    ("batch", "known", "code"),
    [
        ([reversal("r", "a")], {}, "UnknownEvent"),
        ([reversal("r", "a", customer="globex")], {"a": Standing(False, None)}, "UnknownEvent"),
        ([reversal("r", "a")], {"a": Standing(True, None)}, "NotReversible"),
        ([reversal("r", "a")], {"a": Standing(False, "q")}, "AlreadyReversed"),
        ([event("a"), reversal("q", "a"), reversal("r", "a")], {}, "AlreadyReversed"),
        ([event("a"), reversal("q", "a"), reversal("r", "q")], {}, "NotReversible"),
    ],
)
def test_a_reversal_takes_back_one_event_that_stands(
    batch: list[UsageEvent], known: dict[str, Standing], code: str
) -> None:
    kept = {event(key).key: standing for key, standing in known.items()}
    found = problems(lambda: refuse_reversals(batch, kept))
    assert [(each, path) for each, path, _ in found] == [
        (code, f"events[{len(batch) - 1}].reverses")
    ]


def test_a_reversal_may_be_sent_again_and_in_one_batch_with_what_it_takes_back() -> None:
    refuse_reversals([reversal("r", "a"), event("a"), reversal("r", "a")], {})
    refuse_reversals([reversal("r", "a")], {event("a").key: Standing(False, "r")})
    assert reversed_keys([reversal("r", "b"), event("a"), reversal("s", "a")]) == [
        event("a").key,
        event("b").key,
    ]


def test_a_reversal_that_was_kept_is_accepted_and_once_more_a_duplicate() -> None:
    told = receipts_for(
        [reversal("r", "a"), reversal("r", "a")], is_new=[True, False], meters=[counted()]
    )
    assert [each.outcome for each in told.receipts] == [Outcome.ACCEPTED, Outcome.DUPLICATE]
