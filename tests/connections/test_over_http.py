"""Connections over HTTP: made, synced, compared, mapped anew, removed; their keys go in only."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.conftest import Desk, desk, server, stranger
from tests.connections.conftest import KEY
from tests.connections.other_side import OtherSide

__all__ = ["desk", "server", "stranger"]

pytestmark = pytest.mark.postgres


def connect(desk: Desk, there: OtherSide, **fields: object) -> dict[str, object]:
    """A connection that counts from New Year 2025, on 10 January."""
    desk.at("2025-01-10")
    body = {"id": "stigg", "url": there.url, "key": KEY, "since": "2025-01-01T00:00:00Z", **fields}
    answer = desk.post("/connections", body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["data"])


def sync(desk: Desk, **how: bool) -> dict[str, Any]:
    """Sync now; what came of it."""
    answer = desk.post("/connections/stigg/sync", how or None)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


def patch(desk: Desk, body: object) -> httpx.Response:
    return desk.http.patch("/api/v1/connections/stigg", json=body)


def test_a_connection_is_made_and_its_key_is_never_shown(
    desk: Desk,
    there: OtherSide,
) -> None:
    made = connect(desk, there)
    assert made["history"] == "RUNNING"
    assert (made["failure"], made["syncedAt"], made["problems"]) == (None, None, [])
    seen = desk.get("/connections").text + desk.get("/connections/stigg").text
    assert "stigg" in seen
    assert KEY not in seen
    body = {"id": "stigg", "url": there.url, "key": KEY, "since": "2025-01-01T00:00:00Z"}
    again = desk.post("/connections", body)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "ConnectionExists")
    assert again.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("url", "ftp://there.example", "InvalidUrl"),
        ("url", "https://ann:secret@there.example", "InvalidUrl"),
        ("url", "https://there.example/?x=1", "InvalidUrl"),
        ("url", "https://there.example#x", "InvalidUrl"),
        ("url", "http://169.254.169.254/latest", "InvalidUrl"),
        ("url", "http://[::ffff:169.254.169.254]/", "InvalidUrl"),
        ("url", "http://0.0.0.0/", "InvalidUrl"),
        ("url", "https://", "InvalidUrl"),
        ("url", "https://there.example:port", "InvalidUrl"),
        ("url", "there.example", "InvalidUrl"),
        ("key", "with blank", "InvalidKey"),
        ("key", "", "InvalidKey"),
        ("since", "2025-01-01", "InvalidTimestamp"),
        ("since", "1899-01-01T00:00:00Z", "TimestampOutOfRange"),
        ("customers", {"a": "b c"}, "InvalidId"),
        ("history", "BOTH", "InvalidValue"),
    ],
)
def test_what_cannot_be_is_refused_without_repeating_a_secret(
    desk: Desk,
    there: OtherSide,
    field: str,
    value: object,
    code: str,
) -> None:
    body = {"id": "stigg", "url": there.url, "key": KEY, "since": "2025-01-01T00:00:00Z"}
    answer = desk.post("/connections", body | {field: value})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
    assert answer.json()["error"]["details"][0]["path"].startswith(field)
    assert "secret" not in answer.text
    assert KEY not in answer.text


def test_a_dry_run_tells_what_a_sync_then_does(desk: Desk, there: OtherSide) -> None:
    connect(desk, there)
    there.uses("2025-01-02T10:20", 30)
    told = sync(desk, dryRun=True)
    assert desk.get("/customers/acme").status_code == 404
    done = sync(desk)
    assert told == done
    assert done["changes"] == [
        {
            "customerId": "acme",
            "featureId": "calls",
            "timestamp": "2025-01-02T10:59:58.999999Z",
            "amount": "30",
        }
    ]
    assert (done["customers"], done["features"], done["readCount"]) == (["acme"], ["calls"], 1)
    assert sync(desk, dryRun=True)["changeCount"] == 0
    assert desk.get("/customers/acme").json()["data"]["name"] == "Acme Ltd"


def test_there_and_here_stand_side_by_side(desk: Desk, there: OtherSide) -> None:
    connect(desk, there, features={"calls": "documents"})
    feature = {"id": "documents", "displayName": "Documents", "meterType": "INCREMENTAL"}
    meter = {"eventName": "document", "aggregation": {"function": "SUM", "field": "pages"}}
    assert desk.post("/features", feature | {"meter": meter}).status_code == 201
    there.uses("2025-01-02T10:20", 30)
    sync(desk)
    event = {"customerId": "acme", "eventName": "document", "idempotencyKey": "k"}
    desk.post("/events", {"events": [event | {"dimensions": {"pages": 4}}]})
    [row] = desk.get("/connections/stigg/differences").json()["data"]
    assert (row["customerId"], row["featureId"]) == ("acme", "documents")
    assert (row["customersThere"], row["featuresThere"]) == (["acme"], ["calls"])
    assert (row["there"], row["here"], row["difference"]) == ("30", "34", "-4")
    assert row["lastSyncedAt"] is not None
    assert row["problem"] is None


def test_differences_come_in_pages(desk: Desk, there: OtherSide) -> None:
    connect(desk, there)
    for name in ("a", "b", "c"):
        there.customer(name, name=name)
    sync(desk)
    first = desk.get("/connections/stigg/differences", limit=3).json()
    rest = desk.get(
        "/connections/stigg/differences", limit=3, after=first["pagination"]["next"]
    ).json()
    assert [row["customerId"] for row in first["data"] + rest["data"]] == ["acme", "a", "b", "c"]
    back = desk.get(
        "/connections/stigg/differences", limit=3, before=rest["pagination"]["prev"]
    ).json()
    assert back["data"] == first["data"]


def test_usage_moves_to_whom_it_is_mapped_later(desk: Desk, there: OtherSide) -> None:
    connect(desk, there)
    there.uses("2025-01-02T10:20", 30)
    sync(desk)
    assert patch(desk, {"customers": {"acme": "nordlicht"}}).status_code == 200
    moved = sync(desk)
    assert [(each["customerId"], each["amount"]) for each in moved["changes"]] == [
        ("acme", "-30"),
        ("nordlicht", "30"),
    ]
    [row] = desk.get("/connections/stigg/differences").json()["data"]
    assert (row["customerId"], row["there"], row["difference"]) == ("nordlicht", "30", "0")


def test_counting_from_a_later_instant_takes_back_what_was_before(
    desk: Desk,
    there: OtherSide,
) -> None:
    connect(desk, there)
    there.uses("2025-01-02T10:20", 30)
    there.uses("2025-01-06T10:20", 5)
    sync(desk)
    assert patch(desk, {"since": "2025-01-05T00:00:00Z"}).status_code == 200
    sync(desk)
    [row] = desk.get("/connections/stigg/differences").json()["data"]
    assert (row["there"], row["here"]) == ("5", "5")


def test_a_failure_of_the_other_side_is_told(desk: Desk, there: OtherSide) -> None:
    connect(desk, there)
    there.down, there.status = ["/api/"], 403
    assert sync(desk)["failure"] == "The connected system answered with status 403"
    kept = desk.get("/connections/stigg").json()["data"]
    assert kept["failure"] == "The connected system answered with status 403"
    assert sync(desk, dryRun=True)["failure"] == "The connected system answered with status 403"
    assert patch(desk, {"key": "another"}).status_code == 200
    there.down = []
    assert sync(desk)["failure"] is None


def test_what_was_removed_is_not_taken_in_twice_when_it_comes_back(
    desk: Desk,
    there: OtherSide,
) -> None:
    connect(desk, there)
    there.uses("2025-01-02T10:20", 30)
    sync(desk)
    assert desk.http.delete("/api/v1/connections/stigg").status_code == 200
    assert desk.get("/connections/stigg").status_code == 404
    assert desk.post("/connections/stigg/sync").status_code == 404
    assert desk.get("/connections").json()["data"] == []
    connect(desk, there)
    assert sync(desk)["changeCount"] == 0
    assert desk.http.delete("/api/v1/connections/stigg?takeBack=true").status_code == 200
    connect(desk, there)
    assert sync(desk)["changeCount"] == 1


def test_nobody_else_reaches_a_connection(
    desk: Desk,
    stranger: Desk,
    there: OtherSide,
) -> None:
    connect(desk, there)
    assert stranger.get("/connections").json()["data"] == []
    for answer in (
        stranger.get("/connections/stigg"),
        stranger.get("/connections/stigg/differences"),
        stranger.post("/connections/stigg/sync"),
        patch(stranger, {"isEnabled": False}),
        stranger.http.delete("/api/v1/connections/stigg"),
    ):
        assert answer.status_code == 404, answer.text
