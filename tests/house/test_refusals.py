"""Refusals: each has a public code of its own, and a place on the wire."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.rule import rule
from tests.house.source import FILES, HOUSE, at, shown, tree

ON_THE_WIRE = HOUSE / "api/errors.py"


def refusals() -> list[tuple[Path, ast.ClassDef]]:
    """Every class that descends from DomainError, by name."""
    classes = [
        (path, node)
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
    ]
    family, size = {"DomainError"}, 0
    while size < len(family):
        size = len(family)
        family |= {node.name for _, node in classes if family & bases(node)}
    return [(path, node) for path, node in classes if family & bases(node)]


def bases(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).split(".")[-1] for base in node.bases}


def code_of(node: ast.ClassDef) -> str | None:
    for line in node.body:
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "code":
            assert isinstance(line.value, ast.Constant), f"{node.name}: write its code as text"
            return str(line.value.value)
    return None


@rule
def test_a_refusal_has_its_name_as_its_code() -> Iterator[str]:
    for path, node in refusals():
        if code_of(node) != node.name:
            yield f'{shown(path)}:{node.lineno}: write `code = "{node.name}"`; it never changes'


@rule
def test_no_two_refusals_share_a_code() -> Iterator[str]:
    names = [node.name for _, node in refusals()]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two refusals are called {name}: a client could not tell them apart"


@rule
def test_a_refusal_has_its_row_on_the_wire() -> Iterator[str]:
    if not ON_THE_WIRE.exists():
        return
    named = {one.id for one in ast.walk(tree(ON_THE_WIRE)) if isinstance(one, ast.Name)}
    for path, node in refusals():
        if node.name not in named:
            yield (
                f"{shown(path)}:{node.lineno}: give {node.name} a row, with its HTTP status, in "
                f"{shown(ON_THE_WIRE)}"
            )


MAY_CATCH_ALL = {"worker/loop.py"}  # a worker does not give up


@rule
def test_nobody_catches_everything() -> Iterator[str]:
    for path in FILES:
        is_net = str(path.relative_to(HOUSE)) in MAY_CATCH_ALL or "cli" in path.parts
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler) and not is_net and not raises_again(node):
                names = "" if node.type is None else ast.unparse(node.type)
                if names in {"", "Exception", "BaseException"}:
                    yield (
                        f"{at(path, node)}: catch what can happen here, by name; a bug must be "
                        "seen. Only the worker's loop and a face's last net catch everything"
                    )


def raises_again(node: ast.ExceptHandler) -> bool:
    return isinstance(node.body[-1], ast.Raise)
