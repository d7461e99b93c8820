"""A text of events read at once holds what reading it closely finds, or is left to that."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.domain.usage_values import ODD_TEXTS
from usance.documents.event_text import read_event_text
from usance.domain.errors import Invalid
from usance.domain.metering.batches import read_batch

PLAIN = '{"customerId":"acme","eventName":"call","idempotencyKey":"k1"}'

odd: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", " ", "usage:x", "a" * 255, "a" * 256, "\x7f", "a b", ":a", "\xa0", "🙂"]),
    st.sampled_from(ODD_TEXTS),
    st.lists(st.none(), max_size=1),
    st.dictionaries(st.just("a"), st.none(), max_size=1),
)
instants = st.sampled_from(
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.1234567Z",
        "2026-01-01T02:00:00+02:00",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "1899-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "yesterday",
        "",
    ]
)
names = st.sampled_from(["tokens", "region", "", "a" * 101, "é", "\n"])
documents = st.fixed_dictionaries(
    {
        "customerId": st.sampled_from(["acme", "bolt"]) | odd,
        "eventName": st.just("call") | odd,
        "idempotencyKey": st.sampled_from(["k1", "k2"]) | odd,
    },
    optional={
        "timestamp": instants | odd,
        "resourceId": st.just("berlin") | odd,
        "dimensions": st.dictionaries(names, odd, max_size=3) | odd,
        "reverses": st.none() | st.just("k0"),
        "extra": st.none(),
    },
)
plain = st.fixed_dictionaries(
    {
        "customerId": st.sampled_from(["acme", "bolt"]),
        "eventName": st.just("call"),
        "idempotencyKey": st.text(min_size=1, max_size=3),
    },
    optional={
        "timestamp": st.none() | instants,
        "resourceId": st.none() | st.just("berlin"),
        "dimensions": st.dictionaries(st.sampled_from(["tokens", "region"]), odd, max_size=2),
    },
)
batches = st.lists(documents, max_size=2) | st.lists(plain, max_size=3)


def closely(content: bytes) -> list[Any] | None:
    """The events, one by one; None for what is refused."""
    try:
        return list(read_batch(json.loads(content, parse_float=Decimal)["events"]))
    except Invalid:
        return None


@given(batches, st.booleans())
@example(
    [{"customerId": "acme", "eventName": "call", "idempotencyKey": "k", "timestamp": ""}], True
)
@example([{"customerId": "acme", "eventName": "call", "idempotencyKey": ""}], True)
def test_a_text_read_at_once_holds_the_events_that_are_read_one_by_one(
    sent: list[dict[str, Any]], is_compact: bool
) -> None:
    separators = (",", ":") if is_compact else None
    content = json.dumps({"events": sent}, ensure_ascii=False, separators=separators).encode()
    found = read_event_text(content)
    if found is not None:
        assert repr(found) == repr(closely(content))


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"timestamp": "2026-01-01T00:00:00.123+00:00", "resourceId": "berlin"},
        {"timestamp": None, "resourceId": None, "dimensions": None},
        {"dimensions": {"tokens": 12.5, "region": "eu", "is_test": True, "calls": 7}},
        {"dimensions": {"share": 0.30000000000000004, "whole": 5.0, "none": -0.0, "many": 10**16}},
    ],
)
def test_ordinary_events_are_read_at_once(more: dict[str, Any]) -> None:
    sent = [{**json.loads(PLAIN), **more}, json.loads(PLAIN)]
    content = json.dumps({"events": sent}).encode()
    found = read_event_text(content)
    assert found is not None
    assert found == closely(content)
    assert repr(found) == repr(closely(content))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"events":[]}',
        b'{"events":null}',
        f'{{"events":[{PLAIN}],"more":1}}'.encode(),
        f'{{"events":[{PLAIN}]}} x'.encode(),
        f'{{"events":[{PLAIN}],"events":[{PLAIN}]}}'.encode(),
        f'{{"events":[{",".join([PLAIN] * 1001)}]}}'.encode(),
        f'{{"events":[{PLAIN[:-1]},"eventName":"other"}}]}}'.encode(),
        f'{{"events":[{PLAIN[:-1]},"eventName":"other","resourceId" :"x"}}]}}'.encode(),
        f'{{"events":[{PLAIN[:-1]},"dimensions":{{"a":1,"a":2}}}}]}}'.encode(),
        f'{{"events":[{PLAIN[:-1]},"dimensions":{{"a":1,"a":2,"b"\t:3}}}}]}}'.encode(),
        f'{{"events":[{PLAIN[:-1]},"dimensions":{{"a":1e999999999999999999}}}}]}}'.encode(),
        f'{{"events":[{PLAIN[:-1]},"dimensions":{{"a":"\\u0000"}}}}]}}'.encode(),
        f'{{"events":[{PLAIN[:-1]},"reverses":"k0"}}]}}'.encode(),
        PLAIN.join(('{"events":[', "]}")).encode().replace(b"k1", b"\xed\xa0\x80"),
        PLAIN.join(('{"events":[', "]}")).encode("utf-16"),
    ],
)
def test_whatever_is_odd_is_left_to_be_read_closely(content: bytes) -> None:
    assert read_event_text(content) is None
