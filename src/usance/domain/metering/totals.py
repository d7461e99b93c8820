"""The count: which events a meter listens to, and what they add up to in a window."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, assert_never, cast

from usance.domain.catalog import Aggregation, Condition, Meter, Operation, read_number
from usance.domain.ids import CustomerId
from usance.domain.metering.events import STEP, Dimension, ReceivedEvent, UsageEvent


class Apart(NamedTuple):
    """Which events a total tells apart one by one, in the order they occurred; the others it
    gathers by amount.

    The first `events` of them (None: all), as long as less than `amount` (None: anything) came
    before: what an allowance for the first events needs to know.
    """

    events: int | None = 0
    amount: Decimal | None = None


class Detail(NamedTuple):
    """What is asked of a count beside its quantity: its cells by dimension values, or which events
    to tell apart.
    """

    dimensions: tuple[str, ...] = ()
    apart: Apart | None = None


WHOLE = Detail()


@dataclass(frozen=True, slots=True)
class UsageWindow:
    """One customer's use of one meter, from `start_at` up to, not including, `end_at`.

    With `dimensions`, each combination of their values is counted on its own, and the quantity is
    the sum. With `apart`, the amounts of the single events come with the total. One or the other.
    `resource_id`: only what was used by that resource of the customer.

    `is_level`: events raise and lower a level, as seats are taken and given back; the quantity is
    the highest it stood at in the window, whenever it was reached. No detail with that.
    """

    customer_id: CustomerId
    meter: Meter
    start_at: datetime
    end_at: datetime
    dimensions: tuple[str, ...] = ()
    apart: Apart | None = None
    resource_id: str | None = None
    is_level: bool = False

    def __post_init__(self) -> None:
        assert self.start_at.tzinfo is not None, "an instant is aware"
        assert self.start_at < self.end_at, "a window is not empty"
        assert not self.dimensions or self.apart is None, "no price needs both"
        is_whole = not self.dimensions and self.apart is None
        assert is_whole or not self.is_level, "a level has no parts"

    def holds(self, received: ReceivedEvent) -> bool:
        """True for this customer's event in this window that the meter listens to; of a level,
        for those before it too.
        """
        event = received.event
        inside = (self.is_level or self.start_at <= received.occurred_at) and (
            received.occurred_at < self.end_at
        )
        is_whose = event.customer_id == self.customer_id and (
            self.resource_id is None or event.resource_id == self.resource_id
        )
        return inside and is_whose and matches(self.meter, event)


@dataclass(frozen=True, slots=True)
class UsageCell:
    """The part of a count whose events have these dimension values; None: they lack the one."""

    values: tuple[str | None, ...]
    quantity: Decimal
    event_count: int


@dataclass(frozen=True, slots=True)
class EventAmount:
    """`count` events of that amount each."""

    amount: Decimal
    count: int = 1


@dataclass(frozen=True, slots=True)
class UsageTotal:
    """The quantity of a window, and the evidence it rests on.

    `event_count` events were counted, the latest of them received at `last_received_at`;
    `unread_count` more matched, but lack a value the meter can read. `cells` are there when the
    window names dimensions, in the order of their values; `amounts` when it tells events apart.
    """

    quantity: Decimal
    event_count: int
    last_received_at: datetime | None
    unread_count: int = 0
    cells: tuple[UsageCell, ...] = ()
    amounts: tuple[EventAmount, ...] = ()


NO_USAGE = UsageTotal(Decimal(0), 0, None)


def matches(meter: Meter, event: UsageEvent) -> bool:
    """True when the meter listens to this event: its name, and at least one filter if any."""
    if event.event_name != meter.event_name or event.reverses is not None:
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


def standing(events: Iterable[ReceivedEvent]) -> list[ReceivedEvent]:
    """Those of `events` that count: without the ones taken back and the reversals that did."""
    known = list(events)
    taken_back = {received.event.reversed_key for received in known}
    return [
        received
        for received in known
        if received.event.reverses is None and received.event.key not in taken_back
    ]


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
    """The fold of those `events` that are in `window`, with the detail it asks for.

    Events that were taken back, and the reversals that did, count nowhere.
    """
    held = [received for received in standing(events) if window.holds(received)]
    whole = fold(window.meter, held)
    if window.is_level:
        return replace(whole, quantity=_highest(window, held))
    if window.dimensions:
        cells = _cells(window, held)
        quantity = sum((cell.quantity for cell in cells), Decimal(0))
        return replace(whole, quantity=quantity, cells=cells)
    if window.apart is not None:
        return replace(whole, amounts=_amounts(window.meter, window.apart, held))
    return whole


def in_order(cells: Iterable[UsageCell]) -> tuple[UsageCell, ...]:
    """By the first value, then the next; without a value comes first."""
    return tuple(
        sorted(cells, key=lambda cell: [(each is not None, each or "") for each in cell.values])
    )


def has_amounts(meter: Meter) -> bool:
    """True when the quantity is made of one amount an event: a sum, or a count of ones."""
    return meter.aggregation in (Aggregation.SUM, Aggregation.COUNT)


def reading(meter: Meter, event: UsageEvent) -> Dimension | None:
    """What the meter counts of this event; None when it finds nothing it can read."""
    if meter.field is None:
        return True
    found = event.dimensions.get(meter.field)
    if found is None or meter.aggregation is Aggregation.UNIQUE:
        return found
    return _number(found)


def values_of(event: UsageEvent, dimensions: Iterable[str]) -> tuple[str | None, ...]:
    """The event's values of those dimensions as text; None for those it lacks."""
    found = [event.dimensions.get(name) for name in dimensions]
    return tuple(None if value is None else text_of(value) for value in found)


def mean(total: Decimal, count: int) -> Decimal:
    """`total / count` to 12 decimals, half away from zero."""
    return (total / count).quantize(STEP, decimal.ROUND_HALF_UP)


def text_of(value: Dimension) -> str:
    """A dimension as text: "true", "0.5", "100000"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:f}"


def _highest(window: UsageWindow, events: Iterable[ReceivedEvent]) -> Decimal:
    """The highest level in the window, that at its start included."""
    level, highest = Decimal(0), None
    for received in sorted(events, key=lambda one: (one.occurred_at, one.event.idempotency_key)):
        if highest is None and received.occurred_at >= window.start_at:
            highest = level
        level += cast(Decimal, reading(window.meter, received.event) or Decimal(0))
        highest = None if highest is None else max(highest, level)
    return level if highest is None else highest


def _cells(window: UsageWindow, events: Iterable[ReceivedEvent]) -> tuple[UsageCell, ...]:
    groups: dict[tuple[str | None, ...], list[ReceivedEvent]] = {}
    for received in events:
        if reading(window.meter, received.event) is not None:
            groups.setdefault(values_of(received.event, window.dimensions), []).append(received)
    totals = {values: fold(window.meter, members) for values, members in groups.items()}
    return in_order(
        UsageCell(values, total.quantity, total.event_count) for values, total in totals.items()
    )


def _amounts(
    meter: Meter, apart: Apart, events: Iterable[ReceivedEvent]
) -> tuple[EventAmount, ...]:
    if not has_amounts(meter):
        return ()
    singly: list[EventAmount] = []
    by_amount: dict[Decimal, int] = {}
    before = Decimal(0)
    for received in sorted(events, key=lambda one: (one.occurred_at, one.event.idempotency_key)):
        found = reading(meter, received.event)
        if found is None:
            continue
        amount = Decimal(1) if meter.field is None else cast(Decimal, found)
        is_among_first = apart.events is None or len(singly) < apart.events
        if is_among_first and (apart.amount is None or before < apart.amount):
            singly.append(EventAmount(amount))
        else:
            by_amount[amount] = by_amount.get(amount, 0) + 1
        before += max(amount, Decimal(0))
    return (*singly, *(EventAmount(amount, by_amount[amount]) for amount in sorted(by_amount)))


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
