"""Our own server as the other side: what one Usance counts, another bills."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Desk, desk, server, stranger

__all__ = ["desk", "server", "stranger"]

pytestmark = pytest.mark.postgres


@pytest.fixture
def there(stranger: Desk) -> Desk:
    """Another environment of our server, where documents are counted for acme."""
    customer = {"id": "acme", "name": "Acme Ltd", "email": "ap@acme.example"}
    assert stranger.post("/customers", customer).status_code == 201
    reported = {"id": "documents", "displayName": "Documents", "meterType": "INCREMENTAL"}
    assert stranger.post("/features", reported).status_code == 201
    meter = {"eventName": "scan", "aggregation": {"function": "COUNT"}}
    metered = {"id": "scans", "displayName": "Scans", "meterType": "INCREMENTAL", "meter": meter}
    assert stranger.post("/features", metered).status_code == 201
    return stranger


def report(there: Desk, at: str, value: int, *, by: str = "acme") -> None:
    """So many documents at that instant."""
    usage = {"customerId": by, "featureId": "documents", "value": value, "createdAt": at}
    answer = there.post("/usage", {"usages": [usage]})
    assert answer.status_code in (200, 201), answer.text


def scan(there: Desk, at: str, key: str, *, by: str = "acme") -> None:
    """One scan at that instant."""
    event = {"customerId": by, "eventName": "scan", "idempotencyKey": key, "timestamp": at}
    assert there.post("/events", {"events": [event]}).status_code in (200, 201)


def together(day: str, *desks: Desk) -> None:
    """It is that day at both sides."""
    for each in desks:
        each.at(day)


def connect(here: Desk, there: Desk) -> None:
    """A connection that counts from New Year."""
    body = {
        "id": "other",
        "url": str(there.http.base_url),
        "key": there.http.headers["x-api-key"],
        "since": "2025-01-01T00:00:00Z",
    }
    answer = here.post("/connections", body)
    assert answer.status_code == 201, answer.text


def sync(here: Desk) -> dict[str, Any]:
    """Sync now; nothing fails."""
    answer = here.post("/connections/other/sync")
    assert answer.status_code == 200, answer.text
    synced = dict(answer.json()["data"])
    assert (synced["failure"], synced["problems"], synced["remaining"]) == (None, [], 0)
    return synced


def counted(here: Desk) -> dict[tuple[str, str], tuple[str, str]]:
    """There and here, by customer and feature; both are the same wherever there is something."""
    rows = here.get("/connections/other/differences", limit=100).json()["data"]
    return {
        (row["customerId"], row["featureId"]): (row["there"], row["here"])
        for row in rows
        if (row["there"], row["here"]) != ("0", "0")
    }


def test_customers_features_and_usage_of_another_usance_come_in_and_follow(
    desk: Desk,
    there: Desk,
) -> None:
    together("2025-01-20", desk, there)
    connect(desk, there)
    report(there, "2025-01-03T10:20:00Z", 30)
    report(there, "2025-01-19T23:59:59Z", 12)
    scan(there, "2025-01-05T08:00:00Z", "one")
    scan(there, "2025-01-20T08:00:00Z", "two")
    synced = sync(desk)
    assert "acme" in synced["customers"]
    assert counted(desk) == {("acme", "documents"): ("42", "42"), ("acme", "scans"): ("2", "2")}
    assert sync(desk)["changeCount"] == 0

    together("2025-02-02", desk, there)
    report(there, "2025-01-03T11:00:00Z", -5)
    report(there, "2025-02-01T00:00:00Z", 7)
    scan(there, "2025-01-31T23:59:59Z", "three")
    sync(desk)
    assert counted(desk) == {("acme", "documents"): ("44", "44"), ("acme", "scans"): ("3", "3")}
    assert sync(desk)["changeCount"] == 0


def test_usage_lands_in_the_hour_it_was_used_in_and_so_in_its_month(
    desk: Desk,
    there: Desk,
) -> None:
    together("2025-03-20", desk, there)
    connect(desk, there)
    report(there, "2025-01-31T22:30:00Z", 10)  # 23:30 in Berlin: January
    report(there, "2025-01-31T23:30:00Z", 200)  # 00:30 in Berlin: February
    report(there, "2025-02-28T23:30:00Z", 3000)  # March there
    changes = sync(desk)["changes"]
    assert [(each["timestamp"][:13], each["amount"]) for each in changes] == [
        ("2025-01-31T22", "10"),
        ("2025-01-31T23", "200"),
        ("2025-02-28T23", "3000"),
    ]
    together("2025-03-22", desk, there)
    assert sync(desk)["changeCount"] == 0


def test_usage_there_that_is_reset_with_a_plan_is_counted_on(
    desk: Desk,
    there: Desk,
) -> None:
    connect(desk, there)
    grant = {
        "featureId": "documents",
        "usageLimit": 1000,
        "hasUnlimitedUsage": False,
        "hasSoftLimit": False,
        "resetPeriod": "MONTH",
        "monthlyResetPeriodConfiguration": {"accordingTo": "StartOfTheMonth"},
        "isVisible": True,
        "period": "lifetime",
        "customEndDate": None,
        "enumValues": None,
        "weeklyResetPeriodConfiguration": None,
        "yearlyResetPeriodConfiguration": None,
    }
    body = {"promotionalEntitlements": [grant]}
    granted = there.post("/customers/acme/promotional-entitlements", body)
    assert granted.status_code in (200, 201), granted.text
    together("2025-03-20", desk, there)
    for at in ("2025-01-10T08:00:00Z", "2025-02-10T08:00:00Z", "2025-03-01T00:00:00Z"):
        report(there, at, 100)
    sync(desk)
    assert counted(desk) == {("acme", "documents"): ("300", "300")}
    report(there, "2025-02-10T09:00:00Z", -40)
    together("2025-03-21", desk, there)
    together("2025-03-22", desk, there)
    sync(desk)
    assert counted(desk) == {("acme", "documents"): ("260", "260")}


def test_a_key_that_was_revoked_there_is_told(desk: Desk, there: Desk) -> None:
    connect(desk, there)
    changed = desk.http.patch("/api/v1/connections/other", json={"key": "server-unknown"})
    assert changed.status_code == 200
    failed = desk.post("/connections/other/sync").json()["data"]
    assert failed["failure"] == "The connected system answered with status 401"
