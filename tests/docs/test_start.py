"""docs/start.md does what it says: its files are written, its commands typed, its answers given."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.conftest import Usance, surroundings, usance
from tests.docs.reading import FENCE, ROOT

__all__ = ["surroundings", "usance"]
pytestmark = pytest.mark.postgres

PAGE = (ROOT / "docs" / "start.md").read_text("utf-8")
FILES = {"companyFile": "company.yaml", "orderForm": "globex.yaml", "customerId,": "january.csv"}
INVOICE = re.compile(r"inv_\w{26}")
VARYING = re.compile(r"\b(?:inv|pay)_\w{26}|http://\S+")
EDGES = "│┃┏┡└━"  # what a line of a table begins with


class Step(NamedTuple):
    """A block of commands and the answer printed below it."""

    commands: list[str]
    answer: str


def steps() -> Iterator[Step]:
    """The page's steps, in order."""
    blocks = [(fence[1], fence[2]) for fence in FENCE.finditer(PAGE)]
    for (kind, code), (below, answer) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind == "sh":
            lines = code.replace("\\\n", " ").splitlines()
            typed = [line for line in lines if line.startswith("usance ")]
            yield Step(typed, answer if below == "output" else "")


def write_files(folder: Path) -> None:
    """The files the page shows, under the names it gives them."""
    for fence in FENCE.finditer(PAGE):
        for beginning, name in FILES.items():
            if fence[2].startswith(beginning):
                (folder / name).write_text(fence[2], "utf-8")


def sentences(text: str) -> list[str]:
    """The lines that stand in no table, without ids and links."""
    lines = [VARYING.sub("…", line).strip() for line in text.splitlines()]
    return [line for line in lines if line and line[0] not in EDGES]


def rows(text: str) -> list[list[str]]:
    """The rows of its tables, without headings; what was broken into two lines is joined."""
    found: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("│"):
            cells = [VARYING.sub("…", cell.strip()) for cell in line.strip("│").split("│")]
            if cells[0] or not found:
                found.append(cells)
            else:
                found[-1] = [one + more for one, more in zip(found[-1], cells, strict=True)]
    return found


@pytest.fixture(autouse=True)
def _wide(surroundings: dict[str, str]) -> None:
    """A window in which no remark is broken into two lines."""
    surroundings["COLUMNS"] = "200"


def test_the_first_steps_lead_where_they_say(usance: Usance, tmp_path: Path) -> None:
    write_files(tmp_path)
    invoice = "none yet"
    for step in steps():
        printed = ""
        for line in step.commands:
            ran = usance(*shlex.split(INVOICE.sub(invoice, line))[1:])
            printed += ran.stdout + ran.stderr
        assert sentences(printed) == sentences(step.answer), step.commands
        told = [row for row in rows(step.answer) if row[0] not in ("id", "entity")]
        assert rows(printed) == told, step.commands
        if invoice == "none yet" and "usance bill" in step.commands:
            [drafted] = json.loads(usance("invoices", "list", "--json").stdout)
            invoice = drafted["id"]


def test_a_total_that_the_lines_do_not_come_to_is_refused_as_shown(
    usance: Usance, tmp_path: Path
) -> None:
    write_files(tmp_path)
    form = tmp_path / "globex.yaml"
    form.write_text(form.read_text("utf-8").replace("3600.00", "3500.00"), "utf-8")
    usance("company", "load", "company.yaml")
    ran = usance("orders", "sign", "globex.yaml")
    assert ran.returncode == 1
    assert ran.stderr.strip() in PAGE
