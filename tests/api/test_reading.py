"""Reading JSON: the quick way finds what the careful way finds, or leaves it to that one."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from usance.api import reading
from usance.api.errors import UnreadableBody

texts = st.text(st.sampled_from(list('ab:"\\ {}[],\n\x00é🙂')), max_size=4)
plain: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
written = st.builds(
    lambda value, is_compact, is_ascii: json.dumps(
        value, ensure_ascii=is_ascii, separators=(",", ":") if is_compact else None
    ).encode("utf-8", "surrogatepass"),
    plain,
    st.booleans(),
    st.booleans(),
)
pieces = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    '"b"',
    '":"',
    "1",
    "-0",
    "1.50",
    "1E400",
    " ",
    "null",
]
torn = st.lists(st.sampled_from(pieces), max_size=12).map(lambda parts: "".join(parts).encode())


def outcome(read: Any, content: bytes) -> object:
    try:
        return repr(read(content))
    except UnreadableBody as refused:
        return str(refused)


@given(written | torn | st.binary(max_size=12))
@example(b'{"a":1,"a":1}')
@example(b'{"a" :1,"a":":"}')
@example(b'{"a":1,"a":2,"b" :3}')
@example(b'{"a":":","a":1}')
@example(b"9" * 30)
@example(b"-0")
@example(b"1E400")
@example(b"[" * 40 + b"]" * 40)
@example(b'{"a":' * 40 + b"1" + b"}" * 40)
@example(b"\xef\xbb\xbf{}")
@example(b'{"a\xff":1}')
@example(b'"\xed\xa0\x80"')
@example(b"NaN")
@example(b"9" * 5000)
def test_the_quick_way_reads_as_the_careful_one(content: bytes) -> None:
    assert outcome(reading.read_json, content) == outcome(reading._read_carefully, content)


@pytest.mark.parametrize("content", [b'{"a":[1,{"b":2.50}]}', b'[{"a": "x"}, {"a": "y"}]'])
def test_an_ordinary_body_is_read_quickly(content: bytes) -> None:
    assert reading._read_quickly(content) is not reading.ODD


def test_a_field_written_twice_is_left_to_the_careful_way() -> None:
    assert reading._read_quickly(b'[{"a":1,"a":1}]') is reading.ODD


@pytest.mark.parametrize("number", [b"1e999999999999", b"-1E1001", b"1e-999999999", b"0e1001"])
@pytest.mark.parametrize("more", [b"", b'"\\u0061"'])
def test_a_number_that_would_fill_memory_is_refused_unread(number: bytes, more: bytes) -> None:
    content = b'{"value":%s,"more":[%s]}' % (number, more)
    with pytest.raises(UnreadableBody, match="number too long"):
        reading.read_json(content)
    assert reading.read_json(b'{"value":1e1000}') == {"value": Decimal("1e1000")}
