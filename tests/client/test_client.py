"""The client beside a server that is there: checks, news, usage."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.client.conftest import Clients, until
from tests.client.double import Double, allowance, feature
from usance_client import DenialReason


def test_a_check_lets_through_what_is_left_and_no_more(connect: Clients) -> None:
    client = connect(customers=["acme"])
    assert client.check("acme", "api-calls", 7)
    decision = client.check("acme", "api-calls", 8)
    assert not decision
    assert decision.denial_reason is DenialReason.REQUESTED_USAGE_EXCEEDING_LIMIT
    assert (decision.limit, decision.current_usage) == (Decimal(10), Decimal(3))
    assert decision.remaining == 7
    assert not decision.is_fallback
    assert not decision.is_stale


def test_a_customer_is_asked_for_at_the_first_check(connect: Clients, server: Double) -> None:
    client = connect()
    assert client.check("acme", "api-calls", 7)
    assert not client.check("acme", "api-calls", 8)
    assert server.asked == ["acme"]


def test_a_customer_nobody_knows_is_denied_and_asked_about_once(
    connect: Clients, server: Double
) -> None:
    client = connect(default_fallback=True)
    for _ in range(3):
        decision = client.check("nobody", "api-calls")
        assert decision.denial_reason is DenialReason.CUSTOMER_NOT_FOUND
        assert not decision.is_fallback
    assert server.asked == ["nobody"]


def test_a_customer_who_was_not_there_is_found_half_a_minute_later(
    connect: Clients, server: Double
) -> None:
    moved = [0]
    client = connect(clock=lambda: 1_750_000_000 * 10**9 + moved[0])
    assert not client.check("later", "sso")
    server.give("later", sso=feature("BOOLEAN"))
    assert not client.check("later", "sso")
    moved[0] = 30 * 10**9
    assert client.check("later", "sso")


def test_a_feature_that_is_not_in_the_plan_is_denied(connect: Clients) -> None:
    client = connect(customers=["acme"])
    decision = client.check("acme", "sso")
    assert decision.denial_reason is DenialReason.NO_FEATURE_ENTITLEMENT


def test_an_upgrade_arrives_by_itself(connect: Clients, server: Double) -> None:
    client = connect(customers=["acme"])
    assert not client.check("acme", "api-calls", 50)
    server.give("acme", api_calls=feature("METERED", allowance("100", "3")), sso=feature("BOOLEAN"))
    until(lambda: client.check("acme", "api-calls", 50))
    assert client.is_enabled("acme", "sso")


def test_a_feature_taken_away_is_denied_once_its_news_is_here(
    connect: Clients, server: Double
) -> None:
    client = connect(customers=["acme"])
    server.give("acme")
    until(lambda: not client.check("acme", "api-calls"))


def test_numbers_and_lists_have_getters(connect: Clients, server: Double) -> None:
    server.give(
        "acme",
        days=feature("CONFIGURATION", allowance("30")),
        seats=feature("METERED", allowance(None)),
        regions=feature("ENUM", values=["eu", "us"]),
        old=feature("BOOLEAN", isGranted=False, deniedReason="Revoked"),
    )
    client = connect(customers=["acme"])
    assert client.numeric_value("acme", "days") == 30
    assert client.numeric_value("acme", "seats") == Decimal("Infinity")
    assert client.numeric_value("acme", "old") is None
    assert client.enum_values("acme", "regions") == {"eu", "us"}
    assert not client.is_enabled("acme", "old")
    assert client.check("acme", "old").denial_reason is DenialReason.REVOKED
    assert client.check("acme", "regions", requested_values=["eu"])
    refused = client.check("acme", "regions", requested_values=["eu", "jp"])
    assert refused.denial_reason is DenialReason.REQUESTED_VALUES_MISMATCH
    assert set(client.entitlements("acme")) == {"days", "seats", "regions", "old"}


def test_what_is_reported_counts_in_the_next_check(connect: Clients, server: Double) -> None:
    client = connect(customers=["acme"], flush_interval=60)
    client.report_usage("acme", "api-calls", 6)
    assert client.check("acme", "api-calls", 1)
    assert not client.check("acme", "api-calls", 2)
    assert server.used("acme", "api-calls") == 3


def test_what_is_reported_reaches_the_server_once(connect: Clients, server: Double) -> None:
    client = connect(customers=["acme"])
    for _ in range(250):
        client.report_usage("acme", "api-calls", "0.01")
    assert client.flush()
    assert server.used("acme", "api-calls") == Decimal("5.5")
    assert max(server.batches) <= 100
    assert client.check("acme", "api-calls").current_usage == Decimal("5.5")
    assert client.status.pending == 0


def test_a_number_may_be_set(connect: Clients, server: Double) -> None:
    client = connect(customers=["acme"])
    client.report_usage("acme", "api-calls", 2)
    client.report_usage("acme", "api-calls", 8, is_set=True)
    client.report_usage("acme", "api-calls", -1)
    assert client.check("acme", "api-calls").current_usage == 7
    assert client.flush()
    assert server.used("acme", "api-calls") == 7
    assert client.check("acme", "api-calls").current_usage == 7


def test_a_key_of_ones_own_counts_once(connect: Clients, server: Double) -> None:
    client = connect(customers=["acme"], flush_interval=60)
    for _ in range(3):
        client.report_usage("acme", "api-calls", 1, idempotency_key="order-1")
    assert client.check("acme", "api-calls").current_usage == 4
    assert client.flush()
    assert server.used("acme", "api-calls") == 4


def test_events_go_to_the_meters_of_the_server(connect: Clients, server: Double) -> None:
    client = connect()
    key = client.track("acme", "api_call", dimensions={"region": "eu", "size": 3})
    assert client.flush()
    event = server.seen[key]
    assert (event["eventName"], event["dimensions"]) == ("api_call", {"region": "eu", "size": 3})


def test_usage_the_server_will_never_take_does_not_hold_up_the_rest(
    connect: Clients, server: Double
) -> None:
    server.refused_features = {"no-such-feature"}
    client = connect(customers=["acme"], flush_interval=60)
    for index in range(9):
        client.report_usage("acme", "api-calls", 1)
        if index == 4:
            client.report_usage("acme", "no-such-feature", 1)
    assert client.flush()
    assert server.used("acme", "api-calls") == 12
    assert (client.status.refused, client.status.pending) == (1, 0)


def test_an_address_that_is_not_the_servers_does_not_use_up_usage(connect: Clients) -> None:
    client = connect(below="/elsewhere", flush_interval=60)
    client.report_usage("acme", "api-calls", 1)
    assert not client.flush(0.5)
    assert client.status.pending == 1


def test_usage_that_met_somebody_elses_request_is_sent_again(
    connect: Clients, server: Double
) -> None:
    server.is_busy = True
    client = connect(customers=["acme"], flush_interval=60)
    client.report_usage("acme", "api-calls", 1)
    assert not client.flush(0.3)
    server.is_busy = False
    assert client.flush()
    assert client.status.refused == 0
    assert server.used("acme", "api-calls") == 4


def test_two_clients_see_each_others_usage(connect: Clients) -> None:
    one, other = connect(customers=["acme"]), connect(customers=["acme"])
    one.report_usage("acme", "api-calls", 4)
    until(lambda: other.check("acme", "api-calls").current_usage == 7)


@pytest.mark.parametrize("number", [0.5, True])
def test_a_binary_float_is_no_quantity(connect: Clients, number: object) -> None:
    client = connect()
    with pytest.raises(TypeError, match="binary"):
        client.report_usage("acme", "api-calls", number)  # type: ignore[arg-type]


def test_nobody_asks_for_less_than_nothing(connect: Clients) -> None:
    client = connect(customers=["acme"])
    with pytest.raises(ValueError, match="zero or more"):
        client.check("acme", "api-calls", -1)


def test_a_part_of_a_unit_is_compared_exactly(connect: Clients, server: Double) -> None:
    server.give("acme", gigabytes=feature("METERED", allowance("0.3", "0.1")))
    client = connect(customers=["acme"])
    assert client.check("acme", "gigabytes", "0.2")
    assert not client.check("acme", "gigabytes", "0.20000000000000000001")
