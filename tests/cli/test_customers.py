"""`usance customers`, asking a register on this machine."""

from __future__ import annotations

import json

from tests.cli.conftest import ROOT, Usance
from tests.providers.doubles import service

VALID = {"isValid": True, "userError": "VALID", "requestIdentifier": "W-1"}


def test_a_vat_id_is_checked_from_the_command_line(
    usance: Usance, surroundings: dict[str, str]
) -> None:
    usance("company", "load", str(ROOT / "examples/company.yaml"))
    with service(VALID) as vies:
        surroundings["USANCE_VIES_URL"] = vies.url
        said = usance("customers", "check-tax-id", "nordlicht", "--json")
        assert said.returncode == 0, said.stderr
        (check,) = json.loads(said.stdout)
        assert (check["isValid"], check["consultation"]) == (True, "W-1")
        assert "nordlicht" not in usance("customers", "check-tax-id", "nordlicht").stderr
        vies.says({}, status=503)
        failed = usance("customers", "check-tax-id", "nordlicht")
    assert (failed.returncode, "ProviderError" in failed.stderr) == (1, True)


def test_a_feature_is_given_shown_and_taken_back(usance: Usance) -> None:
    usance("company", "load", str(ROOT / "examples/company.yaml"))
    given = usance("customers", "promote", "nordlicht", "api-calls", "--limit", "500", "--soft")
    assert (given.returncode, "500 (soft) of api-calls until" in given.stdout) == (0, True)
    anew = usance(
        "customers", "promote", "nordlicht", "api-calls", "--unlimited", "--for", "lifetime"
    )
    assert "all of api-calls for good" in anew.stdout, anew.stderr
    (shown,) = json.loads(usance("customers", "promotions", "nordlicht", "--json").stdout)
    assert (shown["feature"], shown["status"], shown["until"]) == ("api-calls", "Active", None)
    wrong = usance("customers", "promote", "nordlicht", "api-calls", "--limit", "many")
    assert (wrong.returncode, "limit" in wrong.stderr) == (1, True)
    late = usance(
        "customers", "promote", "nordlicht", "api-calls", "--limit", "1", "--until", "2020-01-01"
    )
    assert (late.returncode, "customEndDate" in late.stderr) == (1, True)
    assert usance("customers", "revoke", "nordlicht", "api-calls").returncode == 0
    assert "api-calls" not in usance("customers", "promotions", "nordlicht").stdout
    assert usance("customers", "revoke", "nordlicht", "api-calls").returncode == 1
