"""Usage through Stigg's SDK: numbers and events in, and where usage stands after them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stigg import NotFoundError, Stigg, UnprocessableEntityError
from stigg.types.v1.event_report_params import Event
from stigg.types.v1.usage_report_response import Data

from tests.api.conftest import FIRST_DAY, Desk
from tests.api.stigg_sdk.conftest import async_stigg
from tests.store.held import ACME, Offers, gives, number
from usance.domain.catalog import MeterType
from usance.domain.plans.entitlements import ResetPeriod

MONTHLY: Any = {"reset_period": ResetPeriod.MONTH}
# The SDK calls version 1 of reporting deprecated; it is to work all the same.
pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")


@pytest.fixture
def acme(desk: Desk) -> Offers:
    """Acme may send 100 messages a month and has 10 desks; neither has a meter."""
    messages, desks = number("messages", MeterType.INCREMENTAL), number("desks")
    offers = Offers(desk.runtime, desk.scope).open(messages, desks, number("size", MeterType.NONE))
    offers.subscribe(offers.plan("pro", gives("messages", 100, **MONTHLY), gives("desks", 10)))
    return offers


def report(stigg: Stigg, feature_id: str, value: float, **more: Any) -> Data:
    """One number of Acme's."""
    usage: Any = {"customer_id": ACME, "feature_id": feature_id, "value": value, **more}
    [measured] = stigg.v1.usage.report(usages=[usage]).data
    return measured


def checked(stigg: Stigg, feature_id: str) -> float | None:
    """What a check says is used."""
    found: Any = stigg.v1.customers.check_entitlement(ACME, feature_id=feature_id)
    used: float | None = found.data.current_usage
    return used


def refusal(stigg: Stigg, *usages: dict[str, Any]) -> list[tuple[str, str]]:
    """Code and path of each problem of a batch that is refused."""
    with pytest.raises(UnprocessableEntityError) as refused:
        stigg.v1.usage.report(usages=list(usages))  # type: ignore[arg-type]
    body: Any = refused.value.body
    details = body["error"]["details"] if "error" in body else body["details"]
    return [(each["code"], each["path"]) for each in details]


def test_a_report_counts_at_once_in_its_window(desk: Desk, stigg: Stigg, acme: Offers) -> None:
    first = report(stigg, "messages", 30)
    assert (first.value, first.current_usage) == (30, 30)
    assert first.usage_period_start == FIRST_DAY
    assert first.usage_period_end == first.next_reset_date == FIRST_DAY.replace(month=2)
    assert report(stigg, "messages", 2.5).current_usage == 32.5
    assert checked(stigg, "messages") == 32.5
    desk.at("2025-02-02")
    assert report(stigg, "messages", 4).current_usage == 4, "a month later it counts from zero"
    late = report(stigg, "messages", 1, created_at=FIRST_DAY + timedelta(days=3))
    assert late.current_usage == 33.5, "in the window in which it was used"
    assert checked(stigg, "messages") == 4


def test_set_makes_the_value_what_is_used(stigg: Stigg, acme: Offers) -> None:
    assert report(stigg, "desks", 7).current_usage == 7
    lowered = report(stigg, "desks", 3, update_behavior="SET")
    assert (lowered.value, lowered.current_usage) == (3, 3)
    assert lowered.usage_period_start is None
    assert report(stigg, "desks", -1).current_usage == 2
    assert checked(stigg, "desks") == 2


def test_set_of_a_resource_is_what_that_resource_uses(stigg: Stigg, acme: Offers) -> None:
    report(stigg, "desks", 4, resource_id="berlin", update_behavior="SET")
    report(stigg, "desks", 5, resource_id="paris", update_behavior="SET")
    moved = report(stigg, "desks", 6, resource_id="berlin", update_behavior="SET")
    assert moved.resource_id == "berlin"
    assert checked(stigg, "desks") == 11, "the customer's subscription counts all its resources"


def test_a_batch_is_counted_in_its_order(stigg: Stigg, acme: Offers) -> None:
    usage: dict[str, Any] = {"customer_id": ACME, "feature_id": "desks"}
    told = stigg.v2.usage.report(
        usages=[
            {**usage, "value": 5},  # type: ignore[typeddict-item]
            {**usage, "value": 8, "update_behavior": "SET"},  # type: ignore[typeddict-item]
            {**usage, "value": 1, "idempotency_key": "k"},  # type: ignore[typeddict-item]
            {**usage, "value": 1, "idempotency_key": "k"},  # type: ignore[typeddict-item]
        ]
    ).data
    assert [each.current_usage for each in told.usages] == [5, 8, 9, 9]
    assert told.usages[2].id == told.usages[3].id != told.usages[1].id
    assert (told.usages[0].credit, told.credits, told.entities) == (None, None, None)


def test_a_key_counts_once_and_answers_the_same_measurement(stigg: Stigg, acme: Offers) -> None:
    first = report(stigg, "messages", 30, idempotency_key="k", dimensions={"region": "eu"})
    again = report(stigg, "messages", 99, idempotency_key="k")
    assert again == first, "whatever it says the second time"
    assert report(stigg, "desks", 1, idempotency_key="k").current_usage == 1, "of a feature"
    keyless = [report(stigg, "desks", 1).id for _ in range(2)]
    assert len(set(keyless)) == 2
    assert checked(stigg, "desks") == 3


def test_fractions_are_rounded_half_away_from_zero_to_five_places(desk: Desk, acme: Offers) -> None:
    for sent, kept in (("0.000005", 0.00001), ("-0.000005", -0.00001), ("1.0000049", 1)):
        body = f'{{"usages":[{{"customerId":"{ACME}","featureId":"desks","value":{sent}}}]}}'
        headers = {"Content-Type": "application/json"}
        answer = desk.http.post("/api/v1/usage", content=body, headers=headers)
        assert (answer.status_code, answer.json()["data"][0]["value"]) == (201, kept)


@pytest.mark.parametrize("value", [2**53, -(2**53), 2**35 + 0.5, 1e300, True, "5", None])
def test_a_value_that_cannot_be_counted_exactly_is_refused(
    stigg: Stigg, acme: Offers, value: Any
) -> None:
    usage = {"customer_id": ACME, "feature_id": "desks", "value": value}
    assert refusal(stigg, usage) == [("InvalidUsageValue", "usages[0].value")]


def test_the_largest_values_are_kept_exactly(stigg: Stigg, acme: Offers) -> None:
    assert report(stigg, "desks", 2**53 - 1).current_usage == 2**53 - 1
    assert report(stigg, "desks", -(2**53 - 1)).current_usage == 0
    assert report(stigg, "desks", 2**35 - 0.5).value == 2**35 - 0.5


def test_every_report_that_cannot_be_taken_is_named_and_none_is_taken(
    stigg: Stigg, acme: Offers
) -> None:
    good = {"customer_id": ACME, "feature_id": "desks", "value": 1}
    assert refusal(
        stigg,
        good,
        {**good, "customer_id": "nobody"},
        {**good, "feature_id": "nothing"},
        {**good, "feature_id": "size"},
        {**good, "feature_id": "api-calls"},
        {**good, "created_at": FIRST_DAY + timedelta(days=2)},
    ) == [
        ("CustomerNotFound", "usages[1].customerId"),
        ("FeatureNotFound", "usages[2].featureId"),
        ("FeatureNotMetered", "usages[3].featureId"),
        ("CannotReportUsageForEntitlementWithMeterError", "usages[4].featureId"),
        ("TimestampInFuture", "usages[5].createdAt"),
    ]
    assert checked(stigg, "desks") == 0
    assert refusal(
        stigg,
        {**good, "updateBehavior": "ADD"},
        {**good, "dimensions": {"usage:value": 7}},
        {**good, "customer_id": "no body", "extra": 1},
    ) == [
        ("UnknownWord", "usages[0].updateBehavior"),
        ("ReservedName", "usages[1].dimensions.usage:value"),
        ("UnknownField", "usages[2].extra"),
        ("InvalidId", "usages[2].customerId"),
    ]
    assert refusal(stigg) == [("InvalidBatch", "usages")]
    assert refusal(stigg, *[good] * 1001) == [("InvalidBatch", "usages")]


def test_nobody_reports_events_under_our_name(stigg: Stigg, acme: Offers) -> None:
    with pytest.raises(UnprocessableEntityError, match="ReservedName"):
        stigg.v1.events.report(
            events=[
                {"customer_id": ACME, "event_name": "usage:desks", "idempotency_key": "k"},
            ]
        )


def test_events_are_taken_in_and_answered(stigg: Stigg) -> None:
    told = stigg.v1.events.report(
        events=[
            {
                "customer_id": "nordlicht",
                "event_name": "api_calls",
                "idempotency_key": "k",
                "timestamp": datetime(2025, 1, 1, 9, tzinfo=UTC),
                "resource_id": "berlin",
                "dimensions": {"calls": 3, "status": "ok", "is_test": False},
            }
        ]
    )
    assert isinstance(told.data, dict)
    assert told.data["accepted"] == 1


def test_an_event_is_the_same_by_key_customer_name_resource_and_timestamp(stigg: Stigg) -> None:
    one: Event = {
        "customer_id": "nordlicht",
        "event_name": "api_calls",
        "idempotency_key": "again",
        "timestamp": datetime(2025, 1, 1, 9, tzinfo=UTC),
        "resource_id": "berlin",
    }
    others: list[Event] = [
        {**one, "customer_id": "suedwind"},
        {**one, "event_name": "logins"},
        {**one, "resource_id": "hamburg"},
        {**one, "timestamp": datetime(2025, 1, 1, 10, tzinfo=UTC)},
        {**one, "idempotency_key": "another"},
    ]
    first = stigg.v1.events.report(events=[one, *others, one])
    again = stigg.v1.events.report(events=[*others, one])
    assert isinstance(first.data, dict)
    assert isinstance(again.data, dict)
    assert (first.data["duplicate"], again.data["duplicate"]) == (1, 6)


def test_all_of_it_works_without_waiting_too(desk: Desk, acme: Offers) -> None:
    async def reports() -> list[float | None]:
        async with async_stigg(desk) as stigg:
            usage: Any = {"customer_id": ACME, "feature_id": "desks", "value": 1}
            told = await asyncio.gather(
                *(stigg.v1.usage.report(usages=[usage]) for _ in range(5)),
            )
            newer = await stigg.v2.usage.report(usages=[usage])
            before = sorted(each.data[0].current_usage or 0 for each in told)
            return [*before, newer.data.usages[0].current_usage]

    assert asyncio.run(reports()) == [1, 2, 3, 4, 5, 6], "each saw those before it"


# ------------------------------------------------------------------------------------- history --


def calls(stigg: Stigg, at: datetime, count: int, region: str = "eu", **more: Any) -> None:
    """A customer calls the API so often."""
    stigg.v1.events.report(
        events=[
            {
                "customer_id": ACME,
                "event_name": "api_calls",
                "idempotency_key": f"{at}{region}",
                "timestamp": at,
                "dimensions": {"calls": count, "region": region},
                **more,  # type: ignore[typeddict-item]
            }
        ]
    )


def test_history_rises_and_is_reset(desk: Desk, stigg: Stigg, acme: Offers) -> None:
    acme.subscribe(acme.plan("calls", gives("api-calls", 10, **MONTHLY)), id="sub-2")
    desk.at("2025-02-03")
    calls(stigg, FIRST_DAY + timedelta(days=2), 5)
    calls(stigg, FIRST_DAY + timedelta(days=29), 2)
    calls(stigg, FIRST_DAY + timedelta(days=31, hours=1), 4)
    told = stigg.v1.usage.history(
        "api-calls", customer_id=ACME, start_date=FIRST_DAY + timedelta(days=29)
    ).data
    [series] = told.series
    assert series.tags == []
    assert [(each.timestamp.isoformat(), each.value) for each in series.points] == [
        ("2025-01-31T00:00:00+00:00", 7),
        ("2025-02-01T00:00:00+00:00", 7),
        ("2025-02-01T12:00:00+00:00", 7),
        ("2025-02-01T12:00:00+00:00", 0),
        ("2025-02-02T00:00:00+00:00", 4),
        ("2025-02-03T00:00:00+00:00", 4),
        ("2025-02-03T12:00:00+00:00", 4),
    ]
    assert [each.is_reset_point for each in series.points] == [False] * 3 + [True] + [False] * 3
    assert [(each.timestamp, each.type) for each in told.markers] == [
        (FIRST_DAY.replace(month=2), "PERIODIC_RESET")
    ]


def test_history_without_a_reset_goes_up_and_down_and_by_dimensions(
    desk: Desk, stigg: Stigg, acme: Offers
) -> None:
    for value, place in ((5, "eu"), (2, "us"), (-1, "eu")):
        report(stigg, "desks", value, dimensions={"place": place})
    desk.at("2025-01-02")
    asked: Any = {"customer_id": ACME, "start_date": "2025-01-01T00:00:00Z"}
    whole = stigg.v1.usage.history("desks", **asked).data
    assert [series.points[-1].value for series in whole.series] == [6]
    apart = stigg.v1.usage.history("desks", group_by="place", **asked).data
    assert [
        (series.tags[0].key, series.tags[0].value, series.points[-1].value)
        for series in apart.series
    ] == [("place", "eu", 4), ("place", "us", 2)]
    assert apart.markers == []
    one = stigg.v1.usage.history("desks", resource_id="berlin", **asked).data
    assert {point.value for series in one.series for point in series.points} == {0}


def test_history_refuses_what_it_cannot_tell(stigg: Stigg, acme: Offers) -> None:
    history, start = stigg.v1.usage.history, FIRST_DAY - timedelta(days=5)
    with pytest.raises(NotFoundError):
        history("desks", customer_id="nobody", start_date=start)
    with pytest.raises(NotFoundError):
        history("nothing", customer_id=ACME, start_date=start)
    for feature_id, more, code in (
        ("size", {}, "FeatureNotMetered"),
        ("desks", {"end_date": start}, "InvalidRange"),
        ("desks", {"group_by": "a,b,c,d"}, "InvalidGroupBy"),
        ("desks", {"group_by": "a b"}, "InvalidGroupBy"),
    ):
        asked: Any = {"customer_id": ACME, "start_date": start, **more}
        with pytest.raises(UnprocessableEntityError, match=code):
            history(feature_id, **asked)


# ------------------------------------------------------------------------------------ estimates --


def test_nothing_costs_credits_yet(stigg: Stigg, acme: Offers) -> None:
    known = stigg.v1.usage.estimate(customer_id=ACME, feature_id="desks", value=3).data
    assert (known.estimates, known.warnings) == ([], ["FEATURE_NOT_CREDIT_BASED"])
    unknown = stigg.v1.usage.estimate(customer_id=ACME, feature_id="nothing", value=3).data
    assert unknown.warnings == ["FEATURE_NOT_FOUND"]
    event = stigg.v1.events.estimate(customer_id=ACME, event_name="api_calls").data
    assert (event.estimates, event.warnings) == ([], ["FEATURE_NOT_CREDIT_BASED"])
    deaf = stigg.v1.events.estimate(customer_id=ACME, event_name="login").data
    assert deaf.warnings == ["FEATURE_NOT_FOUND"]
    assert checked(stigg, "desks") == 0, "nothing was recorded"
    with pytest.raises(UnprocessableEntityError, match="InvalidUsageValue"):
        stigg.v1.usage.estimate(customer_id=ACME, feature_id="desks", value=2**60)


def test_history_and_estimates_work_without_waiting_too(desk: Desk, acme: Offers) -> None:
    async def ask() -> tuple[int, list[str]]:
        async with async_stigg(desk) as stigg:
            event: Any = {"customer_id": ACME, "event_name": "a", "idempotency_key": "k"}
            await stigg.v1.events.report(events=[event])
            start = FIRST_DAY - timedelta(hours=1)
            told = await stigg.v1.usage.history("desks", customer_id=ACME, start_date=start)
            one = await stigg.v1.usage.estimate(customer_id=ACME, feature_id="desks", value=1)
            two = await stigg.v1.events.estimate(customer_id=ACME, event_name="a")
            return len(told.data.series), [*one.data.warnings, *two.data.warnings]

    assert asyncio.run(ask()) == (1, ["FEATURE_NOT_CREDIT_BASED", "FEATURE_NOT_FOUND"])
