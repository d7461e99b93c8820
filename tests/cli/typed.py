"""Commands typed without a process of their own: importing all of Usance once is enough.

What only a process shows (its start, its signals, a terminal's width) is tested with one: the
fixture `shell`.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess

import structlog

from usance.cli.app import main
from usance.cli.show import paper, people

WIDTH = 120  # of what is not a terminal; `COLUMNS` says otherwise


def typed(
    words: Sequence[str], *, surroundings: Mapping[str, str], folder: Path
) -> CompletedProcess[str]:
    """What `usance …` does in that folder with those environment variables, and prints."""
    out, err = StringIO(), StringIO()
    with chdir(folder), _as_typed(words, surroundings), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
            status: object = 0
        except SystemExit as ended:
            status = ended.code
    assert isinstance(status, int), f"usance {shlex.join(words)} ends with {status!r}"
    return CompletedProcess(list(words), status, out.getvalue(), err.getvalue())


@contextmanager
def _as_typed(words: Sequence[str], surroundings: Mapping[str, str]) -> Iterator[None]:
    """The world as the command finds it; afterwards as it was."""
    arguments, environment, widths = sys.argv, dict(os.environ), (paper.width, people.width)
    sys.argv = ["usance", *words]
    os.environ.clear()
    os.environ.update(surroundings)
    paper.width = people.width = int(surroundings.get("COLUMNS", WIDTH))
    try:
        yield
    finally:
        sys.argv = arguments
        os.environ.clear()
        os.environ.update(environment)
        paper.width, people.width = widths
        structlog.reset_defaults()
