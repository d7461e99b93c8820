"""Another system over Stigg's API: how it is asked, and how strictly its answers are read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.providers.doubles import Service, service
from usance.domain.connections.history import Point
from usance.providers.errors import ProviderError
from usance.providers.stigg_api import stigg_api

START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC)
CUSTOMER = {
    "id": "acme",
    "name": "Acme Ltd",
    "email": None,
    "billingCurrency": "usd",
    "language": "de",
    "metadata": {"tier": "gold"},
    "createdAt": "2024-06-01T00:00:00.000Z",
    "updatedAt": "2024-06-01T00:00:00.000Z",
}
FEATURE = {
    "id": "calls",
    "displayName": "API calls",
    "featureType": "NUMBER",
    "meterType": "INCREMENTAL",
    "featureStatus": "ACTIVE",
    "featureUnits": "call",
    "metadata": {},
    "meter": {"aggregation": {"function": "COUNT"}, "filters": []},
    "unitTransformation": {"divide": 1000, "round": "UP", "featureUnits": "thousand"},
    "createdAt": "2024-07-01T00:00:00Z",
}


class Waits(list[float]):
    """How long one waited between two attempts."""


@pytest.fixture
def there() -> Iterator[Service]:
    """The other side."""
    with service({"data": [], "pagination": {"next": None, "prev": None}}) as played:
        yield played


def test_lists_are_read_page_by_page_with_the_key(there: Service) -> None:
    pages = {"": ("a", "two"), "two": ("b", None)}

    def answer(path: str, _body: object) -> tuple[int, bytes]:
        after = path.partition("after=")[2]
        name, following = pages[after]
        data = [{**CUSTOMER, "id": name}]
        page = {"data": data, "pagination": {"next": following, "prev": None}}
        return 200, json.dumps(page).encode()

    there.answer = answer
    with stigg_api(there.url + "/", "server-key") as api:
        assert [each.id for each in api.customers()] == ["a", "b"]
    paths = [path for path, _ in there.asked]
    assert paths == ["/api/v1/customers?limit=100", "/api/v1/customers?limit=100&after=two"]
    assert {heard["x-api-key"] for heard in there.heard} == {"server-key"}


def test_customers_and_features_come_in_our_words(there: Service) -> None:
    with stigg_api(there.url, "key") as api:
        there.says({"data": [CUSTOMER]})
        [customer] = api.customers()
        there.says({"data": [FEATURE, {**FEATURE, "id": "x", "meterType": "None"}]})
        [calls, other] = api.features()
    assert (customer.id, customer.created_at) == ("acme", datetime(2024, 6, 1, tzinfo=UTC))
    assert customer.said == {
        "name": "Acme Ltd",
        "billingCurrency": "USD",
        "locale": "de",
        "metadata": {"tier": "gold"},
    }
    assert [calls.is_measured, other.is_measured] == [True, False]
    assert calls.said == {
        "displayName": "API calls",
        "units": "call",
        "featureType": "NUMBER",
        "meterType": "INCREMENTAL",
        "unitTransformation": {"divide": 1000, "round": "UP", "units": "thousand"},
    }
    assert other.said["meterType"] == "NONE"


def test_a_history_is_read_exactly(there: Service) -> None:
    points = [
        {"timestamp": "2025-01-02T00:00:00.000Z", "value": 0.1, "isResetPoint": False},
        {"timestamp": "2025-01-03T01:00:00+01:00", "value": 3, "isResetPoint": True},
    ]
    there.says({"data": {"series": [{"tags": [], "points": points}], "markers": []}})
    with stigg_api(there.url, "key") as api:
        series = api.history("a/b c", "calls", start=START, end=END)
    assert series == [
        [
            Point(datetime(2025, 1, 2, tzinfo=UTC), Decimal("0.1")),
            Point(datetime(2025, 1, 3, tzinfo=UTC), Decimal(3), is_reset=True),
        ]
    ]
    [(path, _)] = there.asked
    assert path.startswith("/api/v1/usage/a%2Fb%20c/history/calls?")
    assert "startDate=2025-01-01T00%3A00%3A00Z&endDate=2025-02-01T00%3A00%3A00Z" in path


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_may_pass_is_asked_again_twice(there: Service, status: int) -> None:
    waits = Waits()
    there.says({}, status)
    with (
        stigg_api(there.url, "key", pause=waits.append) as api,
        pytest.raises(ProviderError) as failed,
    ):
        list(api.customers())
    assert (failed.value.retryable, failed.value.status) == (True, status)
    assert len(there.asked) == 3
    assert waits == [0.5, 1]


def test_it_waits_as_it_is_told_but_not_for_long(there: Service) -> None:
    waits = Waits()
    there.says({}, 429)
    there.headers["retry-after"] = "7"
    with stigg_api(there.url, "key", pause=waits.append) as api:
        with pytest.raises(ProviderError):
            list(api.customers())
        assert waits == [7, 7]
        there.headers["retry-after"] = "3600"
        with pytest.raises(ProviderError) as failed:
            list(api.customers())
    assert failed.value.retry_after == 3600
    assert waits == [7, 7]


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 409, 422])
def test_what_will_not_pass_is_asked_once(there: Service, status: int) -> None:
    there.says({}, status)
    there.headers["location"] = there.url + "/elsewhere"
    with stigg_api(there.url, "key") as api, pytest.raises(ProviderError) as failed:
        list(api.features())
    assert (failed.value.retryable, failed.value.status) == (False, status)
    assert len(there.asked) == 1


@pytest.mark.parametrize(
    "plain",
    [
        b"<html>",
        {"data": {}},
        {"data": [7]},
        {"data": [{**CUSTOMER, "id": None}]},
        {"data": [{**CUSTOMER, "id": "a\nb"}]},
        {"data": [{**CUSTOMER, "createdAt": "yesterday"}]},
        {"data": [{**CUSTOMER, "createdAt": "2024-06-01T00:00:00"}]},
        {"data": [CUSTOMER], "pagination": 7},
        {"data": [CUSTOMER], "pagination": {"next": 7}},
        {"data": [CUSTOMER], "pagination": {"next": "same"}},
    ],
)
def test_a_list_that_cannot_be_read_is_no_list(there: Service, plain: object) -> None:
    there.says(plain)
    with stigg_api(there.url, "server-key") as api, pytest.raises(ProviderError) as failed:
        list(api.customers())
    assert not failed.value.retryable
    assert "server-key" not in str(failed.value)


@pytest.mark.parametrize(
    "plain",
    [
        {"data": {}},
        {"data": {"series": [{}]}},
        {"data": {"series": [{"points": [{"value": 1}]}]}},
        {"data": {"series": [{"points": [{"timestamp": "2025-01-01T00:00:00Z"}]}]}},
        {"data": {"series": [{"points": [{"timestamp": "2025-01-01T00:00:00", "value": 1}]}]}},
        {"data": {"series": [{"points": [{"timestamp": "2025-01-01T00:00:00Z", "value": "a"}]}]}},
        {"data": {"series": [{"points": [{"timestamp": "2025-01-01T00:00:00Z", "value": 1e17}]}]}},
        b'{"data": {"series": [{"points": [{"timestamp": "2025-01-01T00:00Z", "value": NaN}]}]}}',
    ],
)
def test_a_history_that_cannot_be_read_is_no_usage(there: Service, plain: object) -> None:
    there.says(plain)
    with stigg_api(there.url, "key") as api, pytest.raises(ProviderError) as failed:
        api.history("acme", "calls", start=START, end=END)
    assert not failed.value.retryable
