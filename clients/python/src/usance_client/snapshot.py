"""Snapshots: what the server says a customer has, read strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from usance_client.decision import DenialReason, Kind, denial_reason
from usance_client.quantity import quantity
from usance_client.windows import (
    ALWAYS,
    FOREVER,
    PERIODS,
    Nanoseconds,
    Reset,
    Window,
    instant_from,
    nanoseconds,
)

EVERY_RESOURCE = "*"
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_|.:@-]{0,254}")
Json = Mapping[str, Any]


class MalformedSnapshot(ValueError):
    """What came is not a snapshot; what was known before stays."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """`limit` units in each window of `reset`; None: unlimited.

    `used` is what the server counted in `window`. `scope`: whose usage counts, `*` for all of the
    customer's, R and an id for that of a resource.
    """

    limit: Decimal | None
    is_soft: bool
    reset: Reset | None
    scope: str
    used: Decimal
    window: Window

    def counts(self, resource_id: str | None) -> bool:
        """Whether usage of that resource counts here."""
        return self.scope in (EVERY_RESOURCE, f"R{resource_id or ''}")


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What a customer has of one feature. `valid_until`: FOREVER when nothing will change it."""

    kind: Kind
    is_granted: bool
    denial_reason: DenialReason | None
    values: frozenset[str]
    allowances: tuple[Allowance, ...]
    is_budget_used_up: bool
    valid_until: Nanoseconds
    feature_type: str
    display_name: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All entitlements of a customer, or of one of its resources, at `position`.

    `at`: the server's now, which in a sandbox is where its clock was moved to.
    """

    customer_id: str
    resource_id: str | None
    position: str
    at: Nanoseconds | None
    denial_reason: DenialReason | None
    valid_until: Nanoseconds
    entitlements: Mapping[str, Entitlement]
    wire: Json

    @property
    def key(self) -> tuple[str, str | None]:
        """Whose it is."""
        return self.customer_id, self.resource_id


def is_id(text: str) -> bool:
    """Whether anything can have that id."""
    return ID.fullmatch(text) is not None


def snapshot_from(wire: Any) -> Snapshot:
    """The snapshot of that JSON. Raises MalformedSnapshot, naming what is wrong."""
    try:
        return Snapshot(
            customer_id=_text(wire["customerId"]),
            resource_id=wire.get("resourceId"),
            position=str(wire.get("position") or ""),
            at=None if wire.get("at") is None else nanoseconds(instant_from(wire["at"])),
            denial_reason=denial_reason(wire.get("accessDeniedReason")),
            valid_until=_until(wire.get("validUntil")),
            entitlements={name: _entitlement(each) for name, each in wire["features"].items()},
            wire=wire,
        )
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as problem:
        raise MalformedSnapshot(f"{type(problem).__name__}: {problem}") from problem


def no_customer(customer_id: str, resource_id: str | None, reason: str) -> Snapshot:
    """The snapshot of a customer that the server does not know."""
    return snapshot_from(
        {
            "customerId": customer_id,
            "resourceId": resource_id,
            "accessDeniedReason": reason,
            "features": {},
        }
    )


def _entitlement(wire: Json) -> Entitlement:
    is_over_budget = _boolean(wire.get("budgetExceeded", False))
    return Entitlement(
        kind=Kind(wire["kind"]),
        is_granted=_boolean(wire["isGranted"]) or is_over_budget,
        denial_reason=denial_reason(wire.get("deniedReason")),
        values=frozenset(_text(each) for each in wire.get("values") or ()),
        allowances=tuple(_allowance(each) for each in wire.get("allowances") or ()),
        is_budget_used_up=is_over_budget,
        valid_until=_until(wire.get("validUntil")),
        feature_type=str(wire.get("featureType") or ""),
        display_name=str(wire.get("displayName") or ""),
    )


def _allowance(wire: Json) -> Allowance:
    limit = wire.get("limit")
    reset = None if wire.get("reset") is None else _reset(wire["reset"])
    return Allowance(
        limit=None if limit is None else quantity(limit, "limit"),
        is_soft=_boolean(wire.get("isSoft", False)),
        reset=reset,
        scope=EVERY_RESOURCE if wire.get("usageScope") is None else _text(wire["usageScope"]),
        used=quantity(wire.get("currentUsage") or "0", "currentUsage"),
        window=ALWAYS if reset is None else _window(wire),
    )


def _window(wire: Json) -> Window:
    """As the server counted; without a start, of no window that is still open."""
    start, end = wire.get("windowStart"), wire.get("windowEnd")
    if start is None:
        return Window(-FOREVER, -FOREVER)
    return Window(nanoseconds(instant_from(start)), _until(end))


def _reset(wire: Json) -> Reset:
    period, count = wire["period"], wire.get("count", 1)
    if period not in PERIODS:
        raise ValueError(f"{period!r} is no reset period that this version knows")
    if not isinstance(count, int) or not 1 <= count <= 1200:
        raise ValueError(f"count is {count!r}; a whole number from 1 to 1200 is expected")
    since = wire.get("since")
    return Reset(
        period=period,
        count=count,
        anchor=instant_from(wire["anchor"]),
        zone=_zone(wire.get("zone") or "UTC"),
        since=None if since is None else nanoseconds(instant_from(since)),
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        raise ValueError(f"{name!r} is no time zone that this machine knows") from None


def _until(text: str | None) -> Nanoseconds:
    return FOREVER if text is None else nanoseconds(instant_from(text))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value
