"""Docstrings: a charter for a topic, a line for a file, and a property for what is always true."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.house.rule import rule
from tests.house.source import (
    CLIENT,
    CLIENT_FILES,
    EVERYTHING,
    FILES,
    HOUSE,
    ROOT,
    Function,
    functions,
    module_name,
    public_definitions,
    python_files,
    rooms,
    shown,
    tree,
)

# Words the topics share; no rules in them.
VOCABULARY = {"ids", "errors", "facts", "fact_names", "due_items"}
PARTS = ("Owns:", "Does not own:", "Always true:")
ALWAYS_TRUE = re.compile(r"^Always true:\n((?:(?:- |  ).*\n?)+)", re.MULTILINE)
ASIDE = re.compile(r"\([^)]*\)")  # where a property is tested, or a figure: not its words


@rule
def test_every_file_says_what_it_is() -> Iterator[str]:
    for path in EVERYTHING:
        is_ours = HOUSE in path.parents or CLIENT in path.parents
        is_bare = not tree(path).body and not is_ours  # a folder of tests
        if not is_bare and not ast.get_docstring(tree(path)):
            yield f"{shown(path)}: begin with a docstring: a line for a file, a charter for a topic"


@rule
def test_a_package_holds_only_its_charter() -> Iterator[str]:
    for path in FILES:
        if path.stem == "__init__" and path.parent != HOUSE and len(tree(path).body) > 1:
            yield (
                f"{shown(path)}: only the docstring; code stands in modules of its own, and is "
                "imported from where it is defined"
            )


@rule
def test_what_others_call_is_documented() -> Iterator[str]:
    for path in (*rooms("domain", "flows"), *CLIENT_FILES):
        for node in public_definitions(path):
            if not ast.get_docstring(node):
                yield (
                    f"{shown(path)}:{node.lineno}: {node.name}: say in the user's terms what it is "
                    "or returns; units, zone, rounding; what it raises; never the code again"
                )


def topics() -> list[Path]:
    """The files that carry a topic's charter."""
    domain = HOUSE / "domain"
    flat = (path for path in domain.glob("*.py") if path.stem not in {"__init__", *VOCABULARY})
    return sorted([*flat, *domain.glob("*/__init__.py")])


@rule
def test_every_topic_has_its_charter() -> Iterator[str]:
    for path in topics():
        charter = ast.get_docstring(tree(path)) or ""
        for part in PARTS:
            if f"\n{part}" not in charter:
                yield f"{shown(path)}: its docstring lacks a paragraph `{part}`"


def always_true() -> list[tuple[Path, str]]:
    """Every line of every `Always true` in the rules."""
    lines = []
    for path in (*rooms("domain"), *CLIENT_FILES):
        found = ALWAYS_TRUE.search((ast.get_docstring(tree(path)) or "") + "\n")
        for line in found[1].removeprefix("- ").split("\n- ") if found else []:
            lines.append((path, " ".join(line.split()).rstrip(";.")))
    return lines


def named(value: Path | str) -> str:
    """How pytest calls a claim: its topic, its words."""
    return value if isinstance(value, str) else module_name(value).removeprefix("usance.domain.")


@pytest.mark.parametrize(("path", "line"), always_true(), ids=named)
def test_what_is_always_true_is_held_by_a_property_of_the_same_words(path: Path, line: str) -> None:
    words = plain(line)
    if not any(words in text or shortens(name, words) for name, text in properties()):
        pytest.fail(
            f"{shown(path)} claims `{line}`, and no hypothesis test says so. Write one, with "
            "@given, whose name leaves words out but adds none, or whose docstring repeats it",
            pytrace=False,
        )


@cache
def properties() -> list[tuple[str, str]]:
    """What each property test says, in words: its name, its docstring."""
    return [
        (plain(test.name.removeprefix("test_")), plain(ast.get_docstring(test) or ""))
        for path in python_files(ROOT / "tests")
        for test in functions(path)
        if test.name.startswith("test_") and is_given(test)
    ]


def shortens(name: str, words: str) -> bool:
    """Whether the name is these words in this order, at least a third of them, and no others."""
    kept, rest = name.split(), iter(words.split())
    return all(word in rest for word in kept) and 3 * len(kept) >= len(words.split())


def is_given(test: Function) -> bool:
    return any(ast.unparse(one).startswith("given(") for one in test.decorator_list)


def plain(text: str) -> str:
    """Words only: no punctuation, no capitals, no asides."""
    return " ".join(
        re.findall(r"\w+", ASIDE.sub("", text).replace("'", "").replace("_", " ").lower())
    )
