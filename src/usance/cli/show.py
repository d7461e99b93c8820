"""How answers look: tables for people, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

NAMES = ("id", "number", "order", "orderId")
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]

people = Console(stderr=True, highlight=False)  # progress and remarks
paper = Console(highlight=False)  # answers
if not paper.is_terminal:  # a file or a pipe has no width of its own
    paper.width = 120


def instant(at: datetime) -> str:
    """`2025-03-01 12:00:00 UTC`, to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 invoice`, `2 invoices`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def print_json(answer: object) -> None:
    """One JSON document on standard output; decimals and days are text."""
    text = msgspec.json.format(msgspec.json.encode(answer), indent=2)
    sys.stdout.write(text.decode() + "\n")
    sys.stdout.flush()


def to_json_file(answer: object, file: Path) -> None:
    """The same document into a file."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(answer), indent=2) + b"\n")


def print_table(
    title: str, headings: Sequence[str], rows: Sequence[Sequence[object]], *, right: str = ""
) -> None:
    """A table; figures stand to the right: the headings that `right` contains."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
    for heading in headings:
        is_right = heading in right
        justify: JustifyMethod = "right" if is_right else "left"
        is_name = heading in NAMES  # to be copied, so never broken over two lines
        table.add_column(heading, justify=justify, overflow="fold", no_wrap=is_name)
    for row in rows:
        table.add_row(*map(_cell, row))
    if not rows:
        table.add_row(*("—" for _ in headings))
    paper.print(table)


def _cell(value: object) -> Text:
    shown = instant(value) if isinstance(value, datetime) else value
    return Text("" if shown is None else str(shown))
