"""Reports: usage on its way to the server, each under a key by which it counts once."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from usance_client.quantity import NOTHING, plain, plus, quantity
from usance_client.windows import Nanoseconds, instant_from, nanoseconds

BROKEN = re.compile("[\x00\ud800-\udfff]")
Dimensions = Mapping[str, str | int | float | Decimal | bool]


class Route(StrEnum):
    """Where a report goes: a number that the caller worked out, or an event for the meters."""

    USAGE = "usage"
    EVENTS = "events"


class Change(NamedTuple):
    """What reports make of a total: set to a number, if any did, then add."""

    set_to: Decimal | None = None
    plus: Decimal = NOTHING

    def after(self, total: Decimal) -> Decimal:
        """The total after it."""
        return plus(total if self.set_to is None else self.set_to, self.plus)

    def then(self, report: Report) -> Change:
        """This, then what a report says."""
        if report.is_set:
            return Change(report.value)
        return Change(self.set_to, plus(self.plus, report.value))


NO_CHANGE = Change()


@dataclass(frozen=True, slots=True)
class Report:
    """Something that was used. `value` counts here at once; of an event only the server knows it.

    `body` is what travels, as JSON; `key` makes it count once, however often it is sent.
    """

    route: Route
    key: str
    customer_id: str
    feature_id: str
    resource_id: str | None
    value: Decimal
    is_set: bool
    at: Nanoseconds
    body: str

    @property
    def meter(self) -> tuple[str, str]:
        """Whose usage of what it is."""
        return self.customer_id, self.feature_id


def change_of(reports: Iterable[Report]) -> Change:
    """What these reports come to, in their order."""
    change = NO_CHANGE
    for report in reports:
        change = change.then(report)
    return change


def by_meter(reports: Iterable[Report]) -> dict[tuple[str, str], list[Report]]:
    """Reports by whose usage of what they are, each in order."""
    found: dict[tuple[str, str], list[Report]] = {}
    for report in reports:
        found.setdefault(report.meter, []).append(report)
    return found


def new_key() -> str:
    """A key that nothing else has."""
    return secrets.token_hex(16)


def usage_report(said: Mapping[str, Any], value: Decimal) -> Report:
    """A number for a metered feature. `said` is what travels, but for the value."""
    # The value is written by hand: JSON's own numbers would pass through a binary float.
    body = f'{{"value":{plain(value)},{_json(said)[1:]}'
    return Report(
        route=Route.USAGE,
        key=said["idempotencyKey"],
        customer_id=said["customerId"],
        feature_id=said["featureId"],
        resource_id=said.get("resourceId"),
        value=value,
        is_set=said.get("updateBehavior") == "SET",
        at=nanoseconds(instant_from(said["createdAt"])),
        body=body,
    )


def event_report(said: Mapping[str, Any]) -> Report:
    """An event. `said` is what travels."""
    return Report(
        route=Route.EVENTS,
        key=said["idempotencyKey"],
        customer_id=said["customerId"],
        feature_id="",
        resource_id=said.get("resourceId"),
        value=NOTHING,
        is_set=False,
        at=nanoseconds(instant_from(said["timestamp"])),
        body=_json(said),
    )


def report_from(route: Route, body: str) -> Report:
    """The report that was written so. Raises ValueError, LookupError or TypeError."""
    said = json.loads(body, parse_float=Decimal)
    if route is Route.EVENTS:
        return event_report(said)
    value = quantity(said.pop("value"))
    return usage_report(said, value)


def _json(said: Mapping[str, Any]) -> str:
    """Raises ValueError for what the server will never take, lest it stands in the way of others:
    numbers that are none, text with NUL or half a character (a lone surrogate).
    """
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for each in (*said.values(), *_dimensions(said)):
        if isinstance(each, str) and BROKEN.search(each):
            raise ValueError(f"{each[:80]!r} holds NUL or half a character")
    return text


def _dimensions(said: Mapping[str, Any]) -> Iterable[object]:
    found = said.get("dimensions") or {}
    return (*found, *found.values())
