"""Usage events in a file: JSON lines (.jsonl), a JSON array (.json), or a table (.csv).

JSON holds events as the API takes them. A table has one column a field (customerId, eventName,
idempotencyKey, timestamp, resourceId, reverses) and one column `dimensions.NAME` a dimension; an
empty cell is a field the event does not have. A file is read whole or not at all.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import chain
from pathlib import PurePath

from usance.domain.errors import Invalid, Problem, refuse_if
from usance.domain.metering.events import FIELDS, NEEDED, UsageEvent, read_event

PREFIX = "dimensions."
MAX_PROBLEMS = 100  # a wrong column is wrong in every line; a hundred lines make the point
BLANK = " \t\r\n"

DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=Decimal)

Numbered = Iterator[tuple[int, object]]


def read_events(text: str, path: str) -> tuple[UsageEvent, ...]:
    """The events of the file called `path`, which says the notation, with this content.

    All or nothing: raises Invalid with the problems of every line, as `usage.csv:14.timestamp`.
    """
    name = PurePath(path).name
    reader = READERS.get(PurePath(path).suffix.lower())
    if reader is None:
        expected = "a file whose name ends in " + ", ".join(READERS)
        raise Invalid(Problem("UnknownFileKind", "", name, expected))
    events: list[UsageEvent] = []
    problems: list[Problem] = []
    try:
        for line, document in reader(text.removeprefix("\ufeff")):
            try:
                events.append(read_event(document))
            except Invalid as refused:
                problems += [problem.under(f"{name}:{line}") for problem in refused.problems]
    except _Unreadable as broken:
        problems.append(broken.problem.under(f"{name}:{broken.line}"))
    refuse_if(problems[:MAX_PROBLEMS])
    if not events:
        raise Invalid(Problem("EmptyFile", name, "", "at least one event"))
    return tuple(events)


class _Unreadable(Exception):
    """From this line on the file makes no sense."""

    def __init__(self, line: int, value: str, expected: str) -> None:
        super().__init__(expected)
        self.line = line
        self.problem = Problem("UnreadableFile", "", value, expected)


def _json_lines(text: str) -> Numbered:
    # Not splitlines: it would also cut at characters that may stand inside a JSON text.
    for line, content in enumerate(text.split("\n"), start=1):
        if content.strip(BLANK):
            yield line, _json(content, line)


def _json(content: str, line: int) -> object:
    try:
        return DECODER.decode(content)
    except (ValueError, RecursionError):
        raise _Unreadable(line, content[:80], "one JSON object a line") from None


def _json_array(text: str) -> Numbered:
    """Element by element, so that each is known by the line it begins on."""
    position = _after(text, 0, "[", "a JSON array of events")
    line, counted_to, closed = 1, 0, _is_at(text, position, "]")
    while not closed:
        line += text.count("\n", counted_to, position)
        counted_to = position
        try:
            element, position = DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            shown = text[position : position + 80]
            raise _Unreadable(line, shown, "a JSON object, the next event") from None
        yield line, element
        position = _skip(text, position)
        closed = _is_at(text, position, "]")
        if not closed:
            position = _after(text, position, ",", "a comma and the next event, or the end ]")
    if text[position + 1 :].strip(BLANK):
        line = text.count("\n", 0, position) + 1
        raise _Unreadable(line, text[position + 1 :].strip(BLANK)[:80], "nothing after the array")


def _after(text: str, position: int, mark: str, expected: str) -> int:
    position = _skip(text, position)
    if not _is_at(text, position, mark):
        line = text.count("\n", 0, position) + 1
        raise _Unreadable(line, text[position : position + 80], expected)
    return _skip(text, position + 1)


def _is_at(text: str, position: int, mark: str) -> bool:
    return text[position : position + 1] == mark


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in BLANK:
        position += 1
    return position


def _table(text: str) -> Numbered:
    rows = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        columns = next(rows, [])
        _refuse_unknown(columns)
        for row in rows:
            if len(row) != len(columns) and row:
                expected = f"{len(columns)} cells, one for each column of the first line"
                raise _Unreadable(rows.line_num, f"{len(row)} cells", expected)
            if any(row):
                yield rows.line_num, _document(columns, row)
    except csv.Error as broken:
        raise _Unreadable(rows.line_num, str(broken), "a comma-separated table") from None


def _refuse_unknown(columns: list[str]) -> None:
    known = FIELDS - {"dimensions"}
    unknown = [name for name in columns if name not in known and not name.startswith(PREFIX)]
    missing = [name for name in NEEDED if name not in columns]
    twice = [name for name in columns if columns.count(name) > 1]
    for name in chain(unknown, missing, twice):
        expected = (
            f"each once: {', '.join(NEEDED)}; and timestamp, resourceId, reverses, {PREFIX}NAME"
        )
        raise _Unreadable(1, name[:80], f"a first line with the names of the columns, {expected}")


def _document(columns: list[str], row: list[str]) -> dict[str, object]:
    cells = {name: cell for name, cell in zip(columns, row, strict=True) if cell}
    fields: dict[str, object] = {name: cells[name] for name in cells if name in FIELDS}
    fields["dimensions"] = {
        name.removeprefix(PREFIX): cell for name, cell in cells.items() if name.startswith(PREFIX)
    }
    return fields


READERS: dict[str, Callable[[str], Numbered]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json_array,
    ".csv": _table,
}
