"""Detail: the cells of a window by dimension values, and the amounts of its single events."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.usage_values import FIELDS, details, event, meters, received, usage, window
from usance.domain.catalog import Aggregation, Meter
from usance.domain.metering.events import UsageEvent
from usance.domain.metering.totals import Apart, EventAmount, UsageCell, total_of

SUM = Meter("call", Aggregation.SUM, "tokens")


@given(meters(), usage(at_least=4), st.lists(st.sampled_from(FIELDS), unique=True, min_size=1))
@settings(max_examples=60)
def test_the_cells_of_a_window_add_up_to_its_quantity_and_its_count_of_events(
    meter: Meter, events: list[UsageEvent], names: list[str]
) -> None:
    sent = list(map(received, events))
    plain = total_of(window(meter, 0, 49), sent)
    split = total_of(window(meter, 0, 49, tuple(names)), sent)
    assert sum((cell.quantity for cell in split.cells), Decimal(0)) == split.quantity
    assert sum(cell.event_count for cell in split.cells) == split.event_count == plain.event_count
    assert split.unread_count == plain.unread_count
    assert len({cell.values for cell in split.cells}) == len(split.cells)
    if meter.aggregation in {Aggregation.COUNT, Aggregation.SUM}:
        assert split.quantity == plain.quantity


@given(meters(), usage(at_least=4), details.filter(lambda detail: isinstance(detail, Apart)))
@settings(max_examples=60)
def test_the_amounts_of_single_events_add_up_to_a_count_or_sum(
    meter: Meter, events: list[UsageEvent], apart: Apart
) -> None:
    total = total_of(window(meter, 0, 49, apart), map(received, events))
    if meter.aggregation in {Aggregation.COUNT, Aggregation.SUM}:
        assert sum(each.count for each in total.amounts) == total.event_count
        amounts = (each.amount * each.count for each in total.amounts)
        assert sum(amounts, Decimal(0)) == total.quantity
    else:
        assert total.amounts == ()


def test_a_window_with_dimensions_is_counted_for_each_combination_of_their_values() -> None:
    tokens = [("a", "eu", 5), ("b", "us", 7), ("c", "eu", 2)]
    events = [event(key, region=region, tokens=count) for key, region, count in tokens]
    total = total_of(
        window(SUM, 0, 48, ("region", "user")), map(received, [*events, event("d", tokens=1)])
    )
    assert total.cells == (
        UsageCell((None, None), Decimal(1), 1),
        UsageCell(("eu", None), Decimal(7), 2),
        UsageCell(("us", None), Decimal(7), 1),
    )


def test_the_maxima_of_cells_are_added_for_each_is_a_count_of_its_own() -> None:
    events = [event(f"k{i}", region=r, tokens=n) for i, (r, n) in enumerate([("eu", 5), ("us", 7)])]
    peak = Meter("call", Aggregation.MAX, "tokens")
    assert total_of(window(peak, 0, 48, ("region",)), map(received, events)).quantity == 12


def test_the_first_events_are_told_apart_and_the_others_gathered_by_amount() -> None:
    amounts = [30, 10, 20, 10, 20]
    events = [event(f"k{i}", hours=i, tokens=amount) for i, amount in enumerate(amounts)]
    asked = window(SUM, 0, 48, Apart(3, Decimal(35)))
    assert total_of(asked, map(received, reversed(events))).amounts == (
        EventAmount(Decimal(30)),
        EventAmount(Decimal(10)),
        EventAmount(Decimal(10)),
        EventAmount(Decimal(20), 2),
    )
