"""`usance --help`: every command in a line, without importing any."""

from __future__ import annotations

import subprocess
import sys
from inspect import getdoc

import pytest
from typer.core import TyperGroup

from usance.cli.commands import Commands
from usance.cli.later import Later

HEAVY = {"fastapi", "usance.flows.runtime", "usance.store.tenants", "uvicorn", "weasyprint"}
LOADED = f"""
import sys
from usance.cli.app import app
app(["--help"], standalone_mode=False)
print("loaded:", *({HEAVY} & sys.modules.keys()))
"""


@pytest.mark.parametrize("line", Commands.lines, ids=lambda line: line.name)
def test_the_overview_says_of_each_command_what_it_says_of_itself(line: Later) -> None:
    command = line.now()
    assert command.name == line.name
    if isinstance(command, TyperGroup):
        assert command.help == line.help
        assert command.commands
    else:
        said = " ".join((getdoc(command.callback) or "").split())
        assert said.startswith((line.help or "").rstrip("."))


def test_help_imports_nothing_that_only_a_command_needs() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, timeout=60
    )
    assert "Invoices and money" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "loaded:"
