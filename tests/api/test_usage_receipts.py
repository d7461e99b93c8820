"""Receipts of usage over HTTP: listed, read one by one, and refused when unclear."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Desk

OPEN_KEY = "req/ä 1"


def event(key: str, **more: object) -> dict[str, object]:
    """Nordlicht calls the API."""
    return {
        "customerId": "nordlicht",
        "eventName": "api_calls",
        "idempotencyKey": key,
        "timestamp": "2025-01-01T10:00:00Z",
        "dimensions": {"calls": 0.1, "cached": True, "region": "eu"},
    } | more


def reversal(key: str, reverses: str) -> dict[str, object]:
    """Nordlicht takes an event back."""
    fields = event(key, reverses=reverses)
    del fields["dimensions"]
    return fields


def listed(desk: Desk, **query: str | int) -> list[dict[str, Any]]:
    """The events of a page."""
    answer = desk.get("/usage/events", customerId="nordlicht", **query)
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def test_an_event_is_listed_and_read_with_what_became_of_it(desk: Desk) -> None:
    desk.post("/events", {"events": [event(OPEN_KEY)]})
    [found] = listed(desk, eventName="api_calls")
    del found["receivedAt"]
    assert found == {
        "customerId": "nordlicht",
        "eventName": "api_calls",
        "idempotencyKey": OPEN_KEY,
        "timestamp": "2025-01-01T10:00:00Z",
        "resourceId": None,
        "dimensions": {"calls": "0.1", "cached": True, "region": "eu"},
        "reverses": None,
        "reversedBy": None,
        "state": "ACCEPTED",
        "features": ["api-calls"],
        "lines": [],
    }
    named = {"customerId": "nordlicht", "eventName": "api_calls"}
    one = desk.get("/usage/events/req%2F%C3%A4%201", **named)
    assert one.json()["data"]["idempotencyKey"] == OPEN_KEY
    missing = desk.get("/usage/events/other", **named)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "NotFound")


def test_events_are_listed_by_name_or_feature_and_time_a_page_at_a_time(desk: Desk) -> None:
    failed = event("failed", dimensions={"calls": 1, "status": "server_error"})
    times = [event(f"k{hour}", timestamp=f"2025-01-01T0{hour}:00:00Z") for hour in range(5)]
    desk.post("/events", {"events": [*times, failed]})
    assert len(listed(desk, eventName="api_calls")) == 6
    assert len(listed(desk, featureId="api-calls")) == 5
    span = {"from": "2025-01-01T01:00:00Z", "to": "2025-01-01T03:00:00Z"}
    assert [each["idempotencyKey"] for each in listed(desk, eventName="api_calls", **span)] == [
        "k1",
        "k2",
    ]
    first = desk.get("/usage/events", customerId="nordlicht", featureId="api-calls", limit=3)
    after = first.json()["pagination"]["next"]
    rest = desk.get(
        "/usage/events", customerId="nordlicht", featureId="api-calls", limit=3, after=after
    ).json()
    assert [each["idempotencyKey"] for each in rest["data"]] == ["k3", "k4"]
    back = listed(desk, featureId="api-calls", limit=3, before=rest["pagination"]["prev"])
    assert back == first.json()["data"]


@pytest.mark.parametrize(
    ("query", "code", "path"),
    [
        ({}, "MissingField", "eventName"),
        ({"eventName": "api_calls", "featureId": "api-calls"}, "MissingField", "eventName"),
        ({"featureId": "sso"}, "NotMetered", "featureId"),
        ({"eventName": "api_calls", "from": "2025-01-01T00:00:00"}, "InvalidTimestamp", "from"),
        ({"eventName": "api_calls", "after": "YWJj"}, "InvalidCursor", "after"),
    ],
)
def test_an_unclear_question_is_refused(
    desk: Desk, query: dict[str, str], code: str, path: str
) -> None:
    refused = desk.get("/usage/events", customerId="nordlicht", **query)
    detail = refused.json()["error"]["details"][0]
    assert (refused.status_code, detail["code"], detail["path"]) == (422, code, path)


def test_an_event_is_taken_back_once(desk: Desk) -> None:
    desk.post("/events", {"events": [event("one"), event("two")]})
    for outcome in ("accepted", "duplicate"):
        told = desk.post("/events", {"events": [reversal("back", "one")]})
        assert told.json()["data"][outcome] == 1
    states = {each["idempotencyKey"]: each for each in listed(desk, eventName="api_calls")}
    assert (states["one"]["state"], states["one"]["reversedBy"]) == ("REVERSED", "back")
    assert (states["back"]["state"], states["back"]["reverses"]) == ("ACCEPTED", "one")
    codes = {
        "AlreadyReversed": reversal("again", "one"),
        "UnknownEvent": reversal("again", "three"),
        "NotReversible": reversal("again", "back"),
        "InvalidReversal": event("again", reverses="two"),
    }
    for code, wrong in codes.items():
        refused = desk.post("/events", {"events": [wrong]})
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, code)
