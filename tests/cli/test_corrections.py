"""Crediting, refunding and writing off, as typed."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import ROOT, Usance

EXAMPLES = ROOT / "examples"


@pytest.fixture
def invoice(usance: Usance) -> str:
    """Larkspur's first invoice, issued; its id."""
    for step in (
        ("clock", "set", "2025-01-01"),
        ("company", "load", str(EXAMPLES / "company.yaml")),
        ("orders", "sign", str(EXAMPLES / "orders" / "larkspur-2025.yaml"), "--fulfil"),
        ("bill",),
        ("invoices", "approve", "--all"),
        ("invoices", "issue", "--all"),
    ):
        done = usance(*step)
        assert done.returncode == 0, (step, done.stderr)
    [found] = json.loads(usance("invoices", "list", "--json").stdout)
    return str(found["id"])


def test_a_line_is_credited_refunded_and_sent(usance: Usance, invoice: str) -> None:
    made = usance(
        *("invoices", "credit", invoice, "--reason", "GOODWILL"),
        *("--line", "1=10.00", "--becomes", "BALANCE"),
    )
    assert made.returncode == 0, made.stderr
    note, state, *amount = made.stdout.split()
    assert (state, amount) == ("DRAFT", ["10.00", "USD"])
    usance("invoices", "approve", note)
    assert usance("invoices", "issue", note).stdout == f"{note} HUS-CN-2025-00001\n"
    refund = usance("refunds", "credit-note", note).stdout.split()[0]
    assert refund in usance("refunds", "list").stdout.replace("\n", "")
    assert usance("refunds", "sent", refund).stdout.split()[1:] == ["SENT", "10.00", "USD"]
    again = usance("refunds", "cancel", refund)
    assert (again.returncode, "RefundNotPending" in again.stderr) == (1, True)
    odd = usance("invoices", "credit", invoice, "--reason", "GOODWILL", "--line", "one")
    assert (odd.returncode, "InvalidLine" in odd.stderr) == (1, True)


def test_an_invoice_is_billed_anew_and_its_replacement_written_off(
    usance: Usance, invoice: str
) -> None:
    made = usance("invoices", "rebill", invoice, "--reason", "PRICE_ERROR")
    assert made.returncode == 0, made.stderr
    note, draft = made.stdout.splitlines()
    assert "HUS-CN-2025-00001" in note
    draft_id = draft.split()[0]
    usance("invoices", "approve", draft_id)
    usance("invoices", "issue", draft_id)
    given_up = usance("invoices", "write-off", draft_id, "--reason", "insolvent")
    assert given_up.stdout.split()[1:] == draft.split()[2:]
    assert usance("late-fees").stdout == ""
