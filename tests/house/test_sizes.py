"""Sizes: what a reader can hold in the head at once."""

from __future__ import annotations

from collections.abc import Iterator

from tests.house.rule import rule
from tests.house.source import CLIENT_FILES, EVERYTHING, FILES, Function, functions, shown

FILE_LINES = 500
FUNCTION_LINES = 70
LINE_LENGTH = 100
POSITIONAL = 5


@rule
def test_a_file_is_short() -> Iterator[str]:
    for path in EVERYTHING:
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) > FILE_LINES:
            yield (
                f"{shown(path)} has {len(lines)} lines, {FILE_LINES} at most: make the topic a "
                "folder, and each thing it owns a file"
            )
        for number, line in enumerate(lines, 1):
            if len(line) > LINE_LENGTH:
                yield f"{shown(path)}:{number} has {len(line)} characters, {LINE_LENGTH} at most"


@rule
def test_a_function_is_short() -> Iterator[str]:
    for path in EVERYTHING:
        for function in functions(path):
            length = (function.end_lineno or 0) - function.lineno + 1
            if length > FUNCTION_LINES:
                yield (
                    f"{shown(path)}:{function.lineno}: {function.name} has {length} lines, "
                    f"{FUNCTION_LINES} at most (30 is good): give its parts names of their own"
                )


@rule
def test_a_function_takes_few_things_by_position() -> Iterator[str]:
    for path in (*FILES, *CLIENT_FILES):
        for function in functions(path):
            count = len(positional(function))
            if count > POSITIONAL:
                yield (
                    f"{shown(path)}:{function.lineno}: {function.name} takes {count} arguments by "
                    f"position, {POSITIONAL} at most: make them keyword-only, or a dataclass"
                )


def positional(function: Function) -> list[str]:
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names
