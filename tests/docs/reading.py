"""The pages of the documentation, and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("examples/**/*.md"),
        *ROOT.glob("clients/**/*.md"),
    ]
)

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^ {4}.*\n)+", re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|\bsrc=\"([^\"]+)\"")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Found(NamedTuple):
    """Something said on a page."""

    page: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}: {self.text}"


def links() -> Iterator[Found]:
    """Every link and picture that leads to a file of ours."""
    for page in PAGES:
        prose = _without_code(page.read_text("utf-8"))
        for match in LINK.finditer(prose):
            target = match[1] or match[2]
            if not re.match(r"[a-z]+:", target):
                yield Found(page, _line(prose, match.start()), target)


def commands() -> Iterator[Found]:
    """Every `usance …` command, in blocks that are not output and in spans of prose."""
    for page in PAGES:
        text = page.read_text("utf-8")
        for start, code in _code(text):
            joined = code.replace("\\\n", "  ")
            for match in re.finditer(r"^(?:\S*/)?(usance [a-z-].*)$", joined, re.MULTILINE):
                yield Found(page, _line(text, start), match[1])


def anchors(page: Path) -> set[str]:
    """What a link may name of a page, as GitHub writes its headings."""
    prose = _without_code(page.read_text("utf-8"), keep_spans=True)
    return {_slug(title) for title in HEADING.findall(prose)}


def _code(text: str) -> Iterator[tuple[int, str]]:
    """Where code stands, and what it is, leaving out what is marked as output."""
    for fence in FENCE.finditer(text):
        if fence[1] != "output":
            yield fence.start(), "\n".join(line.strip() for line in fence[2].splitlines())
    prose = FENCE.sub(lambda fence: re.sub(r"[^\n]", " ", fence[0]), text)
    for block in INDENTED.finditer(prose):
        yield block.start(), "\n".join(line.strip() for line in block[0].splitlines())
    for span in SPAN.finditer(prose):
        yield span.start(), span[1].strip()


def _without_code(text: str, *, keep_spans: bool = False) -> str:
    """The prose, each line where it was."""
    prose = FENCE.sub(lambda fence: re.sub(r"[^\n]", " ", fence[0]), text)
    return prose if keep_spans else SPAN.sub(lambda span: " " * len(span[0]), prose)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _slug(title: str) -> str:
    bare = re.sub(r"[^\w\- ]", "", title.strip().lower())
    return bare.replace(" ", "-")
