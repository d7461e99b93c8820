"""`usance subscriptions`: a plan taken, changed and ended at a terminal."""

from __future__ import annotations

import json

from tests.cli.conftest import ROOT, Usance
from tests.stories.shop import stock
from tests.stories.world import World
from usance.cli.session import DEFAULT_ENVIRONMENT
from usance.flows.runtime import Runtime, Scope
from usance.store.database import Database


def test_a_plan_is_taken_changed_and_ended(usance: Usance, own_database: Database) -> None:
    usance("company", "load", str(ROOT / "examples/company.yaml"))
    stock(World(Runtime(own_database), Scope(DEFAULT_ENVIRONMENT, "test")))
    taken = usance(
        "subscriptions", "start", "nordlicht", "team", "--id", "s1", "--units", "seats=3"
    )
    assert (taken.returncode, "nordlicht has team, ACTIVE" in taken.stdout) == (0, True), taken
    changed = usance("subscriptions", "change", "s1", "--units", "seats=5", "--addon", "support=2")
    assert changed.returncode == 0, changed.stderr
    (listed,) = json.loads(usance("subscriptions", "list", "--json", "--status", "ACTIVE").stdout)
    assert (listed["id"], listed["units"]) == ("s1", "seats=5")
    shown = usance("subscriptions", "show", "s1").stdout
    assert "support=2" in shown
    wrong = usance("subscriptions", "change", "s1", "--units", "seats")
    assert (wrong.returncode, "seats=10" in wrong.stderr) == (1, True)
    half = usance("subscriptions", "change", "s1", "--addon", "support=1.5")
    assert (half.returncode, "whole ones" in half.stderr) == (1, True)
    ended = usance("subscriptions", "cancel", "s1", "--when", "IMMEDIATE", "--refund")
    assert "CANCELED" in ended.stdout, ended.stderr
    again = usance("subscriptions", "cancel", "s1")
    assert (again.returncode, "is over" in again.stderr) == (1, True)
