"""Another system over the API that Stigg publishes, and that we serve as well.

`GET /api/v1/customers` and `/api/v1/features` list in pages: `{data, pagination: {next}}`, `next`
goes into `after`. `GET /api/v1/usage/{customerId}/history/{featureId}` tells `{data: {series:
[{points: [{timestamp, value, isResetPoint}]}]}}` from `startDate` to `endDate`. The key travels as
`X-API-KEY`. Its own SDKs ask again after 408, 429 and 5xx and wait as `Retry-After` says; so we do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from usance.domain.connections.history import Point
from usance.domain.metering.events import MAX_NUMBER
from usance.providers.errors import ProviderError
from usance.providers.http_json import ask_through
from usance.providers.usage_source import ListedCustomer, ListedFeature

SERVICE = "The connected system"
TIMEOUT = httpx.Timeout(60, connect=5)  # seconds, as its SDKs have it
LARGEST = 20_000_000  # bytes: a year of a history by the hour is less than one million
LONGEST_SPAN = timedelta(days=360)  # a longer history is told by the week, or not at all
PAGE = 100
MOST_PAGES = 10_000
ATTEMPTS = 3
LONGEST_WAIT = 10  # seconds; who is asked to wait longer comes again another time
COUNTED = {"INCREMENTAL", "FLUCTUATING"}
CUSTOMER = {"name": "name", "email": "email", "timezone": "timezone", "metadata": "metadata"}
FEATURE = {
    "displayName": "displayName",
    "description": "description",
    "featureUnits": "units",
    "featureUnitsPlural": "unitsPlural",
    "enumConfiguration": "enumValues",
    "metadata": "metadata",
}
UNITS = {"featureUnits": "units", "featureUnitsPlural": "unitsPlural"}

Pause = Callable[[float], None]
T = TypeVar("T")


@contextmanager
def stigg_api(url: str, key: str, *, pause: Pause = time.sleep) -> Iterator[StiggApi]:
    """The system at `url`, asked through one client until this ends; redirects are not followed."""
    headers = {"X-API-KEY": key, "accept": "application/json"}
    with httpx.Client(timeout=TIMEOUT, headers=headers) as client:
        yield StiggApi(client, url.rstrip("/"), pause)


@dataclass(frozen=True, slots=True)
class StiggApi:
    """What is there, in our words."""

    client: httpx.Client
    url: str
    pause: Pause

    def customers(self) -> Iterator[ListedCustomer]:
        """All of them that are not archived. Raises ProviderError."""
        for each in self._listed("customers"):
            yield _read(_customer, each, "a customer")

    def features(self) -> Iterator[ListedFeature]:
        """All of them. Raises ProviderError."""
        for each in self._listed("features"):
            yield _read(_feature, each, "a feature")

    def history(
        self, customer_id: str, feature_id: str, *, start: datetime, end: datetime
    ) -> list[list[Point]]:
        """The points of each series from `start` to `end`. Raises ProviderError."""
        path = f"usage/{quote(customer_id, safe='')}/history/{quote(feature_id, safe='')}"
        series: list[list[Point]] = []
        while start < end:
            until = min(start + LONGEST_SPAN, end)
            plain = self._ask(path, {"startDate": _written(start), "endDate": _written(until)})
            for index, points in enumerate(_read(_history, plain, "a history")):
                series += [[]] if index == len(series) else []
                series[index] += points
            start = until
        return series

    def _listed(self, what: str) -> Iterator[Any]:
        query = {"limit": str(PAGE)}
        for _ in range(MOST_PAGES):
            plain = self._ask(what, query)
            found, pages = plain.get("data"), plain.get("pagination")
            if not isinstance(found, list) or not isinstance(pages, dict | None):
                raise _unreadable("a list")
            yield from found
            after = (pages or {}).get("next")
            if not after:
                return
            if not isinstance(after, str) or after == query.get("after"):
                raise _unreadable("a list that goes on")
            query["after"] = after
        raise _unreadable("a list that ends")

    def _ask(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return ask_through(
                    self.client,
                    "GET",
                    f"{self.url}/api/v1/{path}",
                    service=SERVICE,
                    query=query,
                    largest=LARGEST,
                )
            except ProviderError as failure:
                wait = 2 ** (attempt - 2) if failure.retry_after is None else failure.retry_after
                if not failure.retryable or attempt == ATTEMPTS or wait > LONGEST_WAIT:
                    raise
                self.pause(wait)
        raise AssertionError("the last attempt answers or raises")


def _customer(plain: Any) -> ListedCustomer:
    said = {ours: plain[theirs] for theirs, ours in CUSTOMER.items() if plain.get(theirs)}
    currency, language = plain.get("billingCurrency"), plain.get("language")
    if isinstance(currency, str) and currency:
        said["billingCurrency"] = currency.upper()
    if isinstance(language, str) and language:
        said["locale"] = language
    return ListedCustomer(_id(plain), _instant(plain["createdAt"]), said)


def _feature(plain: Any) -> ListedFeature:
    said = {ours: plain[theirs] for theirs, ours in FEATURE.items() if plain.get(theirs)}
    unit = plain.get("unitTransformation")
    if isinstance(unit, dict):
        named = {UNITS.get(key, key): value for key, value in unit.items() if value is not None}
        said["unitTransformation"] = named | {"divide": int(Decimal(str(unit["divide"])))}
    said["featureType"], said["meterType"] = plain["featureType"], plain["meterType"].upper()
    is_measured = said["meterType"] in COUNTED
    return ListedFeature(_id(plain), _instant(plain["createdAt"]), is_measured, said)


def _history(plain: Any) -> list[list[Point]]:
    return [[_point(point) for point in series["points"]] for series in plain["data"]["series"]]


def _point(plain: Any) -> Point:
    value = Decimal(plain["value"])
    if not value.is_finite() or abs(value) >= MAX_NUMBER:
        raise ValueError("a value that is no number, or too large a one")
    return Point(_instant(plain["timestamp"]), value, plain.get("isResetPoint") is True)


def _id(plain: Any) -> str:
    found = plain["id"]
    if not isinstance(found, str) or not 0 < len(found) <= 255 or not found.isprintable():
        raise TypeError("an id that is no line of text")
    return found


def _instant(text: Any) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant without its offset")
    return instant.astimezone(UTC)


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _read(read: Callable[[Any], T], plain: Any, what: str) -> T:
    """What `read` makes of it; what cannot be read is no usage, and nobody repeats it."""
    try:
        return read(plain)
    except (AttributeError, InvalidOperation, KeyError, OverflowError, TypeError, ValueError) as e:
        raise _unreadable(what) from e


def _unreadable(what: str) -> ProviderError:
    return ProviderError(f"{SERVICE} did not answer with {what} we can read", retryable=False)
