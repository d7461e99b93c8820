"""Imports: down only, between floors and inside the rules, and never in a circle."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests.house.rule import rule
from tests.house.source import (
    CLIENT_FILES,
    FILES,
    HOUSE,
    MODULES,
    imports,
    module_name,
    our_imports,
    room_of,
    rooms,
    shown,
    tree,
)

FLOORS = [  # bottom first; rooms on one floor do not import each other
    {"domain", "settings"},
    {"store", "providers", "documents"},
    {"flows"},
    {"api", "console", "hosted", "opening", "worker"},
    {"main"},
    {"cli"},
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

WRITES = re.compile(r"(save|append|add|delete|lock)(_|$)")
MAY_WRITE = {  # each its own machinery, which no story tells
    ("worker", "usance.store.jobs"),
    ("api", "usance.store.idempotency"),
}

PURE_LIBRARIES = {"babel", "iso4217", "msgspec", "stdnum"}
TOUCHES_THE_WORLD = {
    "asyncio", "concurrent", "glob", "http", "io", "logging", "multiprocessing", "os", "pathlib",
    "random", "secrets", "shutil", "signal", "smtplib", "socket", "sqlite3", "ssl", "subprocess",
    "sys", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip

LIBRARIES_OF_THE_CLIENT = {"httpx"}
OF_AN_EXTRA = {"usance_client.openfeature": {"openfeature"}}

ORDER_OF_TOPICS = re.compile(r"each imports only those named before it: ([^.]+)\.")


def topics() -> list[str]:
    """The inner floors of the rules, as the charter of `domain/` lists them."""
    found = ORDER_OF_TOPICS.search(" ".join((ast.get_docstring(domain_charter()) or "").split()))
    assert found, "domain/__init__.py lists its topics: `each imports only those named before it:`"
    return found[1].split(", ")


def domain_charter() -> ast.Module:
    return tree(HOUSE / "domain/__init__.py")


def topic_of(module: str) -> str:
    return module.split(".")[2]


@rule
def test_imports_only_go_down() -> Iterator[str]:
    for path in FILES:
        here = room_of(module_name(path))
        for target, line in our_imports(path):
            there = room_of(target)
            if there in ("", here):
                continue
            if {here, there} - FLOOR_OF.keys():
                yield f"{shown(path)}:{line}: give {here} and {there} their floor in FLOORS, here"
            elif FLOOR_OF[there] >= FLOOR_OF[here]:
                yield (
                    f"{shown(path)}:{line} reaches up or sideways to {target}: move what both "
                    "need to a floor below, or take it as an argument"
                )


@rule
def test_a_topic_of_the_rules_imports_only_those_before_it() -> Iterator[str]:
    order = topics()
    for path in rooms("domain"):
        module = module_name(path)
        if module == "usance.domain":
            continue
        here = topic_of(module)
        if here not in order:
            yield f"{shown(path)}: name {here} in the order of topics in domain/__init__.py"
            continue
        for target, line in our_imports(path):
            if here != (there := topic_of(target)) and there not in order[: order.index(here)]:
                yield (
                    f"{shown(path)}:{line} imports {there}, which does not stand before {here} in "
                    "the order of topics: move what it needs up, or take it as a value"
                )


@rule
def test_no_modules_import_each_other_in_a_circle() -> Iterator[str]:
    graph = {name: {one.target for one in our_imports(path)} for name, path in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield f"{' -> '.join(error.args[1])}: move what they share into a module of its own"


@rule
def test_the_rules_import_only_pure_libraries() -> Iterator[str]:
    known = {"usance", *sys.stdlib_module_names, *PURE_LIBRARIES}
    for path in rooms("domain"):
        for target, line in imports(path):
            library = target.split(".")[0]
            if library in TOUCHES_THE_WORLD:
                yield (
                    f"{shown(path)}:{line}: {library} touches the world: take what it would tell "
                    "as an argument, and let a flow ask for it"
                )
            elif library not in known:
                yield (
                    f"{shown(path)}:{line}: {library} is not among the pure libraries: use it in "
                    "store/, providers/ or documents/, or decide to list it here"
                )


@rule
def test_the_client_stands_by_itself() -> Iterator[str]:
    for path in CLIENT_FILES:
        known = {"usance_client", *sys.stdlib_module_names, *LIBRARIES_OF_THE_CLIENT}
        known |= OF_AN_EXTRA.get(module_name(path), set())
        for target, line in imports(path):
            if target.split(".")[0] not in known:
                yield (
                    f"{shown(path)}:{line} imports {target}: the client is installed where Usance "
                    "is not, with as little as can be"
                )


@rule
def test_imports_stand_at_the_top() -> Iterator[str]:
    for path in (*FILES, *CLIENT_FILES):
        top = {id(node) for node in [*tree(path).body, *for_one_platform(tree(path))]}
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            where = f"{shown(path)}:{node.lineno}"
            if id(node) not in top:
                yield (
                    f"{where}: import at the top of the file. If that makes a circle, one of the "
                    "two modules holds something that belongs below both"
                )
            if "TYPE_CHECKING" in {alias.name for alias in node.names}:
                yield f"{where}: import types plainly; in a circle, the type belongs further down"
            if isinstance(node, ast.ImportFrom) and node.level:
                yield f"{where}: import by the full name, `from usance. ...`"


def for_one_platform(module: ast.Module) -> Iterator[ast.stmt]:
    """What stands under `if sys.platform ...:` at the top, for modules that others lack."""
    for node in module.body:
        if isinstance(node, ast.If) and ast.unparse(node.test).startswith("sys.platform"):
            yield from node.body


@rule
def test_a_flow_imports_no_other_flow() -> Iterator[str]:
    """But a play, which puts flows in order and is no part of any."""
    for path in rooms("flows"):
        if path.parent.name == "plays":
            continue
        for target, line in our_imports(path):
            if room_of(target) == "flows" and target != "usance.flows.runtime":
                yield (
                    f"{shown(path)}:{line} imports {target}: what must be atomic is one flow, what "
                    "may come later is queued work, and a rule both need is domain's"
                )


@rule
def test_a_face_writes_only_through_a_flow() -> Iterator[str]:
    for path in rooms("api", "console", "hosted", "worker", "cli"):
        room = room_of(module_name(path))
        for name, module, line in names_from_store(path):
            if WRITES.match(name) and (room, module) not in MAY_WRITE:
                yield (
                    f"{shown(path)}:{line}: {module}.{name} writes: call a flow, and if there is "
                    "none write it: read, decide, write, announce"
                )


def names_from_store(path: Path) -> list[tuple[str, str, int]]:
    """What a file takes from the store: the name, its module, the line."""
    taken: list[tuple[str, str, int]] = []
    modules: dict[str, str] = {}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("usance.store"):
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in MODULES:
                    modules[alias.asname or alias.name] = full
                else:
                    taken.append((alias.name, str(node.module), node.lineno))
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in modules:
            taken.append((node.attr, modules[ast.unparse(node.value)], node.lineno))
    return taken
