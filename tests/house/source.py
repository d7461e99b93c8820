"""The house as its source says: files, imports, definitions. Parsed once, by all the rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
HOUSE = SRC / "usance"
CLIENT = ROOT / "clients/python/src/usance_client"

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


class Import(NamedTuple):
    """One imported module, by its full name, and the line it is imported on."""

    target: str
    line: int


def python_files(*folders: Path) -> list[Path]:
    """The Python files in these folders, in order."""
    return sorted(chain.from_iterable(folder.rglob("*.py") for folder in folders))


FILES = python_files(HOUSE)
CLIENT_FILES = python_files(CLIENT)
EVERYTHING = python_files(HOUSE, CLIENT, ROOT / "tests", ROOT / "bench")


def shown(path: Path) -> str:
    """The path as a reader of a failure knows it."""
    return str(path.relative_to(ROOT))


def at(path: Path, node: ast.AST) -> str:
    """Where in the house something stands."""
    return f"{shown(path)}:{getattr(node, 'lineno', 1)}"


def rooms(*names: str) -> list[Path]:
    """The files of some rooms of the house."""
    return [path for path in FILES if room_of(module_name(path)) in names]


@cache
def tree(path: Path) -> ast.Module:
    """Its syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path: Path) -> str:
    """`usance.domain.money` for src/usance/domain/money.py; a package is its folder."""
    root = CLIENT.parent if CLIENT in path.parents else SRC
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}


def room_of(module: str) -> str:
    """`domain` for `usance.domain.money`; empty for `usance` itself."""
    return module.split(".")[1] if "." in module else ""


def imports(path: Path) -> Iterator[Import]:
    """Every module a file imports, wherever in the file; `from a import b` is a.b if a module."""
    return iter(dict.fromkeys(_imports(path)))


def _imports(path: Path) -> Iterator[Import]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield Import(full if full in MODULES else str(node.module), node.lineno)


def our_imports(path: Path) -> Iterator[Import]:
    """The modules of Usance that a file imports."""
    return (found for found in imports(path) if found.target.split(".")[0] == "usance")


def functions(path: Path) -> Iterator[Function]:
    """Every function and method of a file, nested ones too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, Function):
            yield node


def public_definitions(path: Path) -> Iterator[Definition]:
    """Functions and classes of a module, and the methods of those classes, without a `_`."""
    for node in tree(path).body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                methods = (one for one in node.body if isinstance(one, Function))
                yield from (one for one in methods if not one.name.startswith("_"))


def called_name(call: ast.Call) -> str:
    """`print` for print(...), `date.today` for date.today(...)."""
    return ast.unparse(call.func)
