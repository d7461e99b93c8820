"""Files of usage events: three notations, one meaning; whole or not at all."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.usage_values import at, document
from usance.documents.event_file import MAX_PROBLEMS, read_events
from usance.domain.errors import Invalid

FIRST = document(timestamp="2026-01-01T00:00:00Z", dimensions={"tokens": 12, "region": "eu"})
SECOND = document(idempotencyKey="k2", resourceId="workspace-1")
HEAD = "customerId,eventName,idempotencyKey,timestamp,dimensions.region"


def problems(text: str, path: str) -> list[tuple[str, str, str]]:
    with pytest.raises(Invalid) as refused:
        read_events(text, path)
    return [(problem.code, problem.path, problem.value) for problem in refused.value.problems]


def test_json_lines_and_a_json_array_mean_the_same() -> None:
    lines = f"{json.dumps(FIRST)}\n\n{json.dumps(SECOND)}\r\n"
    array = json.dumps([FIRST, SECOND], indent=2)
    assert read_events(lines, "usage.jsonl") == read_events(array, "imports/USAGE.JSON")
    [first, second] = read_events(lines, "usage.ndjson")
    assert first.occurred_at == at(0)
    assert first.dimensions == {"tokens": Decimal(12), "region": "eu"}
    assert second.resource_id == "workspace-1"


def test_a_table_has_a_column_a_field_and_empty_cells_are_absent() -> None:
    text = (
        "\ufeffcustomerId,eventName,idempotencyKey,timestamp,resourceId,"
        "dimensions.tokens,dimensions.note\r\n"
        'acme,call,k1,2026-01-01T00:00:00Z,,12.5,"two\nlines, one cell"\r\n'
        "acme,call,k2,,workspace-1,,\r\n"
    )
    [first, second] = read_events(text, "usage.csv")
    assert first.dimensions == {"tokens": "12.5", "note": "two\nlines, one cell"}
    assert (first.occurred_at, first.resource_id) == (at(0), None)
    assert (second.occurred_at, second.resource_id) == (None, "workspace-1")
    assert second.dimensions == {}


def test_numbers_in_json_are_read_exactly() -> None:
    text = '{"customerId": "acme", "eventName": "call", "idempotencyKey": "k", "dimensions": %s}'
    [sent] = read_events(text % '{"n": 12345678901234567.123456789012}', "usage.jsonl")
    assert sent.dimensions == {"n": Decimal("12345678901234567.123456789012")}
    [(code, path, _)] = problems(text % '{"n": NaN}', "usage.jsonl")
    assert (code, path) == ("InvalidDimension", "usage.jsonl:1.dimensions.n")


@given(st.lists(st.booleans(), min_size=1, max_size=6).filter(lambda good: not all(good)))
def test_a_file_that_half_parses_imports_nothing_and_names_the_lines(good: list[bool]) -> None:
    documents = [document(idempotencyKey=f"k{i}" if ok else "") for i, ok in enumerate(good)]
    wrong = [i for i, ok in enumerate(good, start=1) if not ok]
    lines = "\n".join(map(json.dumps, documents))
    array = "[\n" + ",\n".join(map(json.dumps, documents)) + "\n]"
    table = f"{HEAD}\n" + "".join(f"acme,call,{d['idempotencyKey']},,eu\n" for d in documents)
    for text, name, skipped in ((lines, "u.jsonl", 0), (array, "u.json", 1), (table, "u.csv", 1)):
        assert problems(text, name) == [
            ("InvalidName", f"{name}:{line + skipped}.idempotencyKey", "") for line in wrong
        ]


@pytest.mark.parametrize(
    ("text", "name", "path"),
    [
        ('{"customerId": "acme"', "u.jsonl", "u.jsonl:1"),
        ("[" * 100_000, "u.jsonl", "u.jsonl:1"),
        ('{"a": %s}' % ("1" * 5000), "u.jsonl", "u.jsonl:1"),
        ("{}", "u.json", "u.json:1"),
        ("", "u.json", "u.json:1"),
        ("\n[", "u.json", "u.json:2"),
        (f"[{json.dumps(SECOND)}\n {json.dumps(SECOND)}]", "u.json", "u.json:2"),
        (f"[{json.dumps(SECOND)},\n]", "u.json", "u.json:2"),
        (f"[{json.dumps(SECOND)}\n] x", "u.json", "u.json:2"),
        (f"{HEAD},resource\n", "u.csv", "u.csv:1"),
        ("customerId,eventName\n", "u.csv", "u.csv:1"),
        (f"{HEAD},timestamp\n", "u.csv", "u.csv:1"),
        ("", "u.csv", "u.csv:1"),
        (f"{HEAD}\nacme,call,k1,\n", "u.csv", "u.csv:2"),
        (f'{HEAD}\nacme,call,"k1"x,,\n', "u.csv", "u.csv:2"),
        (f'{HEAD}\nacme,call,"k1,,eu\n', "u.csv", "u.csv:2"),
    ],
)
def test_a_broken_file_is_refused_at_its_line(text: str, name: str, path: str) -> None:
    assert [found[:2] for found in problems(text, name)] == [("UnreadableFile", path)]


def test_every_problem_before_the_broken_line_is_named_too() -> None:
    assert [found[1] for found in problems("{}\nx\n", "u.jsonl")] == [
        "u.jsonl:1.customerId",
        "u.jsonl:1.eventName",
        "u.jsonl:1.idempotencyKey",
        "u.jsonl:2",
    ]


def test_a_hundred_problems_are_enough() -> None:
    assert len(problems("{}\n" * 1000, "u.jsonl")) == MAX_PROBLEMS


@pytest.mark.parametrize(
    ("text", "name"), [("\n\n", "u.jsonl"), ("[ ]", "u.json"), (HEAD, "u.csv")]
)
def test_a_file_without_events_is_a_mistake(text: str, name: str) -> None:
    assert problems(text, name) == [("EmptyFile", name, "")]


def test_a_file_of_another_kind_is_refused() -> None:
    assert problems("", "/somewhere/usage.xlsx") == [("UnknownFileKind", "", "usage.xlsx")]
