"""Names, texts and metadata of the catalogue: how long, and of which characters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from usance.domain.catalog import MAX_NAME, MAX_VALUE, NAME, is_storable
from usance.domain.errors import Problem


def name_problems(name: str, path: str) -> Iterator[Problem]:
    """What is wrong with a name of 1 to 255 visible characters."""
    if not name.strip() or not NAME.fullmatch(name):
        expected = f"1 to {MAX_NAME} characters, without control characters"
        yield Problem("InvalidName", path, ascii(name)[:80], expected)


def text_problems(text: str | None, path: str) -> Iterator[Problem]:
    """What is wrong with a text of at most 1,000 characters; None is fine."""
    if text is not None and (len(text) > MAX_VALUE or not is_storable(text)):
        expected = f"text of at most {MAX_VALUE} characters, without NUL"
        yield Problem("InvalidText", path, ascii(text)[:80], expected)


def metadata_problems(metadata: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with texts by names."""
    for key, value in metadata.items():
        yield from name_problems(key, "metadata")
        yield from text_problems(value, f"metadata.{key}")
