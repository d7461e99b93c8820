"""Keys on the command line: scoped, rotated, publishable; secrets are printed once."""

from __future__ import annotations

import hmac
import json
from typing import Any

from tests.cli.conftest import Usance


def listed(usance: Usance) -> dict[str, dict[str, Any]]:
    """The keys, by their ids."""
    found = json.loads(usance("keys", "list", "--json").stdout)
    return {each["id"]: each for each in found}


def test_a_key_gets_the_scopes_that_are_named(usance: Usance) -> None:
    asked = ("--scope", "read_only", "--scope", "USAGE_WRITE", "--days", "30")
    made = json.loads(usance("keys", "create", *asked, "--json").stdout)
    kept = listed(usance)[made["id"]]
    assert (kept["scopes"], kept["status"]) == (["READ_ONLY", "USAGE_WRITE"], "EXPIRING")
    table = usance("keys", "list").stdout
    assert "READ_ONLY, USAGE_WRITE" in " ".join(table.split())
    assert made["key"] not in table
    assert usance("keys", "create", "--scope", "ROOT").returncode != 0


def test_a_publishable_key_has_none(usance: Usance) -> None:
    made = json.loads(usance("keys", "create", "--publishable", "--json").stdout)
    assert (made["kind"], made["scopes"], made["key"][:7]) == ("PUBLISHABLE", [], "client-")
    refused = usance("keys", "create", "--publishable", "--scope", "READ_ONLY")
    assert refused.returncode != 0


def test_a_key_is_rotated_with_a_grace(usance: Usance) -> None:
    first = json.loads(usance("keys", "create", "--scope", "READ_ONLY", "--json").stdout)
    rotated = usance("keys", "rotate", first["id"], "--grace", "24_hours", "--json")
    second = json.loads(rotated.stdout)
    kept = listed(usance)
    assert kept[first["id"]]["status"] == "EXPIRING"
    assert (kept[second["id"]]["replaces"], second["scopes"]) == (first["id"], ["READ_ONLY"])
    again = usance("keys", "rotate", first["id"])
    assert (again.returncode, "KeyReplaced" in again.stderr) == (1, True)


def test_a_customer_token_is_signed_with_the_secret(usance: Usance) -> None:
    secret = json.loads(usance("keys", "signing-secret", "--json").stdout)["signingSecret"]
    other = usance("keys", "signing-secret", "--grace", "1_HOUR").stdout.strip()
    assert secret != other
    token = usance("keys", "customer-token", "acme", "--secret", secret).stdout.strip()
    signature = hmac.new(secret.encode(), b"acme", "sha256").hexdigest()
    assert token == f"HMAC-SHA256 acme:{signature}"
    short = usance("keys", "customer-token", "acme", "--secret", secret, "--minutes", "5").stdout
    assert short.startswith("HMAC-SHA256-EXPIRING acme:")
    odd = usance("keys", "customer-token", "a b", "--secret", secret)
    assert (odd.returncode, "InvalidId" in odd.stderr) == (1, True)
