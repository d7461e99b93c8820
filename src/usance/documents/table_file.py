"""Tables in files: comma-separated text, its first line the names of the columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from usance.domain.errors import Invalid, Problem

MAX_PROBLEMS = 100  # a wrong column is wrong in every line


def table(text: str, name: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row with where it stands, as `cpi.csv:14`, and its cells by column, blanks cut.

    A last column without a name is no column. Raises Invalid (UnreadableFile).
    """
    rows = csv.reader(text.removeprefix("\ufeff").splitlines(keepends=True), strict=True)
    try:
        columns = [column.strip() for column in next(rows, [])]
        if columns and not columns[-1]:
            columns.pop()
        if len(set(columns)) != len(columns) or not all(columns):
            raise _unreadable(f"{name}:1", ", ".join(columns), "columns of different names")
        for row in rows:
            where = f"{name}:{rows.line_num}"
            cells = [cell.strip() for cell in row]
            if len(cells) == len(columns) + 1 and not cells[-1]:
                cells.pop()
            if not any(cells):
                continue
            if len(cells) != len(columns):
                raise _unreadable(where, f"{len(cells)} cells", f"{len(columns)} cells")
            yield where, dict(zip(columns, cells, strict=True))
    except csv.Error as broken:
        raise _unreadable(f"{name}:{rows.line_num}", str(broken), "comma-separated text") from None


def _unreadable(path: str, value: str, expected: str) -> Invalid:
    return Invalid(Problem("UnreadableFile", path, value[:80], expected))
