"""The history of usage: each point is what was used in its window up to then."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.usage_values import JANUARY, at, meters, received, usage, window
from usance.domain.catalog import Aggregation, Meter
from usance.domain.entitlements.usage_history import MarkerType, markers, series, slices
from usance.domain.entitlements.windows import Reset, ResetPeriod
from usance.domain.errors import Invalid
from usance.domain.metering.events import FIRST, UsageEvent
from usance.domain.metering.totals import UsageCell, UsageWindow, total_of

CALLS = Meter("call", Aggregation.COUNT)
resets = st.none() | st.builds(
    Reset,
    st.sampled_from([ResetPeriod.DAY, ResetPeriod.HOUR, ResetPeriod.LIFETIME]),
    st.integers(-30, 1).map(at),
    count=st.sampled_from([1, 5]),
    since=st.none() | st.integers(0, 40).map(at),
)


@given(usage(at_least=5), meters(), resets, st.integers(-5, 30), st.integers(31, 49))
@settings(max_examples=60, deadline=None)
def test_a_point_is_what_was_used_in_its_window_up_to_then(
    events: list[UsageEvent], meter: Meter, reset: Reset | None, first: int, last: int
) -> None:
    known = [received(each) for each in events]
    pieces = slices(at(first), at(last), reset, meter.aggregation)
    counted = [
        total_of(UsageWindow(window(meter).customer_id, meter, each.counted_from, each.end), known)
        for each in pieces
    ]
    cells = [[UsageCell((), each.quantity, each.event_count)] for each in counted]
    told = series(pieces, cells, meter.aggregation)[()]
    assert [each.start for each in pieces[1:]] == [each.end for each in pieces[:-1]]
    for point in told:
        just_before = point.at - timedelta(microseconds=0 if point.is_reset else 1)
        began = FIRST if reset is None else reset.window_at(just_before).start
        if point.is_reset:
            assert point == (point.at, Decimal(0), True)
            assert began == point.at
        else:
            whole = UsageWindow(window(meter).customer_id, meter, began, point.at)
            assert point.value == total_of(whole, known).quantity
    assert [each.at for each in markers(pieces, reset)] == [p.at for p in told if p.is_reset]


def test_a_change_of_the_subscription_is_told_from_the_period() -> None:
    reset = Reset(ResetPeriod.DAY, JANUARY, since=at(30))
    found = markers(slices(at(1), at(60), reset, Aggregation.SUM), reset)
    assert found == [
        (at(24), MarkerType.PERIODIC_RESET),
        (at(30), MarkerType.SUBSCRIPTION_CHANGE_RESET),
        (at(48), MarkerType.PERIODIC_RESET),
    ]


@pytest.mark.parametrize(("start", "end"), [(5, 5), (5, 4), (0, 24 * 1001)])
def test_a_span_that_is_empty_or_has_too_many_pieces_is_refused(start: int, end: int) -> None:
    reset = Reset(ResetPeriod.DAY, JANUARY)
    with pytest.raises(Invalid, match="accepted"):
        slices(at(start), at(end), reset, Aggregation.SUM)
