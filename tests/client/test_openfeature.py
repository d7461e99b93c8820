"""The provider for OpenFeature, through OpenFeature's own client."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason
from openfeature.track import TrackingEventDetails

from tests.client.conftest import Clients, until
from tests.client.double import Double, allowance, feature
from usance_client import Fallback, UsanceClient
from usance_client.openfeature import UsanceProvider


@pytest.fixture
def client(connect: Clients, server: Double) -> UsanceClient:
    """A client of a customer with a feature of each kind."""
    server.give(
        "acme",
        sso=feature("BOOLEAN"),
        api_calls=feature("METERED", allowance("10", "3")),
        days=feature("CONFIGURATION", allowance("30")),
        rate=feature("CONFIGURATION", allowance("0.5")),
        seats=feature("METERED", allowance(None)),
        regions=feature("ENUM", values=["us", "eu"]),
    )
    return connect(customers=["acme"], fallbacks={"days": Fallback(has_access=True, limit=None)})


@pytest.fixture
def flags(client: UsanceClient) -> Iterator[OpenFeatureClient]:
    """OpenFeature with the provider behind it."""
    api.set_provider(UsanceProvider(client))
    yield api.get_client()
    api.clear_providers()


def acme(**attributes: Any) -> EvaluationContext:
    """A context of the customer."""
    return EvaluationContext("acme", attributes)


def test_flags_of_every_kind(flags: OpenFeatureClient) -> None:
    assert flags.get_boolean_value("sso", False, acme())
    assert flags.get_integer_value("days", 1, acme()) == 30
    assert flags.get_float_value("rate", 1.0, acme()) == 0.5
    assert flags.get_string_value("regions", "", acme()) == "eu,us"
    assert flags.get_object_value("regions", [], acme()) == ["eu", "us"]
    decision = flags.get_object_value("api-calls", {}, acme())
    assert isinstance(decision, dict)
    assert decision["remaining"] == "7"


def test_unlimited_is_a_number_too(flags: OpenFeatureClient) -> None:
    assert flags.get_integer_value("seats", 1, acme()) == 2**53 - 1
    assert flags.get_float_value("seats", 1.0, acme()) == math.inf


def test_a_meter_is_asked_for_so_much(flags: OpenFeatureClient) -> None:
    assert flags.get_boolean_value("api-calls", False, acme(requestedUsage=7))
    details = flags.get_boolean_details("api-calls", True, acme(requestedUsage="7.5"))
    assert not details.value
    assert (details.reason, details.variant) == (Reason.TARGETING_MATCH, "denied")
    assert details.flag_metadata["denialReason"] == "RequestedUsageExceedingLimit"
    assert not flags.get_boolean_value("regions", True, acme(requestedValues=["jp"]))


def test_what_is_not_in_the_plan_is_off_and_numbers_are_the_default(
    flags: OpenFeatureClient,
) -> None:
    assert not flags.get_boolean_value("other", True, acme())
    details = flags.get_integer_details("other", 5, acme())
    assert (details.value, details.reason, details.error_code) == (5, Reason.DEFAULT, None)


@pytest.mark.parametrize(
    ("kind", "flag", "default", "context", "code"),
    [
        ("boolean", "sso", True, None, ErrorCode.TARGETING_KEY_MISSING),
        ("integer", "sso", 5, acme(), ErrorCode.TYPE_MISMATCH),
        ("integer", "rate", 5, acme(), ErrorCode.TYPE_MISMATCH),
        ("string", "days", "x", acme(), ErrorCode.TYPE_MISMATCH),
        ("boolean", "sso", True, acme(requestedUsage=-1), ErrorCode.INVALID_CONTEXT),
        ("boolean", "sso", True, acme(requestedUsage=0.5), ErrorCode.INVALID_CONTEXT),
        ("boolean", "sso", True, acme(requestedValues="eu"), ErrorCode.INVALID_CONTEXT),
        ("boolean", "sso", True, acme(resourceId=1), ErrorCode.INVALID_CONTEXT),
    ],
)
def test_a_wrong_question_has_an_error_code_and_the_default(
    flags: OpenFeatureClient, kind: str, flag: str, default: Any, context: Any, code: ErrorCode
) -> None:
    details = getattr(flags, f"get_{kind}_details")(flag, default, context)
    assert (details.value, details.reason, details.error_code) == (default, Reason.ERROR, code)


def test_what_is_known_is_stale_and_what_is_not_is_the_default(
    connect: Clients, server: Double
) -> None:
    connect(cache="cache", customers=["acme"]).close()
    server.shut()
    client = connect(cache="cache", fallbacks={"days": Fallback(has_access=True)})
    provider = UsanceProvider(client)
    known = provider.resolve_boolean_details("api-calls", False, acme())
    assert (known.value, known.reason) == (True, Reason.STALE)
    unknown = provider.resolve_boolean_details("sso", True, EvaluationContext("globex"))
    assert (unknown.value, unknown.reason) == (True, Reason.DEFAULT)
    configured = provider.resolve_float_details("days", 1.0, EvaluationContext("globex"))
    assert (configured.value, configured.reason) == (math.inf, Reason.DEFAULT)


def test_what_is_tracked_is_an_event(
    flags: OpenFeatureClient, client: UsanceClient, server: Double
) -> None:
    details = TrackingEventDetails(3.5, {"region": "eu", "nested": ["no"]})
    flags.track("checkout", acme(), details)
    client.flush()
    until(lambda: server.seen)
    (event,) = server.seen.values()
    assert (event["eventName"], event["customerId"]) == ("checkout", "acme")
    assert event["dimensions"]["region"] == "eu"
    assert float(event["dimensions"]["value"]) == 3.5


def test_shutting_it_down_closes_the_client(connect: Clients, server: Double) -> None:
    client = connect(customers=["acme"], flush_interval=60)
    client.report_usage("acme", "api-calls", 1)
    UsanceProvider(client).shutdown()
    assert server.used("acme", "api-calls") == 4
