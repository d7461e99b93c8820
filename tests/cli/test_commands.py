"""What people type, and what comes back."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import ROOT, Usance

EXAMPLES = ROOT / "examples"
COMMANDS = ("serve", "worker", "demo", "migrate", "orders", "bill", "invoices", "payments", "keys")


def test_help_names_every_command(shell: Usance) -> None:
    said = shell("--help")
    assert said.returncode == 0
    assert all(command in said.stdout for command in (*COMMANDS, "clock", "ledger", "usage"))


def test_a_new_key_comes_as_json_and_is_never_shown_again(usance: Usance) -> None:
    made = json.loads(usance("keys", "create", "--json").stdout)
    assert made["key"].startswith("server-")
    listed = usance("keys", "list", "--json")
    assert [each["id"] for each in json.loads(listed.stdout)] == [made["id"]]
    assert made["key"] not in listed.stdout
    usance("keys", "revoke", made["id"])
    assert json.loads(usance("keys", "list", "--json").stdout)[0]["revoked_at"] is not None


def test_production_is_opened_on_purpose_and_its_clock_stands_with_the_world(
    usance: Usance,
) -> None:
    assert usance("env", "open", "live", "--production").stdout == "live PRODUCTION\n"
    again = usance("env", "open", "live")
    assert (again.returncode, "Conflict" in again.stderr) == (1, True)
    moved = usance("clock", "set", "2035-01-01", "--env", "live")
    assert (moved.returncode, "ClockMovesForwardOnly" in moved.stderr) == (1, True)
    listed = json.loads(usance("env", "list", "--json").stdout)
    assert [(each["tenant_id"], each["kind"]) for each in listed] == [("live", "PRODUCTION")]
    odd = usance("bill", "--env", "no/such place")
    assert (odd.returncode, "InvalidId" in odd.stderr) == (1, True)


def test_from_an_order_form_to_a_paid_invoice(shell: Usance, tmp_path: Path) -> None:
    steps = (
        ("clock", "set", "2025-01-01"),
        ("company", "load", str(EXAMPLES / "company.yaml")),
        ("orders", "sign", str(EXAMPLES / "orders" / "larkspur-2025.yaml"), "--fulfil"),
        ("bill",),
        ("invoices", "approve", "--all"),
        ("invoices", "issue", "--all"),
    )
    for step in steps:
        done = shell(*step)
        assert done.returncode == 0, (step, done.stderr)
    [invoice] = json.loads(shell("invoices", "list", "--json").stdout)
    assert (invoice["number"], invoice["state"]) == ("HUS-2025-00001", "OPEN")
    sent = shell("invoices", "send", invoice["id"])
    assert "/i/" in sent.stdout
    paid = shell(
        *("payments", "record", "--entity", "halden-us", "--customer", "larkspur", "--json"),
        *("--amount", invoice["total"], "--currency", "USD", "--on", "2025-01-01"),
        *("--remittance", f"payment of {invoice['number']}"),
    )
    assert json.loads(paid.stdout)["allocated"] == invoice["total"], paid.stderr
    [invoice] = json.loads(shell("invoices", "list", "--json").stdout)
    assert invoice["state"] == "PAID"
    balance = json.loads(shell("ledger", "trial-balance", "--json").stdout)
    assert {row["account"] for row in balance} >= {"bank", "receivable", "contract_liability"}
    shell("invoices", "pdf", invoice["id"], "--out", "one.pdf")
    assert (tmp_path / "one.pdf").read_bytes().startswith(b"%PDF")


def test_a_dry_run_says_what_it_would_do_and_keeps_nothing(usance: Usance) -> None:
    usance("clock", "set", "2025-01-01")
    usance("company", "load", str(EXAMPLES / "company.yaml"))
    usance("orders", "sign", str(EXAMPLES / "orders" / "nordlicht-2025.yaml"), "--fulfil")
    would = json.loads(usance("bill", "--dry-run", "--through", "2025-03-01", "--json").stdout)
    assert (would["isDry"], would["drafts"]) == (True, 3)
    assert json.loads(usance("invoices", "list", "--json").stdout) == []
    did = json.loads(usance("bill", "--through", "2025-03-01", "--json").stdout)
    assert (did["drafts"], did["gross"]) == (3, would["gross"])


def test_every_mistake_is_one_clear_line_and_a_failing_exit(usance: Usance, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("orderForm: 1\nlines: [\n")
    (tmp_path / "events.csv").write_text("customerId,eventName\nacme,call\n")
    mistakes = (
        (("orders", "show", "nope"), "NotFound"),
        (("orders", "sign", "bad.yaml"), "UnreadableOrderForm"),
        (("orders", "sign", "absent.yaml"), "absent.yaml"),
        (("bill", "--through", "2025-13-01"), "--through"),
        (("clock", "set", "tomorrow"), "InvalidInstant"),
        (("usage", "import", "events.csv"), "events.csv"),
        (("invoices", "approve", "inv_none"), "NotFound"),
        (("keys", "revoke", "key_none"), "NotFound"),
    )
    for command, told in mistakes:
        refused = usance(*command)
        assert refused.returncode == 1, command
        assert told in refused.stderr, (command, refused.stderr)
        assert "Traceback" not in refused.stderr, command
        assert refused.stdout == "", command


def test_an_order_form_with_problems_names_each_on_a_line(usance: Usance, tmp_path: Path) -> None:
    usance("company", "load", str(EXAMPLES / "company.yaml"))
    text = (EXAMPLES / "orders" / "nordlicht-2025.yaml").read_text()
    bad = text.replace('"29.00"', '"-29.00"').replace("currency: EUR", "currency: EURO")
    (tmp_path / "bad.yaml").write_text(bad)
    refused = usance("orders", "sign", "bad.yaml")
    assert refused.returncode == 1
    assert "NegativePrice" in refused.stderr
    assert "UnknownCurrency" in refused.stderr
    assert json.loads(usance("orders", "list", "--json").stdout) == []


def test_a_bad_database_url_is_told_before_anything_is_tried(
    shell: Usance, surroundings: dict[str, str]
) -> None:
    surroundings["USANCE_DATABASE_URL"] = "mysql://somewhere"
    refused = shell("bill")
    assert refused.returncode == 1
    assert "USANCE_DATABASE_URL" in refused.stderr
