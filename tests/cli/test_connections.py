"""Connections on the command line: added, tried, synced, compared, mapped, removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import Usance
from tests.connections.other_side import OtherSide, other_side

pytestmark = pytest.mark.postgres

YESTERDAY = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:00}"
SINCE = f"{datetime.now(UTC) - timedelta(days=40):%Y-%m-%dT00:00:00Z}"


@pytest.fixture
def there() -> Iterator[OtherSide]:
    """The other side, where acme called 30 times yesterday."""
    with other_side() as there:
        there.uses(YESTERDAY, 30)
        yield there


def add(usance: Usance, there: OtherSide, *options: str) -> None:
    command = ("connections", "add", "stigg", "--url", there.url, "--since", SINCE)
    added = usance(*command, "--key", "server-key", *options)
    assert (added.returncode, added.stdout) == (0, "connected stigg\n"), added.stderr


def test_what_would_come_in_is_told_before_it_does(usance: Usance, there: OtherSide) -> None:
    add(usance, there)
    told = usance("connections", "sync", "stigg", "--dry-run").stdout
    assert told.endswith("acme  calls  +30\n1 customer, 1 feature, 1 change, 1 history read\n")
    assert usance("connections", "sync", "stigg").stdout == told
    again = usance("connections", "sync", "stigg").stdout
    assert again == "0 customers, 0 features, 0 changes, 1 history read\n"
    [listed] = json.loads(usance("connections", "list", "--json").stdout)
    assert (listed["connectionId"], listed["failure"]) == ("stigg", None)
    assert "server-key" not in json.dumps(listed)


def test_differences_show_what_has_no_place_here(usance: Usance, there: OtherSide) -> None:
    add(usance, there, "--no-creates", "--feature", "seats=-")
    usance("connections", "sync", "stigg")
    said = json.loads(usance("connections", "differences", "stigg", "--json").stdout)
    assert said == {
        "differences": [],
        "problems": [
            {"code": "UnknownCustomer", "there": "acme"},
            {"code": "UnmappedFeature", "there": "calls"},
        ],
    }
    mapped = usance("connections", "map", "stigg", "--customer", "acme=-", "--feature", "calls=-")
    assert mapped.stdout == "changed stigg\n"
    usance("connections", "sync", "stigg")
    shown = usance("connections", "differences", "stigg", "--all")
    assert "UnknownCustomer" not in shown.stdout


def test_an_outage_is_told_and_ends_with_one(usance: Usance, there: OtherSide) -> None:
    add(usance, there)
    there.down, there.status = ["/api/"], 401
    failed = usance("connections", "sync", "stigg")
    assert failed.returncode == 1
    assert failed.stdout.endswith("failed: The connected system answered with status 401\n")
    assert "status 401" in usance("connections", "list").stdout
    rehearsed = usance("connections", "sync", "stigg", "--dry-run")
    assert (rehearsed.returncode, rehearsed.stdout) == (1, failed.stdout)


def test_it_is_paused_and_removed_and_names_are_pairs(usance: Usance, there: OtherSide) -> None:
    add(usance, there)
    refused = usance("connections", "map", "stigg", "--customer", "acme")
    assert (refused.returncode, "InvalidName" in refused.stderr) == (1, True)
    assert usance("connections", "pause", "stigg").stdout == "paused stigg\n"
    assert "paused" in usance("connections", "list").stdout
    assert usance("connections", "resume", "stigg").stdout == "resumed stigg\n"
    assert usance("connections", "remove", "stigg", "--take-back").stdout == "removed stigg\n"
    gone = usance("connections", "sync", "stigg")
    assert (gone.returncode, "NotFound" in gone.stderr) == (1, True)
