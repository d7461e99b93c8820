"""Run cases: read a file, map each case by topic and shape, compare every expected figure."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

from tests.cases import (
    agreements,
    entitlements,
    entitlements_credits,
    entitlements_windows,
    grants,
    pricing,
    proration,
    schedules,
    settling,
    tax_documents,
    tax_lines,
    tax_rounding,
)
from tests.cases.publishers import publisher_of
from tests.cases.values import Case, Found, UnmappedError, agrees, day, shown
from usance.domain.errors import DomainError

HERE = Path(__file__).parent
ROOMS: tuple[tuple[Collection[str], Callable[[Case], Found]], ...] = (
    (pricing.TOPICS, pricing.found_in),
    (proration.TOPICS, proration.found_in),
    (schedules.TOPICS, schedules.found_in),
    (agreements.TOPICS.keys(), agreements.found_in),
    (entitlements.TOPICS, entitlements.found_in),
    (entitlements_credits.TOPICS, entitlements_credits.found_in),
    (entitlements_windows.TOPICS, entitlements_windows.found_in),
    (grants.TOPICS, grants.found_in),
    (settling.TOPICS, settling.found_in),
    (tax_documents.TOPICS.keys(), tax_documents.found_in),
    (tax_lines.TOPICS.keys(), tax_lines.found_in),
    (tax_rounding.TOPICS.keys(), tax_rounding.found_in),
)
# What a case of another shape may raise; one such case never stops the run of the others.
UNREADABLE = (
    DomainError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    StopIteration,
)
Status = Literal["pass", "fail", "not_ours", "unsupported"]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one case. `expected` and `got` hold the figures that differ."""

    id: str
    topic: str
    status: Status
    reason: str = ""
    expected: Mapping[str, object] = field(default_factory=dict)
    got: Mapping[str, object] = field(default_factory=dict)


def cases_in(path: Path) -> list[dict[str, Any]]:
    """The cases of a file. Raises ValueError when it is not of the form."""
    plain = json.loads(path.read_text(encoding="utf-8"))
    found = plain.get("cases") if isinstance(plain, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ValueError(f"{path}: no list of cases")
    return found


def run(path: Path) -> Iterator[Result]:
    """The result of each case of a file, in its order."""
    for raw in cases_in(path):
        yield run_case(raw)


def run_case(raw: Mapping[str, Any]) -> Result:
    """The result of one case."""
    ident, topic = str(raw.get("id", "?")), str(raw.get("topic", ""))
    expected, inputs = raw.get("expected"), raw.get("inputs")
    if not isinstance(expected, dict) or not isinstance(inputs, dict):
        return Result(ident, topic, "unsupported", "inputs or expected are no objects")
    source = raw.get("source")
    publisher = publisher_of(source if isinstance(source, dict | str) else "")
    if reason := _why_not_ours(Case(topic, publisher, inputs, dict.fromkeys(expected, 1)), ident):
        return Result(ident, topic, "not_ours", reason)
    asked = {key: len(value) if isinstance(value, list) else 1 for key, value in expected.items()}
    try:
        case = Case(topic, publisher, inputs, asked, _begins(expected))
        digits = case.currency.digits
        found = _found(case)
    except UnmappedError as unmapped:
        return Result(ident, topic, "unsupported", str(unmapped))
    except UNREADABLE as error:
        return Result(ident, topic, "unsupported", f"{type(error).__name__}: {error}")
    missing = [key for key in expected if key not in found]
    wrong = {
        key: value
        for key, value in expected.items()
        if key in found and not agrees(value, found[key], digits)
    }
    if wrong:
        return Result(ident, topic, "fail", "", wrong, {key: shown(found[key]) for key in wrong})
    if missing:
        return Result(ident, topic, "unsupported", f"no figure for {', '.join(missing)}")
    return Result(ident, topic, "pass")


def _begins(expected: Mapping[str, Any]) -> date | None:
    lines = expected.get("lines")
    first = lines[0] if isinstance(lines, list) and lines else None
    return day(first["period"][0]) if isinstance(first, dict) and "period" in first else None


def _found(case: Case) -> Found:
    for topics, found_in in ROOMS:
        if case.topic in topics:
            return found_in(case)
    if "model" in case:
        return pricing.found_in(case)
    raise UnmappedError(f"topic {case.topic!r}")


def _why_not_ours(case: Case, ident: str) -> str:
    listed = _not_ours()
    if ident in listed["cases"]:
        return str(listed["cases"][ident])
    for convention in listed["conventions"]:
        if case.topic in convention["topics"] and _names(convention, case):
            return f"{convention['name']}: {convention['reason']}"
    later = (f"not yet: {one['reason']}" for one in listed["later"] if case.topic in one["topics"])
    return str(next(later, ""))


def _names(convention: Mapping[str, Any], case: Case) -> bool:
    """Whether the inputs have its keys and values, and lack what would make the case ours.

    `words`: parts of what an input says; `asks`: figures it must ask for; `publishers`: whose it
    must be; `each`: by the name of a list, keys that one of its members must have.
    """
    given = {key for key, value in case.inputs.items() if value is not None}
    words, listed = convention.get("words", {}), convention.get("each", {})
    return (
        all(str(case.inputs.get(key)) == value for key, value in convention["inputs"].items())
        and all(part in str(case.inputs.get(key)) for key, part in words.items())
        and set(convention["keys"]) <= set(case.inputs)
        and not given & set(convention.get("without", ()))
        and set(convention.get("asks", ())) <= set(case.asked)
        and case.publisher in convention.get("publishers", (case.publisher,))
        and all(_has_such(case.inputs.get(key), set(names)) for key, names in listed.items())
    )


def _has_such(members: object, names: set[str]) -> bool:
    return isinstance(members, list) and any(
        isinstance(member, dict) and names <= member.keys() for member in members
    )


@cache
def _not_ours() -> dict[str, Any]:
    plain: dict[str, Any] = json.loads((HERE / "not_ours.json").read_text(encoding="utf-8"))
    return plain
