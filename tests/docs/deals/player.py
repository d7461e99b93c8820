"""Plays a deal as its reader would: the commands of its `deal.sh`, one after the other.

A real shell says what the commands are, loops and variables filled in; each is then the real
command, on a real database, in an environment of its own. Only the process is shared, for speed.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.cli.typed import typed

# Each command is written down instead of run: its environment and its words, ended by zero bytes.
# What it would answer stands for itself: {invoices_issue_--all} is what that command said last.
SPELL = r"""
usance() {
  printf '%s\0' "$USANCE_ENVIRONMENT" "$@" >&3; printf '\n\0' >&3
  printf '{%s}\n' "$*" | tr ' ' '_'
}
exec 3>&1 1>/dev/null
. ./deal.sh
"""
ANSWER = re.compile(r"\{(\S+)\}")


class Command(NamedTuple):
    """A command as the shell understood it."""

    environment: str
    words: tuple[str, ...]


class Refused(AssertionError):
    """A command of a deal did not do what its reader expects."""


def commands(folder: Path) -> list[Command]:
    """What the deal's script runs, in order."""
    spelled = subprocess.run(
        ["sh", "-eu", "-c", SPELL], cwd=folder, capture_output=True, text=True, check=True
    )
    said = (line.removesuffix("\0").split("\0") for line in spelled.stdout.split("\n\0") if line)
    return [Command(environment, tuple(words)) for environment, *words in said]


def play(folder: Path, surroundings: Mapping[str, str]) -> str:
    """Run all commands of a deal; the environment they worked in. Raises Refused."""
    spelled = commands(folder)
    answers: dict[str, str] = {}
    for command in spelled:
        words = [ANSWER.sub(lambda found: answers[found[1]], word) for word in command.words]
        said = _run(command.environment, words, folder, surroundings)
        answers["_".join(words)] = answers["_".join(command.words)] = said.partition(" ")[0]
    (environment,) = {command.environment for command in spelled}
    return environment


def _run(environment: str, words: list[str], folder: Path, surroundings: Mapping[str, str]) -> str:
    """What the command printed."""
    there = {**surroundings, "USANCE_ENVIRONMENT": environment}
    ran = typed(words, surroundings=there, folder=folder)
    if ran.returncode:
        raise Refused(f"usance {shlex.join(words)}\n{ran.stdout}\n{ran.stderr}")
    return ran.stdout
