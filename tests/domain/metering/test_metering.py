"""Usage: what an event may hold, which meter listens to it, and what a window adds up to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.usage_values import (
    FIELDS,
    at,
    counted,
    dimensions,
    document,
    event,
    meters,
    received,
    usage,
    where,
    window,
)
from usance.domain.catalog import Aggregation, Condition, Filter, Meter, Operation
from usance.domain.errors import Invalid
from usance.domain.ids import CustomerId
from usance.domain.metering.batches import read_batch
from usance.domain.metering.events import (
    MAX_BATCH,
    Dimension,
    UsageEvent,
    read_event,
    read_instant,
    refuse_future,
)
from usance.domain.metering.receipts import Outcome, receipts_for
from usance.domain.metering.totals import (
    NO_USAGE,
    UsageTotal,
    UsageWindow,
    fold,
    holds,
    matches,
    total_of,
)

SUM = Meter("call", Aggregation.SUM, "tokens")


def problems(make: Callable[[], object]) -> list[tuple[str, str, str]]:
    with pytest.raises(Invalid) as refused:
        make()
    return [(problem.code, problem.path, problem.value) for problem in refused.value.problems]


def quantity(aggregation: Aggregation, *values: Dimension | int) -> Decimal:
    events = [event(f"k{index}", tokens=value) for index, value in enumerate(values)]
    return fold(Meter("call", aggregation, "tokens"), map(received, events)).quantity


# -------------------------------------------------------------------------------- always true --


@given(usage(at_least=4), st.integers(0, 24))
def test_a_level_is_never_below_what_it_was_at_the_start_of_its_window_or_at_its_end(
    events: list[UsageEvent], start: int
) -> None:
    known = [received(each) for each in events]
    highest = total_of(replace(window(SUM, start, 49), is_level=True), known).quantity
    for end in (start, 49):
        level = total_of(window(SUM, -1, end), known).quantity
        assert highest >= level


@given(st.lists(st.sampled_from(["2026-01-01T00:00:00Z", "yesterday"]), min_size=1, max_size=5))
def test_a_batch_is_read_whole_or_refused_whole_with_every_problem_in_it(times: list[str]) -> None:
    documents = [document(idempotencyKey=f"k{i}", timestamp=text) for i, text in enumerate(times)]
    wrong = [f"events[{i}].timestamp" for i, text in enumerate(times) if text == "yesterday"]
    if wrong:
        assert [path for _, path, _ in problems(lambda: read_batch(documents))] == wrong
    else:
        assert [sent.idempotency_key for sent in read_batch(documents)] == [
            f"k{i}" for i in range(len(times))
        ]


@given(meters(), usage(at_least=2), st.data())
@settings(max_examples=40)
def test_the_order_in_which_events_arrive_changes_no_total(
    meter: Meter, events: list[UsageEvent], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(events))
    assert fold(meter, map(received, shuffled)) == fold(meter, map(received, events))


@given(meters(), usage(at_least=2))
@settings(max_examples=40)
def test_an_event_that_a_meter_does_not_listen_to_changes_none_of_its_totals(
    meter: Meter, events: list[UsageEvent]
) -> None:
    heard = [sent for sent in events if matches(meter, sent)]
    assert fold(meter, map(received, heard)) == fold(meter, map(received, events))


@given(meters(), usage(at_least=2), st.sampled_from([1, 24, 25, 48]))
@settings(max_examples=40)
def test_cut_a_window_in_two_every_event_is_in_one_part_and_counts_and_sums_of_the_parts_add_up(
    meter: Meter, events: list[UsageEvent], cut: int
) -> None:
    sent = list(map(received, events))
    whole = total_of(window(meter, 0, 49), sent)
    parts = [total_of(window(meter, *ends), sent) for ends in ((0, cut), (cut, 49))]
    assert sum(part.event_count for part in parts) == whole.event_count
    assert sum(part.unread_count for part in parts) == whole.unread_count
    if meter.aggregation in {Aggregation.COUNT, Aggregation.SUM}:
        assert sum(part.quantity for part in parts) == whole.quantity


@given(meters())
@settings(max_examples=40)
def test_a_window_without_events_has_the_quantity_zero_for_every_aggregation(meter: Meter) -> None:
    assert total_of(window(meter), []) == NO_USAGE
    assert total_of(window(meter), [received(event(name="login", tokens=1))]) == NO_USAGE


@given(st.sampled_from(FIELDS), st.text(max_size=3), dimensions)
def test_not_equals_is_true_exactly_when_equals_is_not(
    field: str, value: str, values: dict[str, Dimension]
) -> None:
    if "\x00" not in value:
        equals = holds(Condition(field, Operation.EQUALS, (value,)), values)
        assert holds(Condition(field, Operation.NOT_EQUALS, (value,)), values) is not equals


# ------------------------------------------------------------------------------------ reading --


def test_an_event_is_read_from_what_its_sender_wrote() -> None:
    sent = read_event(
        document(
            timestamp="2026-01-31T18:30:00+01:00",
            resourceId="workspace-1",
            dimensions={"tokens": 12, "cost": 0.5, "region": "eu", "cached": False},
        )
    )
    assert sent == UsageEvent(
        customer_id=CustomerId("acme"),
        event_name="call",
        idempotency_key="k1",
        occurred_at=datetime(2026, 1, 31, 17, 30, tzinfo=UTC),
        resource_id="workspace-1",
        dimensions={
            "tokens": Decimal(12),
            "cost": Decimal("0.5"),
            "region": "eu",
            "cached": False,
        },
    )
    assert sent.occurred_at is not None
    assert sent.occurred_at.tzinfo is UTC


def test_an_event_without_a_timestamp_occurred_when_it_was_received() -> None:
    sent = read_event(document())
    assert sent.occurred_at is None
    assert received(sent).occurred_at == at(48)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (0.1, "0.1"),
        (0.1 + 0.2, "0.3"),  # a binary float's noise is past the 12th decimal
        (1e-13, "0"),
        (-0.0, "0"),
        (Decimal("0.0000000000005"), "0.000000000001"),
        (Decimal("-0.0000000000005"), "-0.000000000001"),
        (Decimal("1.500"), "1.5"),
        (1e16, "10000000000000000"),
        (10**17 - 1, "99999999999999999"),
    ],
)
def test_numbers_are_exact_to_twelve_decimals(written: object, read: str) -> None:
    sent = read_event(document(dimensions={"n": written}))
    assert f"{sent.dimensions['n']:f}" == read


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"a": 1},
        ["eu"],
        "a" * 1001,
        "a\x00b",
        "\udc80",
        float("nan"),
        float("inf"),
        1e17,
        10**17,
        -(10**17),
        Decimal("1E+999999"),
        Decimal("99999999999999999.9999999999999"),
        Decimal("NaN"),
        b"eu",
    ],
)
def test_a_dimension_is_a_text_a_bounded_number_or_a_truth_value(value: object) -> None:
    [(code, path, _)] = problems(lambda: read_event(document(dimensions={"odd": value})))
    assert (code, path) == ("InvalidDimension", "dimensions.odd")


def test_a_number_too_large_to_print_is_refused_as_well() -> None:
    sent = document(dimensions={"odd": 10**5000})
    assert problems(lambda: read_event(sent)) == [
        ("InvalidDimension", "dimensions.odd", "1" + "0" * 79)
    ]


@pytest.mark.parametrize("name", ["", "a" * 101, "a\nb", "\ud800", 5])
def test_a_dimension_has_a_name(name: object) -> None:
    [(code, path, _)] = problems(lambda: read_event(document(dimensions={name: "eu"})))
    assert (code, path) == ("InvalidDimension", "dimensions")


@pytest.mark.parametrize("raw", [[], "", 0, {f"d{index}": "x" for index in range(51)}])
def test_dimensions_are_an_object_of_at_most_fifty(raw: object) -> None:
    [(code, path, _)] = problems(lambda: read_event(document(dimensions=raw)))
    assert (code, path) == ("InvalidDimensions", "dimensions")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-01-31", "InvalidTimestamp"),
        ("2026-01-31T12:00:00", "InvalidTimestamp"),
        ("31.01.2026", "InvalidTimestamp"),
        ("", "InvalidTimestamp"),
        (1767225600, "InvalidTimestamp"),
        ("1969-12-31T23:59:59Z", "TimestampOutOfRange"),
        ("1970-01-01T00:30:00+01:00", "TimestampOutOfRange"),
        ("2200-01-01T00:00:00Z", "TimestampOutOfRange"),
        ("0001-01-01T00:00:00+14:00", "TimestampOutOfRange"),
    ],
)
def test_a_timestamp_is_an_instant_of_our_times(text: object, code: str) -> None:
    assert [found[:2] for found in problems(lambda: read_event(document(timestamp=text)))] == [
        (code, "timestamp")
    ]


def test_an_event_of_the_far_future_is_refused_and_one_of_a_fast_clock_is_not() -> None:
    refuse_future([event(hours=11), read_event(document())], now=at(10))
    late = [event(hours=9), event(hours=12)]
    assert problems(lambda: refuse_future(late, now=at(10))) == [
        ("TimestampInFuture", "events[1].timestamp", "2026-01-01T12:00:00+00:00")
    ]


@pytest.mark.parametrize("value", [None, "", " ", "a" * 256, "a\tb", "\udfff", 5, True])
def test_an_event_has_a_name_and_a_key(value: object) -> None:
    wrong = document(eventName=value, idempotencyKey=value)
    assert [found[:2] for found in problems(lambda: read_event(wrong))] == [
        ("InvalidName", "eventName"),
        ("InvalidName", "idempotencyKey"),
    ]


def test_an_event_names_every_problem_it_has() -> None:
    wrong = {"customerId": "a b", "eventname": "call", "timestamp": "now", "resourceId": ""}
    assert problems(lambda: read_event(wrong)) == [
        ("UnknownField", "eventname", ""),
        ("InvalidTimestamp", "timestamp", "now"),
        ("InvalidId", "customerId", "a b"),
        ("InvalidName", "eventName", ""),
        ("InvalidName", "idempotencyKey", ""),
        ("InvalidName", "resourceId", ""),
    ]


@pytest.mark.parametrize("documents", [None, {}, "events", [], [document()] * (MAX_BATCH + 1)])
def test_a_batch_is_a_list_of_one_to_a_thousand_events(documents: object) -> None:
    [(code, path, _)] = problems(lambda: read_batch(documents))
    assert (code, path) == ("InvalidBatch", "events")


def test_something_else_than_an_object_is_no_event() -> None:
    assert problems(lambda: read_batch([document(), "call", 10**5000])) == [
        ("InvalidEvent", "events[1]", "call"),
        ("InvalidEvent", "events[2]", "1" + "0" * 79),
    ]


def test_an_event_may_be_reported_in_another_zone_and_is_kept_in_utc() -> None:
    there = timezone(timedelta(hours=9))
    made = UsageEvent(
        customer_id=CustomerId("acme"),
        event_name="call",
        idempotency_key="k1",
        occurred_at=datetime(2026, 1, 1, 9, tzinfo=there),
        dimensions={},
    )
    assert made.occurred_at == at(0)


# ----------------------------------------------------------------------------------- counting --


def test_filters_are_alternatives_of_conditions_that_must_all_hold() -> None:
    eu_paid = Filter(
        (
            Condition("region", Operation.EQUALS, ("eu",)),
            Condition("plan", Operation.NOT_EQUALS, ("free",)),
        )
    )
    large = Filter((Condition("tokens", Operation.GREATER_THAN, ("1000",)),))
    meter = Meter("call", Aggregation.COUNT, filters=(eu_paid, large))
    assert matches(meter, event(region="eu"))
    assert not matches(meter, event(region="eu", plan="free"))
    assert matches(meter, event(region="eu", plan="free", tokens=1001))
    assert not matches(meter, event(name="login", tokens=1001))


@pytest.mark.parametrize(
    ("operation", "value", "holding", "failing"),
    [
        (Operation.EQUALS, "5.0", [Decimal(5), "5.0"], ["5", Decimal("5.1"), True, None]),
        (Operation.EQUALS, "true", [True, "true"], [False, "True", None]),
        (Operation.EQUALS, "007", ["007", Decimal(7)], ["7", None]),
        (Operation.NOT_EQUALS, "eu", ["us", "EU", Decimal(5), True, None], ["eu"]),
        (Operation.GREATER_THAN, "5", [Decimal(6), "5.5"], [Decimal(5), "6x", True, None]),
        (Operation.GREATER_THAN_OR_EQUAL, "5", [Decimal(5), "5.0"], [Decimal(4), "x", None]),
        (Operation.LESS_THAN, "5", [Decimal(-6), "4.9"], [Decimal(5), "", False, None]),
        (Operation.LESS_THAN_OR_EQUAL, "5", [Decimal(5), "-7"], [Decimal(6), " 5", None]),
        (Operation.CONTAINS, "u-w", ["eu-west"], ["EU-WEST", Decimal(5), None]),
        (Operation.STARTS_WITH, "1", ["1x", Decimal("1.5"), Decimal(100000)], ["x1", None]),
        (Operation.ENDS_WITH, "ue", [True, "blue"], [False, "u", None]),
    ],
)
def test_a_condition_compares_as_its_operation_says(
    operation: Operation, value: str, holding: list[Dimension], failing: list[Dimension | None]
) -> None:
    condition = Condition("field", operation, (value,))
    assert [found for found in holding if not _holds_of(condition, found)] == []
    assert [found for found in failing if _holds_of(condition, found)] == []


def _holds_of(condition: Condition, found: Dimension | None) -> bool:
    return holds(condition, {} if found is None else {"field": found})


def test_in_is_equality_with_any_and_null_means_absent() -> None:
    regions = where(Condition("region", Operation.IN, ("eu", "uk", "5")))
    assert [matches(regions, event(region=value)) for value in ("eu", "uk", 5, "us")] == [
        True, True, True, False,
    ]  # fmt: skip
    assert matches(where(Condition("region", Operation.IS_NULL)), event())
    assert not matches(where(Condition("region", Operation.IS_NULL)), event(region=""))
    assert matches(where(Condition("region", Operation.IS_NOT_NULL)), event(region=""))


def test_each_aggregation_makes_one_quantity_of_the_values() -> None:
    values: list[Dimension] = [Decimal("1.5"), Decimal(2), "4", Decimal(2)]
    assert {each: quantity(each, *values) for each in Aggregation if each != "COUNT"} == {
        Aggregation.SUM: Decimal("9.5"),
        Aggregation.MAX: Decimal(4),
        Aggregation.MIN: Decimal("1.5"),
        Aggregation.AVG: Decimal("2.375"),
        Aggregation.UNIQUE: Decimal(3),
    }
    assert fold(counted(), map(received, [event("a"), event("b")])).quantity == 2


def test_an_average_has_twelve_decimals_rounded_half_away_from_zero() -> None:
    assert quantity(Aggregation.AVG, 1, 1, 0) == Decimal("0.666666666667")
    assert quantity(Aggregation.AVG, -1, -1, 0) == Decimal("-0.666666666667")


def test_different_values_are_told_apart_by_their_text() -> None:
    assert quantity(Aggregation.UNIQUE, 42, "42", Decimal("42.0"), "42.0", True, "true") == 3


def test_a_correction_is_a_negative_event() -> None:
    assert quantity(Aggregation.SUM, 10, -4) == 6
    assert quantity(Aggregation.SUM, -4) == -4
    assert quantity(Aggregation.MAX, -4, -5) == -4


def test_what_cannot_be_read_is_not_counted_but_reported() -> None:
    events = [event("a", tokens=5), event("b", tokens="12abc"), event("c"), event("d", tokens=True)]
    assert fold(SUM, map(received, events)) == UsageTotal(Decimal(5), 1, at(48), unread_count=3)


def test_an_instant_is_read_with_its_offset_or_refused_by_the_name_it_was_asked_under() -> None:
    assert read_instant("2026-01-01T01:00:00+01:00", "from") == at(0)
    for text in ("yesterday", "2026-01-01T00:00:00", "1200-01-01T00:00:00Z"):
        [(_, path, _)] = problems(partial(read_instant, text, "from"))
        assert path == "from"


def test_a_window_holds_its_first_instant_and_not_its_last() -> None:
    sent = [received(event(f"k{hours}", hours=hours)) for hours in (9, 10, 19, 20)]
    assert total_of(window(counted(), 10, 20), sent).quantity == 2


def test_a_window_is_one_customers() -> None:
    sent = [received(event("a")), received(event("b", customer="globex"))]
    assert total_of(window(counted()), sent).quantity == 1
    assert total_of(window(counted(), customer="initech"), sent) == NO_USAGE


def test_an_empty_window_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError, match="a window is not empty"):
        UsageWindow(CustomerId("acme"), SUM, at(1), at(1))


def test_a_receipt_tells_the_counted_from_the_unheard_and_the_repeated() -> None:
    events = [event("a", region="eu"), event("b"), event("c", name="login"), event("a")]
    receipts = receipts_for(
        events, is_new=[True, True, True, False], meters=[counted(region="eu"), SUM]
    )
    assert [(each.idempotency_key, each.outcome) for each in receipts.receipts] == [
        ("a", Outcome.ACCEPTED),
        ("b", Outcome.ACCEPTED),
        ("c", Outcome.UNMATCHED),
        ("a", Outcome.DUPLICATE),
    ]
    assert receipts.count(Outcome.ACCEPTED) == 2
