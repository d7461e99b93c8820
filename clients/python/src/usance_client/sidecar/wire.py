"""What travels between the sidecar and whoever asks it. Quantities are text, exact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from usance_client.client import Status, UsanceClient
from usance_client.decision import Decision
from usance_client.quantity import plain, reported
from usance_client.reports import Report
from usance_client.snapshot import is_id
from usance_client.windows import instant_from

MOST = 1_000  # reports of one request
TIMES = ("createdAt", "timestamp")
OF_USAGE = ("customerId", "featureId", "value")
OF_EVENTS = ("customerId", "eventName")
MORE = ("resourceId", "dimensions", "idempotencyKey")


@dataclass(frozen=True, slots=True)
class NotAccepted(Exception):
    """The request is wrong: which field, what was there, what would be right."""

    code: str
    path: str
    value: str
    expected: str
    status: int = 400

    def wire(self) -> dict[str, Any]:
        """As it travels, the way the server says it."""
        message = f"{self.path}: {self.value!r}; expected {self.expected}"
        detail = {
            "code": self.code,
            "path": self.path,
            "value": self.value,
            "expected": self.expected,
            "message": message,
        }
        return {"error": {"code": self.code, "message": message, "details": [detail]}}


def decision_wire(decision: Decision) -> dict[str, Any]:
    """An answer."""
    return {
        "hasAccess": decision.has_access,
        "denialReason": decision.denial_reason,
        "kind": decision.kind,
        "isUnlimited": decision.is_unlimited,
        "limit": _number(decision.limit),
        "currentUsage": _number(decision.current_usage),
        "remaining": _number(decision.remaining),
        "overage": _number(decision.overage),
        "isSoftExceeded": decision.is_soft_exceeded,
        "values": sorted(decision.values),
        "windowStart": _instant(decision.window_start),
        "windowEnd": _instant(decision.window_end),
        "validUntil": _instant(decision.valid_until),
        "isFallback": decision.is_fallback,
        "isStale": decision.is_stale,
    }


def status_wire(status: Status) -> dict[str, Any]:
    """How it is: `ok`, or `stale` while the server is not heard."""
    return {
        "status": "stale" if status.is_stale else "ok",
        "customers": status.customers,
        "pendingReports": status.pending,
        "refusedReports": status.refused,
        "heardSecondsAgo": status.heard_seconds_ago,
    }


def take_usage(client: UsanceClient, body: Any) -> list[str]:
    """Report all of a body or none; their keys. Raises NotAccepted, UsageNotTaken."""

    def read(each: dict[str, Any]) -> Report:
        return client.usage(
            each["customerId"],
            each["featureId"],
            each["value"],
            is_set=each.get("updateBehavior") == "SET",
            resource_id=each.get("resourceId"),
            at=_moment(each.get("createdAt")),
            dimensions=each.get("dimensions"),
            idempotency_key=each.get("idempotencyKey"),
        )

    found = _listed(body, "usages", OF_USAGE, (*MORE, "updateBehavior", "createdAt"))
    for index, each in enumerate(found):
        _check_value(each.get("value"), f"usages[{index}].value")
    return client.take(_read(found, "usages", read))


def take_events(client: UsanceClient, body: Any) -> list[str]:
    """Track all of a body or none; their keys. Raises NotAccepted, UsageNotTaken."""

    def read(each: dict[str, Any]) -> Report:
        return client.event(
            each["customerId"],
            each["eventName"],
            resource_id=each.get("resourceId"),
            at=_moment(each.get("timestamp")),
            dimensions=each.get("dimensions"),
            idempotency_key=each.get("idempotencyKey"),
        )

    return client.take(
        _read(_listed(body, "events", OF_EVENTS, (*MORE, "timestamp")), "events", read)
    )


def _read(
    found: list[dict[str, Any]], name: str, read: Callable[[dict[str, Any]], Report]
) -> list[Report]:
    """All of them, before any is taken."""
    reports = []
    for index, each in enumerate(found):
        try:
            reports.append(read(each))
        except (ValueError, TypeError, ArithmeticError) as problem:
            expected = "text without NUL or half characters, numbers of at most 40 digits"
            raise NotAccepted(
                "InvalidReport", f"{name}[{index}]", ascii(problem)[:80], expected
            ) from None
    return reports


def _listed(
    body: Any, name: str, needed: tuple[str, ...], more: tuple[str, ...]
) -> list[dict[str, Any]]:
    found = body.get(name) if isinstance(body, dict) else None
    if not isinstance(found, list) or not 1 <= len(found) <= MOST:
        shown = f"{len(found)} of them" if isinstance(found, list) else "no list"
        raise NotAccepted("InvalidBatch", name, shown, f"a list of 1 to {MOST}")
    for index, each in enumerate(found):
        _check(each, f"{name}[{index}]", needed, more)
    return found


def _check(each: Any, path: str, needed: tuple[str, ...], more: tuple[str, ...]) -> None:
    if not isinstance(each, dict):
        raise NotAccepted("InvalidReport", path, str(each)[:80], "an object")
    for field in each:
        if field not in (*needed, *more):
            expected = "one of " + ", ".join((*needed, *more))
            raise NotAccepted("UnknownField", f"{path}.{field}", "", expected)
    for field in ("customerId", "featureId", "resourceId"):
        is_asked = field in needed or each.get(field) is not None
        if is_asked and not (isinstance(each.get(field), str) and is_id(each[field])):
            raise NotAccepted("InvalidId", f"{path}.{field}", str(each.get(field))[:80], "an id")
    for field in ("eventName", "idempotencyKey"):
        value = each.get(field)
        if (field in needed or value is not None) and not (isinstance(value, str) and value):
            raise NotAccepted("InvalidText", f"{path}.{field}", str(value)[:80], "text")
    if each.get("updateBehavior") not in (None, "DELTA", "SET"):
        value = str(each["updateBehavior"])[:80]
        raise NotAccepted("UnknownWord", f"{path}.updateBehavior", value, "DELTA or SET")
    for field in TIMES:
        _check_moment(each.get(field), f"{path}.{field}")
    _check_dimensions(each.get("dimensions"), f"{path}.dimensions")


def _check_value(value: Any, path: str) -> None:
    try:
        reported(value)
    except (ValueError, TypeError):
        shown = str(value)[:80]
        raise NotAccepted("InvalidUsageValue", path, shown, "a number, or text of one") from None


def _check_moment(text: Any, path: str) -> None:
    try:
        _moment(text)
    except (ValueError, TypeError, OverflowError):
        expected = "an instant such as 2026-01-31T09:30:00Z"
        raise NotAccepted("InvalidInstant", path, str(text)[:80], expected) from None


def _check_dimensions(found: Any, path: str) -> None:
    is_flat = isinstance(found, Mapping) and all(
        isinstance(each, str | int | Decimal) for each in found.values()
    )
    if found is not None and not is_flat:
        expected = "an object of texts, numbers and booleans"
        raise NotAccepted("InvalidDimensions", path, str(found)[:80], expected)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else instant_from(text)


def _number(number: Decimal | None) -> str | None:
    return None if number is None else plain(number)


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
