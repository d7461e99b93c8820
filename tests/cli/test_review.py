"""The review desk on the command line."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import ROOT, Usance

EXAMPLES = ROOT / "examples"


@pytest.fixture
def january(usance: Usance) -> str:
    """The seats of January, held for review; its id."""
    usance("clock", "set", "2025-01-01")
    usance("company", "load", str(EXAMPLES / "company.yaml"))
    usance("orders", "sign", str(EXAMPLES / "orders" / "nordlicht-2025.yaml"), "--fulfil")
    assert usance("bill").returncode == 0
    [invoice] = json.loads(usance("invoices", "list", "--json").stdout)
    return str(invoice["id"])


def test_from_a_look_to_an_approval_and_back(usance: Usance, january: str) -> None:
    looked = usance("invoices", "review", january)
    assert "FirstInvoice" in looked.stdout
    assert "NO_RULE_LETS_PASS" in looked.stdout
    would = usance("invoices", "approve", "--all", "--without-findings", "--dry-run")
    assert would.stdout.splitlines()[0] == f"{january} APPROVED"
    assert "1 draft would be approved, 0 wait" in would.stdout
    done = usance("invoices", "approve", january, "--as", "Ada Quill", "--comment", "seats agree")
    assert (done.returncode, done.stdout) == (0, f"{january} APPROVED\n")
    back = usance("invoices", "withdraw", january, "--reason", "not yet", "--as", "Ben")
    assert back.stdout == f"{january} DRAFT\n"
    acts = json.loads(usance("invoices", "history", january, "--json").stdout)
    assert [(act["action"], act["actor"].split(" via cli:")[0]) for act in acts] == [
        ("invoice.approved", "Ada Quill"),
        ("invoice.approval_withdrawn", "Ben"),
    ]
    assert "seats agree" in usance("invoices", "history", january).stdout


def test_an_invoice_beside_the_previous_one(usance: Usance, january: str) -> None:
    first = usance("invoices", "compare", january)
    assert "the first of its kind" in first.stdout
    usance("clock", "set", "2025-02-01")
    usance("bill")
    listed = json.loads(usance("invoices", "list", "--json").stdout)
    later = next(each["id"] for each in listed if each["id"] != january)
    compared = json.loads(usance("invoices", "compare", later, "--json").stdout)
    assert compared["previous"]["id"] == january
    assert "725.00" in usance("invoices", "compare", later).stdout


def test_what_cannot_be_approved_is_told_and_the_rest_is(usance: Usance, january: str) -> None:
    both = usance("invoices", "approve", "inv_none", january)
    assert both.returncode == 1
    assert both.stdout == f"{january} APPROVED\n"
    assert "NotFound" in both.stderr
    nothing = json.loads(usance("invoices", "approve", "--all", "--json").stdout)
    assert (nothing["approved"], nothing["outcomes"]) == (0, [])


def test_a_choice_that_makes_no_sense_is_refused(usance: Usance) -> None:
    for words, told in (
        (("approve",), "--all"),
        (("approve", "inv_1", "--all"), "--all"),
        (("approve", "inv_1", "--without-findings"), "--all"),
        (("approve", "--all", "--up-to", "500"), "500.00 EUR"),
        (("approve", "inv_1", "--as", "key:key_1"), "InvalidActor"),
        (("history", "inv_none"), "NotFound"),
        (("compare", "inv_none"), "NotFound"),
        (("review", "inv_none"), "NotFound"),
        (("withdraw", "inv_none", "--reason", "x"), "NotFound"),
    ):
        refused = usance("invoices", *words)
        assert refused.returncode != 0, words
        assert told in refused.stderr, (words, refused.stderr)
        assert "Traceback" not in refused.stderr, words
