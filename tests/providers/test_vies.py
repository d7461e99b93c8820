"""VIES as it answers, and as it does not."""

from __future__ import annotations

import pytest

from tests.providers.doubles import service
from usance.domain.customer import TaxId
from usance.providers.errors import ProviderError
from usance.providers.vies import Vies

FRENCH, GERMAN = TaxId("eu_vat", "FR 40 303 265 045"), TaxId("eu_vat", "DE136695976")
VALID = {
    "isValid": True,
    "requestDate": "2026-03-01T10:00:00.000Z",
    "userError": "VALID",
    "name": "SA ACME",
    "address": "1 RUE DE LA PAIX\n75002 PARIS",
    "requestIdentifier": "WAPIAAAAZ9cWmQXG",
    "vatNumber": "40303265045",
}


def test_a_registered_number_comes_with_its_holder_and_a_proof() -> None:
    with service(VALID) as vies:
        said = Vies(vies.url).look_up(FRENCH, asked_by=GERMAN)
    assert said[:3] == (True, "WAPIAAAAZ9cWmQXG", "SA ACME")
    assert said.answer == VALID
    asked = "/ms/FR/vat/40303265045?requesterMemberStateCode=DE&requesterNumber=136695976"
    assert vies.asked == [(asked, None)]


def test_an_unknown_number_is_an_answer_and_dashes_are_nothing() -> None:
    with service({**VALID, "isValid": False, "userError": "INVALID", "name": "---"}) as vies:
        said = Vies(vies.url).look_up(FRENCH, asked_by=None)
    assert (said.is_valid, said.name) == (False, "")
    assert vies.asked == [("/ms/FR/vat/40303265045", None)]


@pytest.mark.parametrize(
    ("plain", "retryable"),
    [
        ({"isValid": False, "userError": "MS_UNAVAILABLE"}, True),
        ({"errorWrappers": [{"error": "MS_MAX_CONCURRENT_REQ"}]}, True),
        ({"isValid": False, "userError": "INVALID_REQUESTER_INFO"}, False),
        ({"mood": "good"}, True),
    ],
)
def test_a_state_that_is_away_says_nothing_about_a_number(
    plain: dict[str, object], *, retryable: bool
) -> None:
    with service(plain) as vies, pytest.raises(ProviderError) as failed:
        Vies(vies.url).look_up(FRENCH, asked_by=None)
    assert failed.value.retryable is retryable


@pytest.mark.parametrize(
    ("content", "status", "retryable"),
    [
        (b"<html>", 200, False),
        (b"[]", 200, False),
        (b'{"name": "\\u0000"}', 200, False),
        (b'{"name": "\\ud800"}', 200, False),
        (b"x" * 1_000_001, 200, False),
        (b"{}", 503, True),
        (b"{}", 404, False),
    ],
)
def test_what_is_no_answer_is_a_failure_outside(
    content: bytes, status: int, *, retryable: bool
) -> None:
    with service(content, status) as vies, pytest.raises(ProviderError) as failed:
        Vies(vies.url).look_up(FRENCH, asked_by=None)
    assert failed.value.retryable is retryable


def test_nobody_at_home_may_be_there_later() -> None:
    with service() as gone:
        url = gone.url
    with pytest.raises(ProviderError) as failed:
        Vies(url).look_up(FRENCH, asked_by=None)
    assert failed.value.retryable
