"""The tree: nothing of one machine in it, nothing empty, and a reason for each dependency."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from tests.house.rule import rule
from tests.house.source import HOUSE, ROOT, shown

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CLIENT = tomllib.loads((ROOT / "clients/python/pyproject.toml").read_text(encoding="utf-8"))
LOCK = ROOT / "requirements/lock.txt"
BOOTSTRAP = ROOT / "requirements/bootstrap.txt"
REASONS = ROOT / "docs/decisions/0002-dependencies.md"

# Written so that this file does not find itself.
OF_ONE_MACHINE = {
    r"\bpypi\.(?:org|python)": "a package index",
    r"\bpythonhosted\.": "a package index",
    r"\bregistry\.npm": "a package index",
    r"(?<![\w.}*])/(?:work|root|Users)/(?!\.usance)[\w.]": "a path of one machine",
    r"(?<![\w.}*])/home/(?!you\b)\w": "a path of one machine",
    r"(?<![\w.}*])/opt/\w": "a path of one machine",
    r"^(?:--)?(?:extra-)?index-url\b": "a package index",
}
PINNED = re.compile(
    r"[a-z0-9.-]+==[\w.+!]+(?: ; [^\\]+)?(?: \\)?|    --hash=sha256:[0-9a-f]{64}(?: \\)?"
)
REASON = re.compile(r"^\| `([\w.-]+)` \| (.+) \|$", re.MULTILINE)
SCAFFOLD = {"__pycache__"}


def kept() -> list[Path]:
    """What git keeps, or will once it is added."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return sorted(path for path in paths if path.is_file())


@rule
def test_no_file_names_a_package_index_or_a_path_of_one_machine() -> Iterator[str]:
    for path in kept():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # pictures
        for pattern, what in OF_ONE_MACHINE.items():
            for found in re.finditer(pattern, text, re.MULTILINE):
                line = text.count("\n", 0, found.start()) + 1
                yield (
                    f"{shown(path)}:{line}: {found[0]!r} is {what}: elsewhere there is none or "
                    "another. Write a path from the project's root, and leave the index to pip"
                )


@rule
def test_every_locked_dependency_is_pinned_by_hash() -> Iterator[str]:
    for path in (LOCK, BOOTSTRAP):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not PINNED.fullmatch(line):
                yield f"{shown(path)}:{number}: {line!r} is no pin and no hash: run `make lock`"


@rule
def test_uv_is_bootstrapped_in_the_version_that_is_locked() -> Iterator[str]:
    if BOOTSTRAP.read_text(encoding="utf-8") not in LOCK.read_text(encoding="utf-8"):
        yield f"{shown(BOOTSTRAP)} is not the lock's uv: run `make lock`"


def dependencies() -> set[str]:
    """What we and the client ask for, to run and to develop, by name."""
    asked = [
        *PYPROJECT["project"]["dependencies"],
        *PYPROJECT["dependency-groups"]["dev"],
        *PYPROJECT["build-system"]["requires"],
        *CLIENT["project"]["dependencies"],
        *chain.from_iterable(CLIENT["project"]["optional-dependencies"].values()),
    ]
    return {re.split(r"[\[<>=~! ]", one)[0] for one in asked}


@rule
def test_every_dependency_has_its_reason() -> Iterator[str]:
    given = dict(REASON.findall(REASONS.read_text(encoding="utf-8")))
    for name in sorted(dependencies() - given.keys()):
        yield f"{shown(REASONS)}: add a row that says why {name} is needed, or do without it"
    for name in sorted(given.keys() - dependencies()):
        yield f"{shown(REASONS)}: {name} is no dependency any more: take its row out"
    for name, reason in given.items():
        if len(reason.split()) < 5:
            yield f"{shown(REASONS)}: {name}: say what it does for us, and why this one"


@rule
def test_every_dependency_is_locked() -> Iterator[str]:
    locked = re.findall(r"^([a-z0-9.-]+)==", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    for name in sorted(dependencies() - set(locked)):
        yield f"pyproject.toml asks for {name}, which is not locked: run `make lock`"


@rule
def test_no_folder_is_a_scaffold() -> Iterator[str]:
    for top in ("src", "tests", "bench", "docs", "examples"):
        for folder in [path for path in (ROOT / top).rglob("*") if path.is_dir()]:
            inside = {path.name for path in folder.iterdir()} - SCAFFOLD
            if folder.name not in SCAFFOLD and not inside:
                yield f"{shown(folder)} is empty: remove it until something stands in it"
            elif inside == {"__init__.py"} and HOUSE in folder.parents:
                yield f"{shown(folder)} is a room without furniture: add it with its first module"


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert PYPROJECT["project"]["license"] == CLIENT["project"]["license"] == "Apache-2.0"
    assert (ROOT / "clients/python/LICENSE").read_text(encoding="utf-8") == text
