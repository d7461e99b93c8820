"""A batch of usage events read from its JSON text at once, as long as nothing in it is odd.

Events come by the thousand, so those that are plainly right are not looked at one by one: their
texts and numbers are, all together. A text with anything odd in it is left to domain/metering,
which reads it closely and says what is wrong; so no rule stands here, and no refusal comes from
here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from usance.documents.plain_json import field_count
from usance.domain.catalog import MAX_NAME
from usance.domain.metering.batches import is_name, may_name
from usance.domain.metering.events import (
    FIRST,
    LAST,
    MAX_BATCH,
    MAX_DIMENSIONS,
    MAX_TEXT,
    UsageEvent,
    is_dimension_name,
    read_dimension,
)

Text = Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
Values = Annotated[dict[str, Any], Meta(max_length=MAX_DIMENSIONS)]
T = TypeVar("T")

# Each followed by a comma: numbers that need no rounding and cannot be written shorter.
EXACT = re.compile(r"(?:-?[0-9]{1,12}\.[0-9]{0,11}[1-9],)*")


class _Sent(msgspec.Struct, rename="camel", forbid_unknown_fields=True, gc=False):
    """An event as it is written. One that takes another back is read closely."""

    customer_id: Text
    event_name: Text
    idempotency_key: Text
    timestamp: Text | UnsetType | None = UNSET
    resource_id: Text | UnsetType | None = UNSET
    dimensions: Values | UnsetType | None = UNSET


class _Batch(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    events: Annotated[list[_Sent], Meta(min_length=1, max_length=MAX_BATCH)]


READER = msgspec.json.Decoder(_Batch, float_hook=Decimal)


def read_event_text(content: bytes) -> list[UsageEvent] | None:
    """The events of `{"events": [...]}`, as `read_batch` reads them; None: look closely."""
    try:
        sent = READER.decode(content).events
    except (ValueError, RecursionError, ArithmeticError):
        return None
    stamps = [each.timestamp for each in sent]
    resources = [each.resource_id for each in sent]
    dimensions = [each.dimensions for each in sent]
    values = [each or {} for each in dimensions]
    given = _given(stamps) + _given(resources) + _given(dimensions)
    if field_count(content) != 1 + 3 * len(sent) + given + sum(map(len, values)):
        return None
    instants = _instants(stamps)
    if instants is None or not (_are_named(sent, resources) and _are_plain(values)):
        return None
    return _events(sent, instants, resources, values)


def _given(column: Iterable[object]) -> int:
    """How many of them were written, if only as null."""
    return sum(value is not UNSET for value in column)


def _are_named(sent: Sequence[_Sent], resources: Iterable[str | UnsetType | None]) -> bool:
    """Whether every name is one; keys are many, and looked at together."""
    keys = [each.idempotency_key for each in sent]
    text = "".join(keys)
    if not text.isprintable() or (" " in text and any(map(str.isspace, keys))):
        return False
    called = {(each.customer_id, each.event_name) for each in sent}
    named = set(resources) - {None, UNSET}
    return all(may_name(*pair) for pair in called) and all(map(is_name, named))


def _instants(stamps: Iterable[str | UnsetType | None]) -> list[datetime | None] | None:
    """Each in UTC; None when one is none, or of no time of ours."""
    try:
        found = [each and datetime.fromisoformat(each) for each in stamps]
    except ValueError:
        return None
    told = [each for each in found if each]
    if any(each.tzinfo is not UTC for each in told):
        return None
    if told and not (min(told) >= FIRST and max(told) < LAST):
        return None
    return [each or None for each in found]


def _are_plain(dimensions: Sequence[dict[str, Any]]) -> bool:
    """Whether every dimension may be kept; numbers are brought to the shape in which they are."""
    if not all(map(is_dimension_name, set(chain.from_iterable(dimensions)))):
        return False
    values = list(chain.from_iterable(map(dict.values, dimensions)))
    kinds = set(map(type, values))
    if not kinds <= {str, Decimal, int, bool}:
        return False
    texts = [value for value in values if type(value) is str]
    if not "".join(texts).isprintable() or max(map(len, texts), default=0) > MAX_TEXT:
        return False
    numbers = "".join([f"{value!s}," for value in values if type(value) is Decimal])
    if int not in kinds and EXACT.fullmatch(numbers):
        return True
    return "E" not in numbers and all(map(_kept_numbers, dimensions))


def _kept_numbers(dimensions: dict[str, Any]) -> bool:
    """Round its numbers as they are kept; False when one is none."""
    for name, value in dimensions.items():
        if type(value) is Decimal or type(value) is int:
            found = read_dimension(value)
            if found is None:
                return False
            dimensions[name] = found
    return True


def _events(
    sent: Sequence[_Sent],
    instants: Sequence[datetime | None],
    resources: Sequence[str | UnsetType | None],
    dimensions: Sequence[Mapping[str, Any]],
) -> list[UsageEvent]:
    """Made without asking of each once more what could be wrong with it."""
    events: list[UsageEvent] = []
    make = object.__new__
    for each, instant, resource_id, values in zip(
        sent, instants, resources, dimensions, strict=True
    ):
        event = make(UsageEvent)
        vars(event).update(
            customer_id=each.customer_id,
            event_name=each.event_name,
            idempotency_key=each.idempotency_key,
            occurred_at=instant,
            resource_id=resource_id or None,
            dimensions=values,
            reverses=None,
        )
        events.append(event)
    return events
