"""The other side of a connection, played over HTTP: a system that counts usage as Stigg's API does.

Its usage is a table of amounts by customer, feature and instant; what it tells of it (as a running
count with its resets, or as amounts; by how many hours) is written here a second time, by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.providers.doubles import Answer, Service, service

HOUR = timedelta(hours=1)
LONG_AGO = "2024-06-01T00:00:00.000Z"
Use = tuple[str, str]


def instant(text: str) -> datetime:
    """That day, or that instant, in UTC."""
    return datetime.fromisoformat(text if "T" in text else f"{text}T00:00").replace(tzinfo=UTC)


@dataclass(slots=True)
class OtherSide:
    """What is there, and how it is told. Told once, it changes when a test changes it."""

    played: Service
    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    features: dict[str, dict[str, Any]] = field(default_factory=dict)
    usage: dict[Use, dict[datetime, Decimal]] = field(default_factory=dict)
    is_running: bool = True
    resets: list[datetime] = field(default_factory=list)
    grain: timedelta = HOUR
    page_size: int = 2
    down: list[str] = field(default_factory=list)  # parts of paths that answer with `status`
    status: int = 503

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.played.url

    @property
    def histories(self) -> list[str]:
        """The histories it was asked for, in order."""
        return [path for path, _ in self.played.asked if "/history/" in path]

    def customer(self, there: str, **said: object) -> None:
        """There is such a customer, or it is said otherwise now."""
        before = self.customers.get(there, {"id": there, "createdAt": LONG_AGO})
        self.customers[there] = {**before, **said}

    def feature(self, there: str, **said: object) -> None:
        """There is such a feature, counted unless said otherwise."""
        plain = {
            "id": there,
            "displayName": there.title(),
            "featureType": "NUMBER",
            "meterType": "INCREMENTAL",
            "featureStatus": "ACTIVE",
            "metadata": {},
            "createdAt": LONG_AGO,
        }
        self.features[there] = {**self.features.get(there, plain), **said}

    def uses(self, at: str, amount: str | int, *, by: str = "acme", of: str = "calls") -> None:
        """A customer used so much at that instant; negative: less than was told before."""
        told = self.usage.setdefault((by, of), {})
        told[instant(at)] = told.get(instant(at), Decimal(0)) + Decimal(amount)

    def total(self, by: str = "acme", of: str = "calls") -> Decimal:
        """All that customer used of it."""
        return sum(self.usage.get((by, of), {}).values(), Decimal(0))

    def answer(self, path: str, _body: object) -> Answer:
        """What it answers to a GET."""
        parts = urlsplit(path)
        if any(each in path for each in self.down):
            return self.status, b"{}"
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        steps = [unquote(step) for step in parts.path.split("/")[3:]]
        match steps:
            case ["customers"]:
                return 200, self._page(list(self.customers.values()), query)
            case ["features"]:
                return 200, self._page(list(self.features.values()), query)
            case ["usage", by, "history", of] if by in self.customers and of in self.features:
                span = (_read(query["startDate"]), _read(query["endDate"]))
                points = list(self._points(self.usage.get((by, of), {}), *span))
                series = [{"tags": [], "points": points}] if points else []
                return 200, json.dumps({"data": {"series": series, "markers": []}}).encode()
        return 404, b'{"error": {"code": "NotFound", "message": "There is no such thing"}}'

    def _page(self, every: list[dict[str, Any]], query: dict[str, str]) -> bytes:
        start = int(query.get("after", "0"))
        end = start + min(self.page_size, int(query["limit"]))
        following = str(end) if end < len(every) else None
        page = {"data": every[start:end], "pagination": {"next": following, "prev": None}}
        return json.dumps(page).encode()

    def _points(
        self, usage: dict[datetime, Decimal], start: datetime, end: datetime
    ) -> Iterator[dict[str, object]]:
        """A running count is told at the end of each stretch that has usage, amounts at its start;
        and at each reset what it stood at, and zero.
        """
        amounts: dict[datetime, Decimal] = {}
        for at, amount in usage.items():
            index = (at - instant("2024-01-01")) // self.grain
            amounts[instant("2024-01-01") + index * self.grain] = (
                amounts.get(instant("2024-01-01") + index * self.grain, Decimal(0)) + amount
            )
        if not self.is_running:
            for at in sorted(amounts):
                if start <= at < end:
                    yield _point(at, amounts[at])
            return
        count = Decimal(0)
        ends = {at + self.grain - timedelta(seconds=1): amounts[at] for at in amounts}
        for at in sorted({*ends, *(reset for reset in self.resets if ends and reset > min(ends))}):
            if at in self.resets:
                if start <= at <= end:
                    yield _point(at, count)
                    yield _point(at, Decimal(0), is_reset=True)
                count = Decimal(0)
            if at in ends:
                count += ends[at]
                if start <= at <= end:
                    yield _point(at, count)


@contextmanager
def other_side() -> Iterator[OtherSide]:
    """One customer, acme, and one counted feature, calls; nothing used yet."""
    with service() as played:
        there = OtherSide(played)
        there.customer("acme", name="Acme Ltd", email="ap@acme.example")
        there.feature("calls")
        played.answer = there.answer
        yield there


def _point(at: datetime, value: Decimal, *, is_reset: bool = False) -> dict[str, object]:
    whole = value == value.to_integral_value()
    shown = int(value) if whole else float(value)
    return {"timestamp": _written(at), "value": shown, "isResetPoint": is_reset}


def _written(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text)
