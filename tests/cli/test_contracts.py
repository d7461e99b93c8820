"""What was agreed, on the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.api.lives import INITIAL, more_seats
from tests.cli.conftest import ROOT, Usance

MILESTONE = {
    "lineId": "go-live",
    "name": "Go-live",
    "kind": "MILESTONE",
    "price": {"model": "FLAT", "amount": "5000.00"},
    "done": "LATER",
}


def test_a_contract_tells_its_life_and_worth(usance: Usance, tmp_path: Path) -> None:
    usance("clock", "set", "2025-01-01")
    assert usance("company", "load", str(ROOT / "examples" / "company.yaml")).returncode == 0
    forms = (INITIAL | {"lines": [*INITIAL["lines"], MILESTONE]}, more_seats())
    for form in forms:
        file = tmp_path / f"{form['orderId']}.json"
        file.write_text(json.dumps(form))
        done = usance("orders", "sign", str(file), "--fulfil")
        assert done.returncode == 0, done.stderr

    told = usance("contracts", "timeline", "c1").stdout
    assert "quantity: 10 -> 15" in told
    assert "9500.00" in told
    events = json.loads(usance("contracts", "timeline", "c1", "--json").stdout)["events"]
    assert [each["order"]["kind"] for each in events] == ["INITIAL", "EXPANSION"]

    differs = usance("contracts", "diff", "c1", "--from", "2025-01-01", "--to", "2025-08-01")
    assert "contract value 8600.00 -> 9500.00 EUR" in differs.stdout
    alone = json.loads(usance("contracts", "diff", "c1", "--order", "o2", "--json").stdout)
    assert alone["ordersBetween"] == ["o2"]

    then = json.loads(usance("contracts", "show", "c1", "--as-of", "2025-03-01").stdout)
    assert then["lines"][0]["inForce"]["quantity"] == "10"
    worth = usance("contracts", "value", "c1").stdout
    assert "9500.00" in worth
    assert json.loads(usance("contracts", "value", "c1", "--json").stdout)["unbilled"] == "300.00"

    usance("clock", "set", "2025-03-15")
    reached = ("--on", "2025-03-14", "--evidence", "Protocol")
    assert usance("contracts", "done", "c1", "go-live", *reached).returncode == 0
    assert "Protocol" in usance("contracts", "milestones", "c1").stdout
    [milestone] = json.loads(usance("contracts", "milestones", "c1", "--json").stdout)
    assert milestone["doneOn"] == "2025-03-14"
    beside = usance("contracts", "compare", "o1").stdout
    assert "NotBilledYet" in beside
    assert re.search(r"seats .* 10 .* 10 .* 900", beside), beside
    compared = json.loads(usance("contracts", "compare", "o1", "--json").stdout)
    assert compared["differenceCount"] == 2
    refused = usance("contracts", "publish", "c1")
    assert (refused.returncode, "BillingNotOpen" in refused.stderr) == (1, True)
