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
