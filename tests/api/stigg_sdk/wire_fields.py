"""What Stigg's SDK sends and reads, field by field, and what our API document says of the same.

A field is its path: `priceOverrides.tiers.upTo`; lists and alternatives leave no mark in it.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Literal, Required, get_args, get_origin, get_type_hints

import typing_extensions
from pydantic import BaseModel
from stigg import Stigg
from stigg._utils import PropertyInfo

from tests.api import reference
from tests.api.stigg_sdk.calls import methods
from tests.api.stigg_sdk.every_call import ASIDE

IGNORED = ("X-ACCOUNT-ID", "X-ENVIRONMENT-ID")  # of a user's session; an API key says it already
VERBS = {"get_api_list": "get"}


@dataclass(frozen=True, slots=True)
class Route:
    """A method of the SDK: where it goes, what it may send there, what it reads of the answer."""

    method: str
    verb: str
    path: str
    sends: Any
    reads: Any
    is_query: bool

    def sent(self) -> set[str]:
        """The fields it may send, without those of its path and of sessions."""
        in_path = set(re.findall(r"\{(\w+)\}", self.path))
        found = {each for each, _ in _sent(self.sends)}
        return {each for each in found if snake(each) not in in_path} - set(IGNORED)

    def options(self) -> dict[str, set[str]]:
        """Of each field with a closed list of words, the words."""
        found: dict[str, set[str]] = {}
        for field, words in _sent(self.sends):
            if words:
                found.setdefault(field, set()).update(words)
        return found

    def read(self) -> set[str]:
        """The fields it reads of the answer."""
        return set(_read(self.reads))


@cache
def routes() -> tuple[Route, ...]:
    """Every method of the groups that are built, by its name."""
    client = Stigg(api_key="none")
    found = sorted(each for each in methods(client) if not each.startswith(tuple(ASIDE)))
    return tuple(_route(client, each) for each in found)


def _route(client: Stigg, method: str) -> Route:
    """Read from the method's own source: it is generated, and all of them look alike."""
    function = attrgetter(method)(client)
    source = inspect.getsource(function)
    module = sys.modules[type(function.__self__).__module__]
    verb = re.search(r"self\._(get_api_list|get|post|patch|put|delete)\(", source)
    path = re.search(r'"(/api/v[^"]+)"', source)
    assert verb is not None, method
    assert path is not None, method
    named = re.findall(r"(\w+_params)\.(\w+)", source)
    sends = getattr(getattr(module, named[-1][0]), named[-1][1]) if named else None
    hints = get_type_hints(function, vars(module), include_extras=True)
    return Route(
        method=method,
        verb=VERBS.get(verb[1], verb[1]),
        path=path[1],
        sends=sends,
        reads=hints["return"],
        is_query="query=maybe_transform(" in source,
    )


def operation(route: Route) -> Mapping[str, Any]:
    """What our document says of the route that the method asks."""
    wanted = _shape(route.path)
    found = (item for path, item in document()["paths"].items() if _shape(path) == wanted)
    described: Mapping[str, Any] = next(found)[route.verb]
    return described


def taken(route: Route) -> set[str]:
    """The fields our route takes, in its query or its body."""
    return set(_taken(route))


def taken_options(route: Route) -> dict[str, set[str]]:
    """Of each field whose words our document lists, the words."""
    found: dict[str, set[str]] = {}
    for field, words in _schema_fields(_body(operation(route))):
        if words:
            found.setdefault(field, set()).update(words)
    return found


def answered(route: Route) -> set[str]:
    """The fields our route answers with."""
    answers = operation(route)["responses"]
    good = next(answers[code] for code in ("200", "201") if code in answers)
    schema = good["content"]["application/json"]["schema"]
    return {field for field, _ in _schema_fields(schema)}


@cache
def document() -> Mapping[str, Any]:
    """The API document, made once."""
    return reference.document()


def _taken(route: Route) -> Iterator[str]:
    described = operation(route)
    if not route.is_query:
        yield from (field for field, _ in _schema_fields(_body(described)))
        return
    for each in described.get("parameters", ()):
        name = each["name"].replace("[", ".").replace("]", "")
        yield name
        yield name.split(".")[0]


def _body(described: Mapping[str, Any]) -> Mapping[str, Any]:
    content = described.get("requestBody", {}).get("content", {})
    schema: Mapping[str, Any] = content.get("application/json", {}).get("schema", {})
    return schema


def _schema_fields(
    schema: Mapping[str, Any], path: str = "", seen: tuple[str, ...] = ()
) -> Iterator[tuple[str, set[str]]]:
    ref = schema.get("$ref")
    if ref is not None:
        if ref not in seen:
            named: Any = document()
            for step in ref.removeprefix("#/").split("/"):
                named = named[step]
            yield from _schema_fields(named, path, (*seen, ref))
        return
    words = set(schema.get("enum", ())) or ({schema["const"]} if "const" in schema else set())
    if path:
        yield path, words
    for kind in ("anyOf", "oneOf", "allOf"):
        for each in schema.get(kind, ()):
            yield from _schema_fields(each, path, seen)
    if "items" in schema:
        yield from _schema_fields(schema["items"], path, seen)
    for name, inner in schema.get("properties", {}).items():
        yield from _schema_fields(inner, f"{path}.{name}".removeprefix("."), seen)


def _sent(kind: Any, path: str = "") -> Iterator[tuple[str, set[str]]]:
    """The fields of a TypedDict, with their words where they have some."""
    _, kind = _bare(kind)
    origin = get_origin(kind)
    if path:
        yield path, set(get_args(kind)) if origin is Literal else set()
    if typing_extensions.is_typeddict(kind):
        for name, inner in get_type_hints(kind, include_extras=True).items():
            alias, _ = _bare(inner)
            yield from _sent(inner, f"{path}.{alias or name}".removeprefix("."))
    elif origin is not Literal:
        for inner in get_args(kind):
            yield from _sent(inner, path)


def _read(kind: Any, path: str = "") -> Iterator[str]:
    """The fields of a model of an answer."""
    _, kind = _bare(kind)
    if path:
        yield path
    if inspect.isclass(kind) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            yield from _read(field.annotation, f"{path}.{field.alias or name}".removeprefix("."))
    elif get_origin(kind) is not Literal:
        for inner in get_args(kind):
            yield from _read(inner, path)


def _bare(kind: Any) -> tuple[str | None, Any]:
    """The alias of a field, and its kind without what is said about it."""
    alias = None
    while True:
        origin = get_origin(kind)
        if origin is Annotated:
            said = (each for each in kind.__metadata__ if isinstance(each, PropertyInfo))
            alias = next((each.alias for each in said if each.alias), alias)
            kind = kind.__origin__
        elif origin in (Required, typing_extensions.Required):
            [kind] = get_args(kind)
        else:
            return alias, kind


def _shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def snake(name: str) -> str:
    """As Python spells it."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", name)
