"""Queries: lists in them, however a client sends them, and what nobody knows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from urllib.parse import parse_qsl, urlencode

from usance.domain.errors import Problem, refuse_if

PLACE = re.compile(r"\[\d*\]$")
BRACKETS = (b"[]", b"[0]", b"%5b%5d", b"%5b0%5d")


def join_lists(query: bytes) -> bytes:
    """`a=1&a=2`, `a[]=1&a[]=2` and `a[0]=1&a[1]=2` as `a=1,2`; every other query as it is.

    Nothing is lost without a word: of two values for what is no list, neither is taken.
    """
    names = [part.partition(b"=")[0] for part in query.split(b"&")]
    lower = query.lower()
    if len(set(names)) == len(names) and not any(each in lower for each in BRACKETS):
        return query
    joined: dict[str, list[str]] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        joined.setdefault(PLACE.sub("", name), []).append(value)
    return urlencode({name: ",".join(values) for name, values in joined.items()}).encode("ascii")


def refuse_unknown(asked: Iterable[str], known: Collection[str]) -> None:
    """A filter that is misspelled would show what nobody asked for.

    Raises Invalid (UnknownParameter) for each of `asked` that is not `known`.
    """
    expected = "one of " + ", ".join(sorted(known)) if known else "no parameters"
    unknown = (each for each in asked if each not in known)
    refuse_if(
        [Problem("UnknownParameter", ascii(each)[1:-1][:80], "", expected) for each in unknown]
    )
