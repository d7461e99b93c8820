"""Every `usance …` in the documentation can be typed: command, options and all."""

from __future__ import annotations

import shlex
from typing import NamedTuple

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from tests.docs.reading import Found, commands
from usance.cli.app import app
from usance.cli.later import Later

COMMANDS = list(commands())
REQUIRED = {"orders sign", "bill", "invoices approve", "payments record", "serve", "migrate"}


class Named(NamedTuple):
    """The command a line names: its path, its options, and what follows it."""

    path: str
    options: set[str]
    words: list[str]


def named(text: str) -> Named:
    """Raises LookupError when there is no such command."""
    words = shlex.split(text, comments=True)[1:]
    command = get_command(app)
    path: list[str] = []
    while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
        path.append(words.pop(0))
        if path[-1] not in command.commands:
            raise LookupError(f"`usance {' '.join(path)}` does not exist")
        found = command.commands[path[-1]]
        command = found.now() if isinstance(found, Later) else found
    options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    return Named(" ".join(path), options, words)


@pytest.mark.parametrize("said", COMMANDS, ids=str)
def test_every_command_named_exists_with_its_options(said: Found) -> None:
    path, known, words = named(said.text)
    for word in words:
        option = word.partition("=")[0]
        if option.startswith("-") and option != "--help":
            assert option in known, f"`usance {path}` has no {option}; it has {sorted(known)}"


def test_the_main_commands_are_documented() -> None:
    assert {named(said.text).path for said in COMMANDS} >= REQUIRED
