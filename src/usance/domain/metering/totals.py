"""The count: which events a meter listens to, and what they add up to in a window."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import assert_never, cast

from usance.domain.catalog import Aggregation, Condition, Meter, Operation, read_number
from usance.domain.ids import CustomerId
from usance.domain.metering.events import STEP, Dimension, ReceivedEvent, UsageEvent


@dataclass(frozen=True, slots=True)
class UsageWindow:
    """One customer's use of one meter, from `start_at` up to, not including, `end_at`."""

    customer_id: CustomerId
    meter: Meter
    start_at: datetime
    end_at: datetime

    def __post_init__(self) -> None:
        assert self.start_at.tzinfo is not None, "an instant is aware"
        assert self.start_at < self.end_at, "a window is not empty"

    def holds(self, received: ReceivedEvent) -> bool:
        """True for this customer's event in this window that the meter listens to."""
        event = received.event
        inside = self.start_at <= received.occurred_at < self.end_at
        return inside and event.customer_id == self.customer_id and matches(self.meter, event)


@dataclass(frozen=True, slots=True)
class UsageTotal:
    """The quantity of a window, and the evidence it rests on.

    `event_count` events were counted, the latest of them received at `last_received_at`;
    `unread_count` more matched, but lack a value the meter can read.
    """

    quantity: Decimal
    event_count: int
    last_received_at: datetime | None
    unread_count: int = 0


NO_USAGE = UsageTotal(Decimal(0), 0, None)


def matches(meter: Meter, event: UsageEvent) -> bool:
    """True when the meter listens to this event: its name, and at least one filter if any."""
    if event.event_name != meter.event_name:
        return False
    return not meter.filters or any(
        all(holds(condition, event.dimensions) for condition in group.conditions)
        for group in meter.filters
    )


def holds(condition: Condition, dimensions: Mapping[str, Dimension]) -> bool:
    """Whether `dimensions` satisfy it. The comparisons are the ones in this module's docstring."""
    found = dimensions.get(condition.field)
    match condition.operation:
        case Operation.IS_NULL:
            return found is None
        case Operation.IS_NOT_NULL:
            return found is not None
        case Operation.EQUALS | Operation.IN:
            return any(_equal(found, value) for value in condition.values)
        case Operation.NOT_EQUALS:
            return not any(_equal(found, value) for value in condition.values)
    if found is None:
        return False
    [value] = condition.values
    return COMPARE[condition.operation](found, value)


def fold(meter: Meter, events: Iterable[ReceivedEvent]) -> UsageTotal:
    """The quantity of those `events` that match: the reference every other count must equal."""
    matching = [received for received in events if matches(meter, received.event)]
    readings = [(received, reading(meter, received.event)) for received in matching]
    counted = [(received, value) for received, value in readings if value is not None]
    return UsageTotal(
        quantity=_aggregate(meter.aggregation, [value for _, value in counted]),
        event_count=len(counted),
        last_received_at=max((received.received_at for received, _ in counted), default=None),
        unread_count=len(readings) - len(counted),
    )


def total_of(window: UsageWindow, events: Iterable[ReceivedEvent]) -> UsageTotal:
    """The fold of those `events` that are in `window`."""
    return fold(window.meter, [received for received in events if window.holds(received)])


def reading(meter: Meter, event: UsageEvent) -> Dimension | None:
    """What the meter counts of this event; None when it finds nothing it can read."""
    if meter.field is None:
        return True
    found = event.dimensions.get(meter.field)
    if found is None or meter.aggregation is Aggregation.UNIQUE:
        return found
    return _number(found)


def mean(total: Decimal, count: int) -> Decimal:
    """`total / count` to 12 decimals, half away from zero."""
    return (total / count).quantize(STEP, decimal.ROUND_HALF_UP)


def text_of(value: Dimension) -> str:
    """A dimension as text: "true", "0.5", "100000"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:f}"


def _aggregate(aggregation: Aggregation, values: Sequence[Dimension]) -> Decimal:
    if not values:
        return Decimal(0)
    numbers = cast("Sequence[Decimal]", values)
    match aggregation:
        case Aggregation.COUNT:
            return Decimal(len(values))
        case Aggregation.UNIQUE:
            return Decimal(len({text_of(value) for value in values}))
        case Aggregation.SUM:
            return sum(numbers, Decimal(0))
        case Aggregation.AVG:
            return mean(sum(numbers, Decimal(0)), len(numbers))
        case Aggregation.MAX:
            return max(numbers)
        case Aggregation.MIN:
            return min(numbers)
        case _:
            assert_never(aggregation)


def _equal(found: Dimension | None, value: str) -> bool:
    if found is None:
        return False
    return read_number(value) == found if isinstance(found, Decimal) else text_of(found) == value


def _number(found: Dimension) -> Decimal | None:
    if isinstance(found, bool):
        return None
    return read_number(found) if isinstance(found, str) else found


def _by_number(test: Callable[[Decimal, Decimal], bool]) -> Callable[[Dimension, str], bool]:
    def compare(found: Dimension, value: str) -> bool:
        number, limit = _number(found), read_number(value)
        return number is not None and limit is not None and test(number, limit)

    return compare


COMPARE: Mapping[Operation, Callable[[Dimension, str], bool]] = {
    Operation.GREATER_THAN: _by_number(Decimal.__gt__),
    Operation.GREATER_THAN_OR_EQUAL: _by_number(Decimal.__ge__),
    Operation.LESS_THAN: _by_number(Decimal.__lt__),
    Operation.LESS_THAN_OR_EQUAL: _by_number(Decimal.__le__),
    Operation.CONTAINS: lambda found, value: value in text_of(found),
    Operation.STARTS_WITH: lambda found, value: text_of(found).startswith(value),
    Operation.ENDS_WITH: lambda found, value: text_of(found).endswith(value),
}
