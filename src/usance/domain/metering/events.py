"""One usage event: what it holds, and how it is read from what a sender wrote."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from numbers import Real
from typing import Any, NamedTuple, cast

from usance.domain.calendar import FIRST_DAY, LAST_DAY
from usance.domain.catalog import NAME, REPORTED, is_storable
from usance.domain.errors import Invalid, Problem, refuse_if
from usance.domain.ids import REF, CustomerId
from usance.domain.money import MAX_DECIMALS

Dimension = str | Decimal | bool

MAX_BATCH = 1000
MAX_DIMENSIONS = 50
MAX_NAME = 100  # characters of a dimension's name
MAX_TEXT = 1000  # characters of a dimension's text
MAX_NUMBER = 10**17
AHEAD = timedelta(hours=1)  # clocks differ; a timestamp further ahead is a mistake
STEP = Decimal(1).scaleb(-MAX_DECIMALS)
FIRST = datetime(FIRST_DAY.year, 1, 1, tzinfo=UTC)
LAST = datetime(LAST_DAY.year, 1, 1, tzinfo=UTC)
NEEDED = ("customerId", "eventName", "idempotencyKey")
FIELDS = {*NEEDED, "timestamp", "resourceId", "dimensions", "reverses"}


class EventKey(NamedTuple):
    """What makes an event the one it is."""

    customer_id: CustomerId
    event_name: str
    idempotency_key: str


@dataclass(frozen=True, kw_only=True)  # no slots: batches.py makes a thousand at a time
class UsageEvent:
    """Something a customer did, as reported. Sent twice it is one event (see namesakes.py for one
    that only has the same key).

    `occurred_at` None: the moment it is received. Numbers keep 12 decimals, rounded half away from
    zero, which also takes the noise off a binary float. `reverses`: the key of an earlier event of
    the same customer and name, which this one takes back whole; it holds nothing else. Raises
    Invalid with every problem.
    """

    customer_id: CustomerId
    event_name: str
    idempotency_key: str
    occurred_at: datetime | None = None
    resource_id: str | None = None
    dimensions: Mapping[str, Dimension]
    reverses: str | None = None

    @property
    def key(self) -> EventKey:
        """What makes it the one it is."""
        return EventKey(self.customer_id, self.event_name, self.idempotency_key)

    @property
    def reversed_key(self) -> EventKey | None:
        """The event it takes back; None for one that only says what was used."""
        if self.reverses is None:
            return None
        return EventKey(self.customer_id, self.event_name, self.reverses)

    def __post_init__(self) -> None:
        problems = [*_identity_problems(self), *_reversal_problems(self)]
        if self.occurred_at is not None:
            object.__setattr__(self, "occurred_at", _utc(self.occurred_at, problems))
        object.__setattr__(self, "dimensions", _dimensions(self.dimensions, problems))
        refuse_if(problems)


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """An event and the instant it was received: what the store keeps."""

    event: UsageEvent
    received_at: datetime

    @property
    def occurred_at(self) -> datetime:
        """When it was used."""
        return self.event.occurred_at or self.received_at


def read_event(document: object) -> UsageEvent:
    """The event in a JSON object: customerId, eventName, idempotencyKey, and if wanted timestamp
    (ISO 8601 with its offset), resourceId, dimensions; or reverses.

    Raises Invalid with every problem: an unknown field is one, for it may be a misspelt one; and a
    name that keeps reported usage (ReservedName).
    """
    if type(document) is not dict and not isinstance(document, Mapping):
        expected = "an object with " + ", ".join(NEEDED)
        raise Invalid(Problem("InvalidEvent", "", _shown(document), expected))
    problems: list[Problem] = []
    if not document.keys() <= FIELDS:
        problems += [
            Problem("UnknownField", _shown(name), "", "one of " + ", ".join(sorted(FIELDS)))
            for name in document
            if name not in FIELDS
        ]
    # Of any type whatever: the event itself says what is wrong with what it is given.
    given: Callable[..., Any] = document.get
    occurred_at = _instant(given("timestamp"), problems)
    dimensions = given("dimensions")
    try:
        event = UsageEvent(
            customer_id=given("customerId", ""),
            event_name=given("eventName", ""),
            idempotency_key=given("idempotencyKey", ""),
            occurred_at=occurred_at,
            resource_id=given("resourceId"),
            dimensions={} if dimensions is None else dimensions,
            reverses=given("reverses"),
        )
    except Invalid as refused:
        raise Invalid(*problems, *refused.problems) from None
    if event.event_name.startswith(REPORTED):
        expected = f"a name that does not begin with {REPORTED!r}: report such usage as a number"
        problems.append(Problem("ReservedName", "eventName", _shown(event.event_name), expected))
    refuse_if(problems)
    return event


def read_instant(text: str, path: str) -> datetime:
    """An ISO 8601 instant with its offset, in UTC. Raises Invalid (InvalidTimestamp)."""
    problems: list[Problem] = []
    found = _instant(text, problems)
    in_utc = None if found is None else _utc(found, problems)
    refuse_if([replace(problem, path=path) for problem in problems])
    assert in_utc is not None, "what is no instant was refused"
    return in_utc


def refuse_future(events: Iterable[UsageEvent], *, now: datetime) -> None:
    """Raises Invalid (TimestampInFuture) for events more than an hour after `now`."""
    latest = now + AHEAD
    refuse_if(
        [
            Problem(
                "TimestampInFuture",
                f"events[{index}].timestamp",
                event.occurred_at.isoformat(),
                f"at most {latest.isoformat(timespec='seconds')}, an hour from now",
            )
            for index, event in enumerate(events)
            if event.occurred_at is not None and event.occurred_at > latest
        ]
    )


@lru_cache(maxsize=8192)
def is_dimension_name(text: str) -> bool:
    """False for what cannot name a dimension. The names of a batch are few: it remembers them."""
    return 0 < len(text) <= MAX_NAME and NAME.fullmatch(text) is not None


def _identity_problems(event: UsageEvent) -> list[Problem]:
    problems = []
    if not isinstance(event.customer_id, str) or not REF.fullmatch(event.customer_id):
        expected = "a customer's id: 1 to 255 letters, digits and _ | . : @ -"
        problems.append(Problem("InvalidId", "customerId", _shown(event.customer_id), expected))
    names = [("eventName", event.event_name), ("idempotencyKey", event.idempotency_key)]
    if event.resource_id is not None:
        names.append(("resourceId", event.resource_id))
    if event.reverses is not None:
        names.append(("reverses", event.reverses))
    for path, name in names:
        if not isinstance(name, str) or not NAME.fullmatch(name) or not name.strip():
            expected = "1 to 255 characters, without control characters"
            problems.append(Problem("InvalidName", path, _shown(name), expected))
    return problems


def _reversal_problems(event: UsageEvent) -> Iterator[Problem]:
    if event.reverses is None:
        return
    if event.reverses == event.idempotency_key:
        expected = "the key of an earlier event, not its own"
        yield Problem("InvalidReversal", "reverses", _shown(event.reverses), expected)
    for path, found in (("dimensions", event.dimensions), ("resourceId", event.resource_id)):
        if found:
            expected = "nothing: a reversal takes the event it names back whole"
            yield Problem("InvalidReversal", path, _shown(found), expected)


def _instant(value: object, problems: list[Problem]) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(cast(str, value))
    except (ValueError, TypeError):
        problems.append(_not_an_instant(value))
        return None


def _utc(instant: datetime, problems: list[Problem]) -> datetime | None:
    if instant.tzinfo is None:
        problems.append(_not_an_instant(instant.isoformat()))
        return None
    try:
        in_utc = instant.astimezone(UTC)
    except OverflowError:  # year 1 or 9999, moved out of the calendar by its offset
        in_utc = datetime.min.replace(tzinfo=UTC)
    if not FIRST <= in_utc < LAST:
        expected = f"from {FIRST_DAY} to {LAST_DAY}"
        shown = instant.isoformat()
        problems.append(Problem("TimestampOutOfRange", "timestamp", shown, expected))
    return in_utc


def _not_an_instant(value: object) -> Problem:
    expected = "an ISO 8601 instant with its offset, such as 2026-01-31T23:59:59Z"
    return Problem("InvalidTimestamp", "timestamp", _shown(value), expected)


def _dimensions(raw: object, problems: list[Problem]) -> dict[str, Dimension]:
    is_object = type(raw) is dict or isinstance(raw, Mapping)
    if not is_object or len(cast("Mapping[str, object]", raw)) > MAX_DIMENSIONS:
        count = f"{len(raw)} of them" if isinstance(raw, Mapping) else _shown(raw)
        expected = f"an object of at most {MAX_DIMENSIONS} names and values"
        problems.append(Problem("InvalidDimensions", "dimensions", count, expected))
        return {}
    read: dict[str, Dimension] = {}
    for name, value in cast("Mapping[str, object]", raw).items():
        if not isinstance(name, str) or not is_dimension_name(name):
            expected = f"a name of 1 to {MAX_NAME} characters, without control characters"
            problems.append(Problem("InvalidDimension", "dimensions", _shown(name), expected))
            continue
        found = read_dimension(value)
        if found is None:
            expected = (
                f"text of at most {MAX_TEXT} characters, a number below {MAX_NUMBER:.0e}, true or "
                "false; leave out what is unknown"
            )
            path = f"dimensions.{name}"
            problems.append(Problem("InvalidDimension", path, _shown(value), expected))
            continue
        read[name] = found
    return read


def read_dimension(value: object) -> Dimension | None:
    """The value of a dimension as it is kept; None for what is none."""
    if type(value) is Decimal:
        return _rounded(value)
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT and is_storable(value) else None
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return Decimal(value) if abs(value) < MAX_NUMBER else None
    if isinstance(value, Decimal | Real):
        return _rounded(value if isinstance(value, Decimal) else Decimal(str(value)))
    return None


def _rounded(number: Decimal) -> Decimal | None:
    """To 12 decimals, without trailing zeros, exponent or negative zero; None past the limit."""
    if not number.is_finite() or abs(number) >= MAX_NUMBER:
        return None
    rounded = number.quantize(STEP, decimal.ROUND_HALF_UP).normalize() + 0
    return rounded if abs(rounded) < MAX_NUMBER else None


def _shown(value: object) -> str:
    """A value for an error message: short, and printable whatever it is."""
    if isinstance(value, str):
        return ascii(value[:80])[1:-1]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(Decimal(value))[:80]
    return ascii(value)[:80] if isinstance(value, bool | Real | None) else type(value).__name__
