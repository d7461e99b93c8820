"""The demo: the main job in one command."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from tests.cli.conftest import Usance


def test_the_demo_tells_the_whole_story_as_json(usance: Usance, tmp_path: Path) -> None:
    played = usance("demo", "--json", "--out", "out")
    assert played.returncode == 0, played.stderr
    story = json.loads(played.stdout)
    assert len(story["orders"]) >= 3
    assert {order["status"] for order in story["orders"]} == {"FULFILLED"}
    assert all(step["done"] for order in story["orders"] for step in order["steps"])
    assert {each["currency"] for each in story["contracts"]} == {"USD", "EUR", "JPY"}
    for contract in story["contracts"]:
        values = {key: Decimal(value) for key, value in contract["values"].items()}
        assert values["billed"] + values["remaining"] == values["totalContractValue"]
    assert story["isBalanced"] is True
    may = {(each["customerId"], each["featureId"]): each["hasAccess"] for each in story["access"]}
    assert may["nordlicht", "sso"] == "yes"
    assert sum(Decimal(row["balance"]) for row in story["trialBalance"]) == 0
    assert json.loads((tmp_path / "out" / "demo.json").read_text()) == story


def test_the_demos_invoices_are_gapless_explained_and_on_paper(
    usance: Usance, tmp_path: Path
) -> None:
    story = json.loads(usance("demo", "--json", "--out", "out").stdout)
    states = {invoice["state"] for invoice in story["invoices"]}
    assert {"PAID", "OPEN"} <= states
    numbers: dict[str, list[int]] = {}
    for invoice in story["invoices"]:
        series, _, count = invoice["number"].rpartition("-")
        numbers.setdefault(series, []).append(int(count))
        totals = {key: Decimal(value) for key, value in invoice["totals"].items()}
        lines = sum(Decimal(line["amount"]) for line in invoice["lines"])
        assert lines == totals["net"]
        assert totals["net"] + totals["tax"] == totals["gross"]
        assert totals["paid"] + totals["due"] == totals["gross"]
        assert all(line["working"]["rule"] == "clause" for line in invoice["lines"])
        assert (tmp_path / invoice["pdf"]).read_bytes().startswith(b"%PDF")
    assert all(sorted(found) == list(range(1, len(found) + 1)) for found in numbers.values())
    partly = [
        each
        for each in story["invoices"]
        if 0 < Decimal(each["totals"]["paid"]) < Decimal(each["totals"]["gross"])
    ]
    assert len(partly) == 1, "one transfer pays a part only"
    assert {each["customerId"] for each in story["receivables"]} >= {partly[0]["customerId"]}


def test_the_demo_shows_people_tables(usance: Usance) -> None:
    shown = usance("demo")
    assert shown.returncode == 0, shown.stderr
    for title in ("Orders", "Invoices", "Access", "Receivables", "Trial balance"):
        assert title in shown.stdout
