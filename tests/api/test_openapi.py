"""The API describes itself rightly: the document is valid, up to date, and true under fire."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import Case
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api import reference
from tests.api.conftest import Desk
from usance.api.openapi import METHODS, TAGS

EXAMPLES_EACH = 8
DOCUMENTED = [status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.mark.parametrize("path", reference.pages(), ids=lambda path: path.name)
def test_the_reference_says_what_the_code_does(path: Path) -> None:
    wanted = reference.pages()[path]
    assert path.read_text("utf-8") == wanted, "run `python -m tests.api.reference --write`"


def test_the_document_is_openapi_3_1() -> None:
    schemathesis.openapi.from_dict(reference.document()).validate()


def test_operations_are_named_summed_up_and_told_apart() -> None:
    described = reference.document()
    operations = [
        item[method] for item in described["paths"].values() for method in METHODS if method in item
    ]
    names = [each["operationId"] for each in operations]
    assert len(set(names)) == len(names) > 40
    assert all(each["summary"] and each["description"] for each in operations)
    assert all(set(each["tags"]) <= set(TAGS) for each in operations)


def test_the_document_is_served_without_a_key(desk: Desk) -> None:
    served = desk.http.get("/openapi.json", headers={"X-API-KEY": ""})
    assert served.json() == reference.document()
    assert served.json()["openapi"].startswith("3.1")


def test_no_request_the_document_allows_or_forbids_breaks_the_server(desk: Desk) -> None:
    desk.sign("nordlicht-2025.yaml")
    desk.post("/billing-runs")
    schema = schemathesis.openapi.from_dict(reference.document())
    key = {"X-API-KEY": desk.http.headers["x-api-key"]}
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) > 40
    for operation in operations:
        _fire(operation.as_strategy(), str(desk.http.base_url), key)


def _fire(cases: SearchStrategy[Case[Any]], address: str, headers: dict[str, str]) -> None:
    """Send a few of the requests an operation allows, the same ones each time."""

    @settings(
        max_examples=EXAMPLES_EACH,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def fire(case: Case[Any]) -> None:
        answer = case.call(base_url=address, headers=headers)
        assert answer.status_code < 500, f"{case.as_curl_command()}: {answer.text}"
        case.validate_response(answer, checks=DOCUMENTED)

    fire()
