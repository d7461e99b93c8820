"""`usance access`: what a customer may use, and why, from the command line."""

from __future__ import annotations

import json

from tests.cli.conftest import ROOT, Usance


def test_what_a_customer_may_use_is_shown_with_what_says_so(usance: Usance) -> None:
    usance("company", "load", str(ROOT / "examples/company.yaml"))
    nothing = usance("access", "nordlicht")
    assert (nothing.returncode, "NoActiveSubscription" in nothing.stdout) == (0, True)
    usance("customers", "promote", "nordlicht", "api-calls", "--limit", "500", "--soft")
    shown = usance("access", "nordlicht")
    assert shown.returncode == 0, shown.stderr
    assert "PROMOTION" in shown.stdout
    assert "500 soft" in shown.stdout
    found = json.loads(usance("access", "nordlicht", "--feature", "api-calls", "--json").stdout)
    [feature] = found["features"]
    assert (feature["featureId"], feature["isGranted"], feature["limit"]) == (
        "api-calls",
        True,
        "500",
    )
    assert [each["decides"] for each in feature["sources"]] == [True]
    nobody = usance("access", "nobody")
    assert "CustomerNotFound" in nobody.stdout
