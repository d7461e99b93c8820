"""Plays a deal as its reader would: the commands of its `deal.sh`, one after the other.

A real shell says what the commands are, loops and variables filled in; each is then the real
command, on a real database, in an environment of its own. Only the process is shared, for speed.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from usance.cli.app import app
from usance.domain.errors import DomainError

# Every command is printed instead of run: its environment and its words, ended by zero bytes.
SPELL = """
usance() { printf '%s\\0' "$USANCE_ENVIRONMENT" "$@"; printf '\\n\\0'; }
. ./deal.sh
"""


class Command(NamedTuple):
    """A command as the shell understood it."""

    environment: str
    words: tuple[str, ...]


class Refused(AssertionError):
    """A command of a deal did not do what its reader expects."""


def commands(folder: Path) -> list[Command]:
    """What the deal's script runs, in order."""
    ran = subprocess.run(
        ["sh", "-eu", "-c", SPELL], cwd=folder, capture_output=True, text=True, check=True
    )
    said = (line.rstrip("\0").split("\0") for line in ran.stdout.split("\n\0") if line)
    return [Command(environment, tuple(words)) for environment, *words in said]


def play(folder: Path, surroundings: Mapping[str, str]) -> str:
    """Run all commands of a deal; the environment they worked in. Raises Refused."""
    spelled = commands(folder)
    with chdir(folder), _surrounded(surroundings):
        for command in spelled:
            _run(command)
    (environment,) = {command.environment for command in spelled}
    return environment


def _run(command: Command) -> None:
    said, typed = StringIO(), shlex.join(command.words)
    os.environ["USANCE_ENVIRONMENT"] = command.environment
    try:
        with redirect_stdout(said), redirect_stderr(said):
            status = app(list(command.words), standalone_mode=False)
    except (DomainError, OSError) as refusal:
        raise Refused(f"usance {typed}\n{said.getvalue()}\n{refusal}") from refusal
    if status:
        raise Refused(f"usance {typed}\n{said.getvalue()}")


@contextmanager
def _surrounded(surroundings: Mapping[str, str]) -> Iterator[None]:
    """With these environment variables, and `USANCE_ENVIRONMENT` as it was afterwards."""
    before = dict(os.environ)
    os.environ.update(surroundings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
