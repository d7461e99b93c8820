"""YAML and JSON text: exact plain values come out, and nothing hostile gets in."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from usance.documents.order_form import read_form
from usance.domain.errors import Invalid

EXAMPLE = Path(__file__).parents[2] / "examples" / "orders" / "larkspur-2025.yaml"


def test_json_and_yaml_say_the_same() -> None:
    plain = read_form(EXAMPLE.read_text(encoding="utf-8"))
    assert read_form(json.dumps(plain)) == plain


def test_a_yaml_flow_mapping_is_read_though_it_begins_like_json() -> None:
    assert read_form("{currency: USD, tags: [a, b]}") == {"currency": "USD", "tags": ["a", "b"]}


def test_numbers_keep_every_digit_and_days_stay_text() -> None:
    text = "a: 0.1000\nb: 12\nc: 2025-01-01\nd: 1e3\ne: 01067\nf: -7\ng: 12:30\n"
    plain = read_form(text)
    assert plain == {
        "a": "0.1000",
        "b": 12,
        "c": "2025-01-01",
        "d": "1e3",
        "e": "01067",
        "f": -7,
        "g": "12:30",
    }
    assert read_form('{"a": 0.1000, "b": 12, "c": 1e400}') == {"a": "0.1000", "b": 12, "c": "1e400"}


def test_on_and_yes_and_no_are_words_as_in_yaml_1_2() -> None:
    assert read_form("on: yes\nno: off\nx: true\n") == {"on": "yes", "no": "off", "x": True}


HOSTILE = {
    "billion laughs": "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
    "alias": "a: 1\nb: *a\n",
    "python object": 'a: !!python/object/apply:os.system ["true"]\n',
    "python name": "a: !!python/name:os.system ''\n",
    "tag of a known type": "a: !!float 1\n",
    "tagged root": "!!map {a: 1}\n",
    "duplicate key": "currency: USD\ncurrency: EUR\n",
    "duplicate key in JSON": '{"currency": "USD", "currency": "EUR"}',
    "a key that is a list": "? [a, b]\n: 1\n",
    "a key that is a number": "1: a\n",
    "a key that is true": "true: a\n",
    "NUL": "a: b\x00c\n",
    "escaped NUL": 'a: "b\\0c"\n',
    "escaped NUL in JSON": '{"a": "b\\u0000c"}',
    "half a surrogate pair in JSON": '{"a": "\\ud800"}',
    "escape sequence": "a: \x1b[31m\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "nothing": "",
    "a list": "- a\n",
    "a word": "order",
    "tab as indent": "a:\n\tb: 1\n",
    "unclosed": "a: [1, 2\n",
    "not text as JSON nor YAML": '{"a": 1,, }',
    "deep list": "a: " + "[" * 50_000 + "]" * 50_000,
    "deep JSON": '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "deep mapping": "".join(" " * depth + "a:\n" for depth in range(1000)),
    "too large": "a: " + "x" * (1 << 20),
    "many aliases": "a: &a x\nb: [" + "*a," * 100_000 + "]\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_document_is_refused_quickly_with_its_line(text: str) -> None:
    started = time.perf_counter()
    with pytest.raises(Invalid) as refused:
        read_form(text)
    assert time.perf_counter() - started < 2
    (problem,) = refused.value.problems
    assert problem.code == "UnreadableOrderForm"
    assert problem.path.startswith("line ")
    assert len(problem.value) <= 80


def test_the_line_of_a_problem_is_the_one_a_person_looks_at() -> None:
    with pytest.raises(Invalid) as refused:
        read_form("currency: USD\nterm:\n  start: 2025-01-01\ncurrency: EUR\n")
    (problem,) = refused.value.problems
    assert (problem.path, problem.value) == ("line 4", "currency")
