"""Lists in queries, however a client sends them: joined by commas, as one parameter."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode

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
