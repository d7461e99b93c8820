"""Usage for tests: short builders, and what hypothesis may throw at a meter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from usance.domain.catalog import Aggregation, Condition, Filter, Meter, Operation
from usance.domain.ids import CustomerId
from usance.domain.metering.events import Dimension, ReceivedEvent, UsageEvent
from usance.domain.metering.totals import Apart, UsageWindow

Detail = tuple[str, ...] | Apart

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
COUNTED = {Aggregation.COUNT: None}
FIELDS = ["tokens", "region", "user"]
ODD_TEXTS = [
    "",
    "12abc",
    "12.50",
    "-3",
    "1e5",
    " 12",
    "12\n",
    "０１２",
    "١٢",
    "007",
    "7",
    "5",
    "5.0",
]
ODD_TEXTS += [
    "true",
    "null",
    "NaN",
    "Infinity",
    "eu",
    "eu-west",
    "%",
    "_",
    "\\",
    "'",
    '"',
    "é",
    "🙂",
]
ODD_TEXTS += ["é", "99999999999999999", "1" * 18, "0.000000000001", "0.0000000000001", "--1", "-"]
LIMIT = Decimal(10) ** 17

numbers = st.one_of(
    st.integers(-10, 10).map(Decimal),
    st.decimals(-LIMIT + 1, LIMIT - 1, places=12),
    st.sampled_from(
        [Decimal("5"), Decimal("12.5"), Decimal(7), Decimal("1E+16"), Decimal("1E-12")]
    ),
)
texts = st.one_of(
    st.sampled_from(ODD_TEXTS),
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=5),
)
# What events and conditions often have in common, so that conditions hold now and then.
COMMON: list[Dimension] = ["eu", "5", "5.0", "12.50", "true", True, Decimal(5), Decimal("12.5")]
common_texts = st.sampled_from(["eu", "5", "5.0", "12.5", "12.50", "true", "e", "u", "1"])
dimensions = st.dictionaries(
    st.sampled_from(FIELDS),
    st.one_of(st.sampled_from(COMMON), texts, numbers, st.booleans()),
    max_size=3,
)
# What a window may ask for beside its quantity.
details: st.SearchStrategy[Detail] = st.one_of(
    st.lists(st.sampled_from(FIELDS), max_size=2, unique=True).map(tuple),
    st.builds(
        Apart,
        st.none() | st.integers(0, 4),
        st.none() | st.sampled_from([Decimal(0), Decimal("12.5"), Decimal(20)]),
    ),
)
HOURS = [0, 1, 2, 24, 25, 47, 48]  # few, so that events fall on the ends of windows
starts, ends = st.sampled_from(HOURS[:4]), st.sampled_from([*HOURS[4:], 49])
instants = st.sampled_from(HOURS).map(lambda hours: JANUARY + timedelta(hours=hours))


def at(hours: int) -> datetime:
    """That many hours into 2026."""
    return JANUARY + timedelta(hours=hours)


def event(
    key: str = "k1",
    *,
    hours: int = 0,
    customer: str = "acme",
    name: str = "call",
    **values: Dimension | int,
) -> UsageEvent:
    """A call by Acme, `hours` into 2026."""
    return UsageEvent(
        customer_id=CustomerId(customer),
        event_name=name,
        idempotency_key=key,
        occurred_at=at(hours),
        dimensions={
            name: value if isinstance(value, str | bool | Decimal) else Decimal(value)
            for name, value in values.items()
        },
    )


def received(sent: UsageEvent) -> ReceivedEvent:
    """As received on the third day of 2026."""
    return ReceivedEvent(sent, at(48))


def counted(**values: str) -> Meter:
    """A meter that counts the calls whose dimensions equal `values`."""
    conditions = tuple(Condition(name, Operation.EQUALS, (text,)) for name, text in values.items())
    return Meter("call", Aggregation.COUNT, filters=(Filter(conditions),) if conditions else ())


def where(*conditions: Condition) -> Meter:
    """A meter that counts the calls that satisfy all of `conditions`."""
    return Meter("call", Aggregation.COUNT, filters=(Filter(conditions),))


def window(
    meter: Meter,
    start: int = 0,
    end: int = 48,
    detail: Detail = (),
    *,
    customer: str = "acme",
) -> UsageWindow:
    """Acme's use from hour `start` of 2026 up to hour `end`, with the detail asked for."""
    plain = UsageWindow(CustomerId(customer), meter, at(start), at(end))
    return (
        replace(plain, apart=detail)
        if isinstance(detail, Apart)
        else replace(plain, dimensions=detail)
    )


def reversal(key: str, reverses: str, *, hours: int = 48, customer: str = "acme") -> UsageEvent:
    """What takes Acme's call of the key `reverses` back."""
    return UsageEvent(
        customer_id=CustomerId(customer),
        event_name="call",
        idempotency_key=key,
        occurred_at=at(hours),
        dimensions={},
        reverses=reverses,
    )


@st.composite
def reversals(draw: st.DrawFn, events: list[UsageEvent]) -> list[UsageEvent]:
    """Some of `events` taken back, each once, at any time."""
    chosen = draw(st.lists(st.sampled_from(events), unique_by=id)) if events else []
    return [
        UsageEvent(
            customer_id=event.customer_id,
            event_name=event.event_name,
            idempotency_key=f"back-{event.idempotency_key}",
            occurred_at=draw(instants),
            dimensions={},
            reverses=event.idempotency_key,
        )
        for event in chosen
    ]


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    """Any condition, over the fields and with the values that events have too."""
    operation = draw(st.sampled_from(Operation))
    match operation:
        case Operation.IS_NULL | Operation.IS_NOT_NULL:
            values: tuple[str, ...] = ()
        case Operation.IN:
            values = tuple(draw(st.lists(common_texts | texts, min_size=1, max_size=3)))
        case Operation.CONTAINS | Operation.STARTS_WITH | Operation.ENDS_WITH:
            values = (draw(common_texts | texts.filter(bool)),)
        case Operation.EQUALS | Operation.NOT_EQUALS:
            values = (draw(common_texts | texts),)
        case _:
            values = (draw(st.sampled_from(["-3", "0", "5", "12.5", "99999999999999999"])),)
    return Condition(draw(st.sampled_from(FIELDS)), operation, values)


filters = st.lists(conditions(), min_size=1, max_size=2).map(lambda held: Filter(tuple(held)))


@st.composite
def meters(draw: st.DrawFn) -> Meter:
    """Any meter of the events called "call", every other one without filters."""
    aggregation = draw(st.sampled_from(Aggregation))
    field = None if aggregation is Aggregation.COUNT else draw(st.sampled_from(FIELDS))
    alternatives = draw(st.lists(filters, min_size=1, max_size=2)) if draw(st.booleans()) else []
    return Meter("call", aggregation, field, tuple(alternatives))


@st.composite
def usage(draw: st.DrawFn, *, at_least: int = 0) -> list[UsageEvent]:
    """Events of two customers and two names, most Acme's calls, each with a key of its own."""
    customers = st.sampled_from(["acme"] * 4 + ["globex"])
    names = st.sampled_from(["call"] * 4 + ["login"])
    rows = st.tuples(customers, names, instants, dimensions)
    drawn = draw(st.lists(rows, min_size=at_least, max_size=at_least + 9))
    return [
        UsageEvent(
            customer_id=CustomerId(customer),
            event_name=name,
            idempotency_key=f"k{index}",
            occurred_at=when,
            dimensions=values,
        )
        for index, (customer, name, when, values) in enumerate(drawn)
    ]


def document(**fields: object) -> Mapping[str, object]:
    """An event as a sender writes it."""
    return {"customerId": "acme", "eventName": "call", "idempotencyKey": "k1", **fields}
