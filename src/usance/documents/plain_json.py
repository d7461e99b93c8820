"""JSON text in which nothing is odd: how many fields are written in it can be counted.

As often as its objects have fields when read, and no field was written twice in one of them.
"""

from __future__ import annotations

SPACED = (b" :", b"\t:", b"\n:", b"\r:")


def field_count(content: bytes) -> int | None:
    """How many fields a JSON text writes, or more; None when counting cannot tell.

    Without a backslash each quote begins or ends a text, and without space before a colon `":`
    ends the name of each field. A text that begins with a colon counts too.
    """
    if b"\\" in content or any(each in content for each in SPACED):
        return None
    return content.count(b'":')
