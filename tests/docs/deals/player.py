"""Plays a deal as its reader would: the commands of its `deal.sh`, one after the other.

A real shell says what the commands are, loops and variables filled in; each is then the real
command, on a real database, in an environment of its own. Only the process is shared, for speed.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from usance.cli.app import app
from usance.domain.errors import DomainError

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
    with chdir(folder), _surrounded(surroundings):
        for command in spelled:
            words = [ANSWER.sub(lambda found: answers[found[1]], word) for word in command.words]
            said = _run(command.environment, words)
            answers["_".join(words)] = answers["_".join(command.words)] = said.partition(" ")[0]
    (environment,) = {command.environment for command in spelled}
    return environment


def _run(environment: str, words: list[str]) -> str:
    """What the command printed."""
    said, typed = StringIO(), shlex.join(words)
    os.environ["USANCE_ENVIRONMENT"] = environment
    try:
        with redirect_stdout(said), redirect_stderr(said):
            status = app(words, standalone_mode=False)
    except (DomainError, OSError) as refusal:
        raise Refused(f"usance {typed}\n{said.getvalue()}\n{refusal}") from refusal
    if status:
        raise Refused(f"usance {typed}\n{said.getvalue()}")
    return said.getvalue()


@contextmanager
def _surrounded(surroundings: Mapping[str, str]) -> Iterator[None]:
    """With these environment variables, and all as it was afterwards."""
    before = dict(os.environ)
    os.environ.update(surroundings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
