"""Fields of a JSON text are counted without missing one."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from usance.documents.plain_json import field_count

pieces = st.sampled_from(
    ["{", "}", "[", "]", ",", ":", '"a"', '"b"', '":"', '" :"', "1", "null", " ", "\n", "\t", "\r"]
)


@given(st.lists(pieces, max_size=16).map("".join))
@example('{"a":1,"a":2,"b" :3}')
@example('{"a":1,"a":2,"b"\n:3}')
@example('{"a":":","a":1}')
def test_no_fewer_fields_are_counted_than_were_written(text: str) -> None:
    written = 0

    def count(pairs: list[tuple[str, Any]]) -> None:
        nonlocal written
        written += len(pairs)

    try:
        json.loads(text, object_pairs_hook=count)
    except ValueError:
        return
    counted = field_count(text.encode())
    assert counted is None or counted >= written


def test_the_fields_of_an_ordinary_text_are_counted() -> None:
    assert field_count(b'{"a": [{"b": "c"}, {"b": 1}], "d": null}') == 4
