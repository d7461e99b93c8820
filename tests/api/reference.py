"""The API reference, written from the routes themselves.

python -m tests.api.reference --write      writes docs/reference/api.md and openapi.json
python -m tests.api.reference              says whether they are up to date
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from usance.api.errors import STATUS, Refused
from usance.api.openapi import METHODS, TAGS
from usance.flows.runtime import Runtime
from usance.main import application
from usance.settings import Settings
from usance.store.database import Database

DOCS = Path(__file__).parents[2] / "docs" / "reference"


def document() -> dict[str, Any]:
    """The OpenAPI document of the application; no database is opened for it."""
    nowhere = Runtime(Database("postgresql:///nowhere?connect_timeout=1"))
    try:
        app = application(nowhere, Settings(home=Path("/nowhere")))
        assert isinstance(app, FastAPI), "the application describes itself"
        return app.openapi()
    finally:
        nowhere.database.close()


def pages() -> dict[Path, str]:
    """What each page has to say."""
    described = document()
    return {
        DOCS / "openapi.json": json.dumps(described, indent=1, ensure_ascii=False) + "\n",
        DOCS / "api.md": "\n".join(_page(described)).rstrip() + "\n",
    }


def _page(described: dict[str, Any]) -> Iterator[str]:
    yield "# API reference"
    yield ""
    yield "Written from the code by `make docs`; `openapi.json` beside it holds every field."
    yield ""
    yield described["info"]["description"]
    for tag, text in TAGS.items():
        yield ""
        yield f"## {tag}"
        yield ""
        yield text
        for method, path, operation in _operations(described, tag):
            yield ""
            yield f"### {operation['summary']}"
            yield ""
            yield f"`{method.upper()} {path}` · `{operation['operationId']}`{_who(operation)}"
            yield ""
            yield operation["description"]
            yield from _parameters(operation)
            yield from _body(described, operation)
    yield from _codes()


def _operations(described: dict[str, Any], tag: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in described["paths"].items():
        for method in METHODS:
            if method in item and tag in item[method]["tags"]:
                yield method, path, item[method]


def _who(operation: dict[str, Any]) -> str:
    if "x-scope" not in operation:
        return ""
    others = " or a publishable key" if len(operation.get("security", ())) > 1 else ""
    return f" · `{operation['x-scope']}`{others}"


def _parameters(operation: dict[str, Any]) -> Iterator[str]:
    asked = [each for each in operation.get("parameters", []) if each.get("in") == "query"]
    if not asked:
        return
    yield ""
    yield "| query | |"
    yield "|---|---|"
    for each in asked:
        yield f"| `{each['name']}` | {each.get('description', '')} |"


def _body(described: dict[str, Any], operation: dict[str, Any]) -> Iterator[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return
    schema = content["schema"]
    named = (
        schema
        if "$ref" in schema
        else next(iter(schema.get("anyOf") or schema.get("oneOf") or [schema]))
    )
    name = named["$ref"].rpartition("/")[2]
    fields = described["components"]["schemas"][name]
    needed = set(fields.get("required", []))
    yield ""
    yield "| body | type | |"
    yield "|---|---|---|"
    for field, about in fields["properties"].items():
        told = about.get("description", "").replace("|", "\\|")
        required = "required" if field in needed else ""
        yield f"| `{field}` | {_type(about)} | {' · '.join(filter(None, (required, told)))} |"


def _type(about: dict[str, Any]) -> str:
    if "$ref" in about:
        return str(about["$ref"].rpartition("/")[2])
    if "anyOf" in about:
        kinds = [_type(each) for each in about["anyOf"]]
        return " or ".join(dict.fromkeys(kind for kind in kinds if kind != "null"))
    if "enum" in about:
        return " or ".join(f"`{each}`" for each in about["enum"])
    if "const" in about:
        return f"`{about['const']}`"
    if about.get("type") == "array":
        return f"list of {_type(about.get('items', {}))}"
    return str(about.get("type", "any"))


def _codes() -> Iterator[str]:
    yield ""
    yield "## Error codes"
    yield ""
    yield "| code | status | |"
    yield "|---|---|---|"
    told = [(kind.code, status, kind.__doc__) for kind, status in STATUS.items()]
    told += [(kind.code, kind.status, kind.__doc__) for kind in Refused.__subclasses__()]
    for code, status, about in sorted(told):
        yield f"| `{code}` | {status} | {(about or '').splitlines()[0]} |"


def main() -> int:
    """Write the pages, or say which are out of date."""
    stale = [
        path
        for path, text in pages().items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    for path in stale:
        if "--write" in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(pages()[path], "utf-8")
        sys.stdout.write(f"{path.relative_to(DOCS.parents[1])}\n")
    return 0 if "--write" in sys.argv else len(stale)


if __name__ == "__main__":
    sys.exit(main())
