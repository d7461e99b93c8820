"""The one cursor: opaque to the client, an id to us."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Query

from usance.api.envelope import Cursors
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import REF

T = TypeVar("T")

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


@dataclass(frozen=True, slots=True)
class PageAsked:
    """Which part of a list: after one id or before one, and how much of it."""

    after: str | None
    before: str | None
    limit: int

    @property
    def and_one(self) -> int:
        """One more than asked, to see whether there is more."""
        return self.limit + 1


async def page_asked(
    after: Annotated[
        str | None, Query(description="A `pagination.next`: what comes after it.")
    ] = None,
    before: Annotated[
        str | None, Query(description="A `pagination.prev`: what comes before it.")
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=MAX_LIMIT, description="How many at most.")
    ] = DEFAULT_LIMIT,
    starting_after: Annotated[str | None, Query(include_in_schema=False)] = None,
    ending_before: Annotated[str | None, Query(include_in_schema=False)] = None,
) -> PageAsked:
    """The page a request asks for; `starting_after` and `ending_before` are what older documents
    of Stigg's call `after` and `before`. Raises Invalid (InvalidCursor).
    """
    after = starting_after if after is None else after
    before = ending_before if before is None else before
    if after is not None and before is not None:
        expected = "after or before, not both"
        raise Invalid(Problem("InvalidCursor", "before", before[:80], expected))
    return PageAsked(_opened(after, "after"), _opened(before, "before"), limit)


Paging = Annotated[PageAsked, Depends(page_asked)]


def cursor(id_text: str) -> str:
    """The cursor of the thing with that id."""
    return base64.urlsafe_b64encode(id_text.encode()).decode().rstrip("=")


def part(
    found: Sequence[T], asked: PageAsked, id_of: Callable[[T], str]
) -> tuple[list[T], Cursors]:
    """The things to show of the `and_one` found, oldest first, and where to go on.

    `found` comes oldest first after a cursor, newest first before one.
    """
    shown = list(found[: asked.limit])
    has_more = len(found) > asked.limit
    if asked.before is not None:
        shown.reverse()
    is_first = asked.after is None if asked.before is None else not has_more
    is_last = not has_more if asked.before is None else False
    if not shown:
        return [], Cursors(next=None, prev=None)
    return shown, Cursors(
        next=None if is_last else cursor(id_of(shown[-1])),
        prev=None if is_first else cursor(id_of(shown[0])),
    )


def _opened(text: str | None, path: str) -> str | None:
    if text is None:
        return None
    try:
        found = base64.b64decode(
            text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True
        ).decode("ascii")
    except (binascii.Error, ValueError):
        found = ""
    if not REF.fullmatch(found):
        expected = "a cursor from an earlier answer's pagination"
        raise Invalid(Problem("InvalidCursor", path, text[:80], expected))
    return found
