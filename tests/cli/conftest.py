"""The command line as its user has it, on a database of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.typed import typed
from usance.store.database import Database

ROOT = Path(__file__).parents[2]
Usance = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def surroundings(own_database: Database, tmp_path: Path) -> dict[str, str]:
    """The environment variables of a shell in which Usance works on a new database."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    home = tmp_path / "home"
    return {**kept, "USANCE_DATABASE_URL": own_database.url, "USANCE_HOME": str(home)}


@pytest.fixture
def usance(surroundings: dict[str, str], tmp_path: Path) -> Usance:
    """`usance("bill", "--json")` in an empty folder: its exit status, output and errors."""
    return lambda *words: typed(words, surroundings=surroundings, folder=tmp_path)


@pytest.fixture
def shell(surroundings: dict[str, str], tmp_path: Path) -> Usance:
    """The same, each a process of its own."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "usance.cli.app", *words],
            env=surroundings,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
