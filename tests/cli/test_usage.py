"""Usage on the command line: imported from a file, taken back, and asked what became of it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Usance

TABLE = """\
customerId,eventName,idempotencyKey,timestamp,reverses,dimensions.calls
acme,api_calls,k1,2025-01-01T10:00:00Z,,5
acme,api_calls,k2,2025-01-02T10:00:00Z,,7
acme,api_calls,back,2025-01-03T10:00:00Z,k1,
"""


def test_a_file_may_take_events_back_and_receipts_say_what_became_of_them(
    usance: Usance, tmp_path: Path
) -> None:
    (tmp_path / "events.csv").write_text(TABLE, encoding="utf-8")
    imported = usance("usage", "import", "events.csv")
    assert imported.stdout.strip() == "1 accepted, 2 unmatched, 0 duplicate", imported.stderr
    told = usance("usage", "receipts", "--customer", "acme", "--event", "api_calls", "--json")
    assert [(one["idempotencyKey"], one["state"]) for one in json.loads(told.stdout)] == [
        ("k1", "UNMATCHED"),
        ("k2", "UNMATCHED"),
        ("back", "UNMATCHED"),
    ]
    named = ("usage", "receipts", "--customer", "acme", "--event", "api_calls", "--key", "k1")
    assert "UNMATCHED" in usance(*named).stdout
    assert json.loads(usance(*named, "--json").stdout)[0]["reversedBy"] == "back"
    again = usance("usage", "import", "events.csv")
    assert again.stdout.strip() == "0 accepted, 0 unmatched, 3 duplicate"


def test_a_moment_that_is_none_is_refused(usance: Usance) -> None:
    named = ("usage", "receipts", "--customer", "acme", "--event", "api_calls")
    refused = usance(*named, "--from", "yesterday")
    assert refused.returncode != 0
    assert "--from" in refused.stderr
