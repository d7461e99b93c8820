"""The worked cases of others, by id: each passes, or is a convention we decided against."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cases.runner import HERE, ROOMS, cases_in, run, run_case

DATA = HERE / "data"
OURS = ("pricing", "proration", "schedules", "tax_rounding", "lifecycle", "entitlements")
FILES = (*OURS, *(f"ours_{name}" for name in OURS))  # as published, and more of the same shapes
CASES = {case["id"]: case for name in FILES for case in cases_in(DATA / f"{name}.json")}
PASSING = [ident for ident, case in CASES.items() if run_case(case).status != "not_ours"]


@pytest.mark.parametrize("ident", CASES)
def test_a_worked_case_comes_out_as_published(ident: str) -> None:
    result = run_case(CASES[ident])
    assert result.status in ("pass", "not_ours"), (result.reason, result.expected, result.got)


@pytest.mark.parametrize("ident", PASSING)
def test_a_case_with_another_figure_fails(ident: str) -> None:
    for key in CASES[ident]["expected"]:
        wrong = copy.deepcopy(CASES[ident])
        wrong["expected"][key] = _altered(wrong["expected"][key])
        assert run_case(wrong).status == "fail", key


def test_every_convention_we_refuse_has_a_reason_and_a_case() -> None:
    listed = json.loads((HERE / "not_ours.json").read_text())
    assert set(listed["cases"]) <= set(CASES)
    named = [*listed["conventions"], *listed["later"]]
    reasons = [*listed["cases"].values(), *(one["reason"] for one in named)]
    assert all(len(reason) > 20 for reason in reasons)
    found = {run_case(case).reason.split(":")[0] for case in CASES.values()}
    assert {one["name"] for one in listed["conventions"]} <= found


def test_what_comes_later_has_cases_and_no_mapping() -> None:
    listed = json.loads((HERE / "not_ours.json").read_text())
    later = {topic for one in listed["later"] for topic in one["topics"]}
    assert later <= {case["topic"] for case in CASES.values()}
    assert not later & {topic for topics, _ in ROOMS for topic in topics}


def test_a_topic_without_a_mapping_is_unsupported_not_passed() -> None:
    assert run_case({"id": "x", "topic": "?", "inputs": {}, "expected": {}}).status == "unsupported"


def test_a_case_that_cannot_be_read_stops_no_other(tmp_path: Path) -> None:
    good = CASES["stripe-volume-20"]
    bad = [
        {**good, "inputs": {**good["inputs"], "tiers": []}},
        {**good, "inputs": {**good["inputs"], "tiers": "none"}},
        {**good, "inputs": {**good["inputs"], "currency": "?"}},
        {**good, "source": ["a book"], "inputs": {"tiers": None}},
        {},
    ]
    mixed = tmp_path / "mixed.json"
    mixed.write_text(json.dumps({"cases": [*bad, good]}))
    found = [result.status for result in run(mixed)]
    assert found == ["unsupported"] * len(bad) + ["pass"]


def test_a_case_that_asks_for_an_unknown_figure_is_unsupported() -> None:
    case = copy.deepcopy(CASES["stripe-volume-20"])
    case["expected"]["mood"] = "good"
    assert run_case(case).status == "unsupported"


def test_the_command_reports_each_file_and_fails_on_a_wrong_figure(tmp_path: Path) -> None:
    case = copy.deepcopy(CASES["stripe-volume-20"])
    case["expected"]["amount"] = "121"
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"cases": [case]}))

    table = _command(str(wrong))
    assert table.returncode == 1
    assert "amount: expected 121, got 120" in table.stdout

    report = _command(str(DATA / "pricing.json"), "--json")
    assert report.returncode == 0
    assert json.loads(report.stdout)["summary"]["fail"] == 0


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.cases", *arguments]
    return subprocess.run(command, cwd=HERE.parents[1], capture_output=True, text=True, check=False)


def _altered(value: Any) -> Any:
    if isinstance(value, list):
        return [_altered(value[0]), *value[1:]] if value else ["?"]
    if isinstance(value, dict):
        first = next(iter(value), None)
        if first is None:
            return {"?": "?"}
        return {**value, first: _altered(value[first])}
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str) and value[-1:].isdigit():
        return value[:-1] + str((int(value[-1]) + 1) % 10)
    return f"{value}?"
