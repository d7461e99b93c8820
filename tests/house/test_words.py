"""Words: those that the rules may not know, and names that say nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house.rule import rule
from tests.house.source import CLIENT_FILES, FILES, Definition, at, called_name, rooms, shown, tree

FORBIDDEN_CALLS = {
    "datetime.now": "take the instant as an argument; a flow asks the runtime's clock",
    "datetime.utcnow": "take the instant as an argument; a flow asks the runtime's clock",
    "datetime.today": "take the instant as an argument; a flow asks the runtime's clock",
    "date.today": "take the day as an argument; a flow asks runtime.today, in the entity's zone",
    "print": "return a value; a face shows it",
    "open": "take what the file says as an argument; documents/ reads files",
    "input": "take it as an argument; a face asks",
}
SAYS_NOTHING = {"util", "utils", "helper", "helpers", "manager", "info", "misc", "common"}


@rule
def test_the_rules_ask_neither_clock_nor_world() -> Iterator[str]:
    for path in rooms("domain"):
        for node in ast.walk(tree(path)):
            name = ".".join(called_name(node).split(".")[-2:]) if isinstance(node, ast.Call) else ""
            if name in FORBIDDEN_CALLS:
                yield f"{at(path, node)}: {name}() in domain: {FORBIDDEN_CALLS[name]}"


@rule
def test_no_float_comes_near_an_amount() -> Iterator[str]:
    for path in rooms("domain", "store"):
        if "embedded" in path.parts:
            continue  # its numbers are seconds of waiting, not money
        for node in ast.walk(tree(path)):
            named = isinstance(node, ast.Name) and node.id == "float"
            if named or (isinstance(node, ast.Constant) and isinstance(node.value, float)):
                yield (
                    f"{at(path, node)}: {ast.unparse(node)}: use Decimal, Fraction or "
                    "whole minor units; a binary fraction cannot hold 0.10"
                )


@rule
def test_every_name_says_what_it_stands_for() -> Iterator[str]:
    for path in (*FILES, *CLIENT_FILES):
        found = [(path.stem, 1)]
        nodes = (node for node in ast.walk(tree(path)) if isinstance(node, Definition))
        for name, line in found + [(node.name, node.lineno) for node in nodes]:
            if empty := SAYS_NOTHING.intersection(words(name)):
                yield (
                    f"{shown(path)}:{line}: {name}: {', '.join(empty)} says nothing: name it by "
                    "what it does for whom, in the words of the field"
                )


def words(name: str) -> list[str]:
    """The words of a snake_case or CamelCase name, in small letters."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_")
