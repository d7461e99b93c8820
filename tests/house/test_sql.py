"""SQL: written out, one tenant at a time, with named parameters."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.rule import rule
from tests.house.source import FILES, at, rooms, shown, tree

STATEMENT = re.compile(
    r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|DROP|GRANT|COPY|SET|LOCK)\s"
)
REMEDY = "filter with `%(x)s IS NULL OR ...`; leave names of tables to psycopg.sql"

# Statements without a tenant, and why. Files in which no statement has one end in `.py`.
NO_TENANT = {
    "embedded": "makes the server; no tenant exists yet",
    "migrate.py": "makes the tables",
    "queue_schema.py": "makes the queue's tables",
    "database.py:SET_PLATFORM": "opens the registry",
    "database.py:IN_UTC": "of a new connection, which no tenant has yet",
    "database.py:BYPASSES": "of a new connection, which no tenant has yet",
    "database.py:APPEND_ROWS": "Tx.append_rows puts tenant_id before the columns",
    "tenants.py:EVERY": "lists the registry",
    "jobs.py:QUEUE_AGAIN": "by the id of a job that LOCK_LOST found, for a platform transaction",
    "jobs.py:END_FAILED": "by the id of a job that LOCK_LOST found, for a platform transaction",
    "jobs.py:END_SUPERSEDED": "by the id of a job that LOCK_LOST found, for a platform transaction",
}
COMPOSES = {"database.py", "migrate.py", "embedded"}  # where names of tables and roles are values


def statements(path: Path) -> Iterator[tuple[str, str, ast.expr]]:
    """Each SQL constant of a module: its name, its text, where it stands."""
    for node in tree(path).body:
        if isinstance(node, ast.Assign) and is_sql(node.value):
            yield ast.unparse(node.targets[0]), text_of(node.value), node.value


def text_of(node: ast.AST) -> str:
    """Its text, as far as it is written out."""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def is_sql(node: ast.AST) -> bool:
    return STATEMENT.match(text_of(node)) is not None


def is_listed(path: Path, names: set[str]) -> bool:
    return not names.isdisjoint(path.parts)


@rule
def test_every_statement_names_its_tenant() -> Iterator[str]:
    for path in rooms("store"):
        if is_listed(path, set(NO_TENANT)):
            continue
        for name, text, node in statements(path):
            if "tenant_id" not in text and f"{path.name}:{name}" not in NO_TENANT:
                yield (
                    f"{at(path, node)}: {name}: add `tenant_id = %(tenant_id)s`, first in WHERE "
                    "and in every join; or say in NO_TENANT, here, why there is no tenant"
                )


@rule
def test_every_exception_is_still_needed() -> Iterator[str]:
    known = {part for path in rooms("store") for part in path.parts}
    known |= {f"{path.name}:{name}" for path in rooms("store") for name, _, _ in statements(path)}
    for name in NO_TENANT.keys() - known:
        yield f"NO_TENANT lists {name}, which is gone: take it off the list"


@rule
def test_parameters_have_names() -> Iterator[str]:
    for path in rooms("store"):
        if is_listed(path, COMPOSES | {"queue_schema.py"}):
            continue
        for node in ast.walk(tree(path)):
            if is_sql(node) and re.search(r"%[sbt]", text_of(node)):
                yield f"{at(path, node)}: write %(name)s for %s: a name cannot change places"


@rule
def test_no_statement_is_put_together_from_text() -> Iterator[str]:
    for path in FILES:
        for node in ast.walk(tree(path)):
            if is_sql(node) and isinstance(node, ast.JoinedStr):
                yield f"{at(path, node)}: no f-string makes SQL: {REMEDY}"
            if isinstance(node, ast.BinOp) and (is_sql(node.left) or is_sql(node.right)):
                yield f"{at(path, node)}: no operator makes SQL: {REMEDY}"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if is_sql(node.func.value) and node.func.attr in {"format", "replace", "join"}:
                    yield f"{at(path, node)}: no {node.func.attr}() makes SQL: {REMEDY}"
                if ast.unparse(node.func) == "sql.SQL" and not is_listed(path, COMPOSES):
                    yield f"{at(path, node)}: compose SQL only in {', '.join(sorted(COMPOSES))}"


@rule
def test_sql_stands_in_the_store_only() -> Iterator[str]:
    for path in FILES:
        if path not in rooms("store"):
            for name, _, node in statements(path):
                yield f"{shown(path)}:{node.lineno}: {name}: SQL belongs to a module of store/"
