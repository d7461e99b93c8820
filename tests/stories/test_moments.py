"""What time alone brings is announced once, as of its instant, whenever somebody looks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest

from tests.stories.shop import grants, stock, subscribe
from tests.stories.world import World
from usance.domain.ids import CustomerId, FeatureId
from usance.domain.plans.package import TrialEnd
from usance.domain.plans.product import CancellationTime
from usance.domain.plans.promotion import Grant, GrantPeriod
from usance.domain.subscriptions.requests import (
    CancelRequest,
    Schedule,
    TrialRequest,
    UpdateRequest,
)
from usance.domain.subscriptions.terms import UnitQuantity
from usance.flows.announce_moments import announce_moments
from usance.flows.call_off_update import call_off_update
from usance.flows.cancel_subscription import cancel_subscription
from usance.flows.grant_promotions import grant_promotions
from usance.flows.open_environment import move_clock
from usance.flows.plays.daily_work import do_daily_work
from usance.flows.revoke_promotion import revoke_promotion
from usance.flows.update_subscription import update_subscription

NORDLICHT = CustomerId("nordlicht")
NO_TRIAL = TrialRequest(is_trial=False)
WITHOUT = frozenset(["EntitlementsUpdated", "BillingMonthEndsSoon", "SubscriptionProvisioned"])
TOLD = """
SELECT kind, subject_id, happened_at
  FROM outbox
 WHERE tenant_id = %(tenant_id)s
 ORDER BY happened_at, kind, subject_id
"""


@pytest.fixture
def shop(world: World) -> World:
    """The example company, with a catalogue; nothing falls back to a free plan."""
    return stock(world, falls_back=False)


def look(world: World, day: str) -> World:
    """It is noon of that day, and what passed is announced."""
    announce_moments(world.runtime, world.scope)
    world.on(day)
    announce_moments(world.runtime, world.scope)
    return world


def told(world: World, subject: str, without: Iterable[str] = WITHOUT) -> list[tuple[str, str]]:
    """What was told of it, and of which day."""
    with world.runtime.transaction(world.scope) as tx:
        rows = [row for row in tx.all(TOLD) if row.subject_id == subject]
    return [
        (row.kind, row.happened_at.date().isoformat()) for row in rows if row.kind not in without
    ]


def cancel(world: World, subscription_id: str, **more: object) -> None:
    """It is to end."""
    request = CancelRequest(**more)  # type: ignore[arg-type]
    cancel_subscription(world.runtime, world.scope, subscription_id, request)


def at(day: str) -> datetime:
    """Noon of that day."""
    return datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)


def every(days: int) -> list[str]:
    """The days of half a year on which somebody looks."""
    first, last = date(2025, 1, 1), date(2025, 7, 1)
    found = (first + timedelta(days=each) for each in range(0, 400, days))
    return [*(day.isoformat() for day in found if day < last), last.isoformat()]


@pytest.mark.parametrize("days", [1, 5, 31, 400], ids=lambda days: f"every {days} days")
def test_it_is_told_once_however_often_or_late_somebody_looks(shop: World, days: int) -> None:
    trial = subscribe(shop, "business", resource_id="a")  # of 14 days, and then over
    bought = TrialRequest(is_trial=True, ends_at=at("2025-03-01"), at_end=TrialEnd.CONVERT_TO_PAID)
    converts = subscribe(shop, "team", resource_id="b", trial=bought)
    ends = subscribe(shop, "team", resource_id="c", ends_at=at("2025-04-10"))
    later = subscribe(shop, "business", resource_id="d", starts_at=at("2025-05-01"))
    for day in every(days):
        look(shop, day)
    assert told(shop, trial) == [
        ("TrialStarted", "2025-01-01"),
        ("TrialEndsSoon", "2025-01-08"),
        ("TrialExpired", "2025-01-15"),
    ]
    assert told(shop, converts) == [
        ("TrialStarted", "2025-01-01"),
        ("TrialEndsSoon", "2025-02-22"),
        ("TrialConverted", "2025-03-01"),
    ]
    assert told(shop, ends) == [("SubscriptionCanceled", "2025-04-10")]
    assert told(shop, later) == [
        ("TrialStarted", "2025-05-01"),
        ("TrialEndsSoon", "2025-05-08"),
        ("TrialExpired", "2025-05-15"),
    ]


def test_who_looks_at_the_same_time_tells_it_once(shop: World) -> None:
    trial = subscribe(shop, "business")
    shop.on("2025-02-01")
    together = Barrier(4)

    def announce() -> None:
        together.wait()
        announce_moments(shop.runtime, shop.scope)

    threads = [Thread(target=announce) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [kind for kind, _ in told(shop, trial)] == [
        "TrialStarted",
        "TrialEndsSoon",
        "TrialExpired",
    ]


def test_an_end_at_once_is_told_by_whoever_says_it(shop: World) -> None:
    held = subscribe(shop, "team")
    look(shop, "2025-01-20")
    cancel(shop, held, time=CancellationTime.IMMEDIATE)
    assert told(shop, held) == [("SubscriptionCanceled", "2025-01-20")]
    look(shop, "2025-03-01")
    assert told(shop, held) == [("SubscriptionCanceled", "2025-01-20")]


def test_an_end_to_come_is_a_change_until_it_comes(shop: World) -> None:
    held = subscribe(shop, "team")
    look(shop, "2025-01-20")
    cancel(shop, held, time=CancellationTime.SPECIFIC_DATE, on=at("2025-03-10"))
    look(shop, "2025-03-09")
    assert told(shop, held) == [("SubscriptionUpdated", "2025-01-20")]
    look(shop, "2025-03-10")
    assert told(shop, held)[1:] == [("SubscriptionCanceled", "2025-03-10")]


def test_an_end_that_was_taken_back_is_never_told(shop: World) -> None:
    held = subscribe(shop, "team")
    cancel(shop, held, time=CancellationTime.SPECIFIC_DATE, on=at("2025-03-10"))
    goes_on = UpdateRequest(ends_at=None)
    update_subscription(shop.runtime, shop.scope, held, goes_on)
    look(shop, "2025-06-01")
    assert {kind for kind, _ in told(shop, held)} == {"SubscriptionUpdated"}


def test_a_trial_that_is_bought_is_converted_when_it_ends(shop: World) -> None:
    trial = subscribe(shop, "business")
    look(shop, "2025-01-05")
    bought = subscribe(shop, "business", trial=NO_TRIAL)
    assert ("SubscriptionUpdated", "2025-01-05") in told(shop, trial)
    look(shop, "2025-02-01")
    assert told(shop, trial)[-1] == ("TrialConverted", "2025-01-15")
    assert "TrialExpired" not in dict(told(shop, trial))
    assert told(shop, bought) == []
    assert ("EntitlementsUpdated", "2025-01-15") in told(shop, NORDLICHT, without=())


def test_a_change_to_come_is_told_again_when_it_takes_effect(shop: World) -> None:
    units = (UnitQuantity(FeatureId("seats"), Decimal(3)),)
    fewer = UpdateRequest(units=units, schedule=Schedule.END_OF_BILLING_PERIOD)
    kept, called_off = (subscribe(shop, "team", resource_id=name) for name in ("a", "b"))
    for each in (kept, called_off):
        update_subscription(shop.runtime, shop.scope, each, fewer)
    call_off_update(shop.runtime, shop.scope, called_off)
    before = told(shop, called_off)
    look(shop, "2025-03-01")
    assert told(shop, kept) == [
        ("SubscriptionUpdated", "2025-01-01"),
        ("SubscriptionUpdated", "2025-02-01"),
    ]
    assert told(shop, called_off) == before


def test_of_a_short_trial_half_of_it_is_soon(shop: World) -> None:
    short = TrialRequest(is_trial=True, ends_at=at("2025-01-05"))
    trial = subscribe(shop, "business", trial=short)
    look(shop, "2025-01-02")
    assert "TrialEndsSoon" not in dict(told(shop, trial))
    look(shop, "2025-01-03")
    assert dict(told(shop, trial))["TrialEndsSoon"] == "2025-01-03"


def test_each_month_of_what_is_paid_for_ends_soon(shop: World) -> None:
    paid, free = subscribe(shop, "team"), subscribe(shop, "free", resource_id="a")
    for day in ("2025-01-31", "2025-02-01", "2025-02-02", "2025-03-01", "2025-03-02"):
        look(shop, day)
    months = [("BillingMonthEndsSoon", "2025-02-01"), ("BillingMonthEndsSoon", "2025-03-01")]
    assert told(shop, paid, without={"SubscriptionProvisioned"}) == months
    assert told(shop, free, without={"SubscriptionProvisioned"}) == []


def test_a_gift_is_near_its_end_and_over_unless_it_was_taken_back(shop: World) -> None:
    def give(feature: str) -> str:
        grant = Grant(value=grants(feature), period=GrantPeriod.MONTH)
        [given] = grant_promotions(shop.runtime, shop.scope, NORDLICHT, [grant])
        return given.id

    kept, gone = give("sso"), give("seats")
    revoke_promotion(shop.runtime, shop.scope, NORDLICHT, grants("seats").feature_id)
    for day in ("2025-01-24", "2025-01-26", "2025-03-01", "2025-04-01"):
        look(shop, day)
    assert told(shop, kept)[1:] == [
        ("PromotionalEntitlementEndsSoon", "2025-01-25"),
        ("PromotionalEntitlementExpired", "2025-02-01"),
    ]
    assert "PromotionalEntitlementExpired" not in dict(told(shop, gone))
    assert ("EntitlementsUpdated", "2025-02-01") in told(shop, NORDLICHT, without=())


def test_a_customer_whose_clock_is_ahead_is_told_of_by_that(shop: World) -> None:
    ahead = subscribe(shop, "business")
    beside = subscribe(shop, "business", customer_id=CustomerId("larkspur"))
    announce_moments(shop.runtime, shop.scope)
    move_clock(shop.runtime, shop.scope, at("2025-02-01"), customer_id=NORDLICHT)
    for _ in range(2):
        announce_moments(shop.runtime, shop.scope)
    expired = ("TrialExpired", "2025-01-15")
    assert told(shop, ahead)[-1] == expired
    assert expired not in told(shop, beside)
    look(shop, "2025-03-01")
    assert told(shop, ahead).count(expired) == told(shop, beside).count(expired) == 1


def test_what_was_over_before_it_was_known_is_no_news(shop: World) -> None:
    long_ago = at("2024-06-01")
    past = subscribe(shop, "team", starts_at=long_ago, ends_at=at("2024-12-01"))
    look(shop, "2025-02-01")
    assert told(shop, past) == []


def test_the_work_of_a_day_announces_and_a_rehearsal_does_not(shop: World) -> None:
    trial = subscribe(shop, "business")
    shop.on("2025-02-01")
    with shop.runtime.rehearsal(shop.scope) as rehearsed:
        do_daily_work(rehearsed, shop.scope)
    assert "TrialExpired" not in dict(told(shop, trial))
    do_daily_work(shop.runtime, shop.scope)
    assert "TrialExpired" in dict(told(shop, trial))
