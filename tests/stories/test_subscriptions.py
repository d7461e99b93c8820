"""Subscriptions: taken, changed, ended; by instants alone, with no worker in between."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from threading import Barrier, Thread

import pytest

from tests.stories.shop import held, states, stock, subscribe
from tests.stories.world import World
from usance.domain.errors import DomainError, Invalid
from usance.domain.ids import CustomerId, FeatureId, PackageId
from usance.domain.plans.charges import BillingPeriod
from usance.domain.plans.product import CancellationTime
from usance.domain.subscriptions.changing import SubscriptionOver, TrialMustBeCancelledImmediately
from usance.domain.subscriptions.provisioning import SubscriptionExists
from usance.domain.subscriptions.requests import (
    CancellationAction,
    CancelRequest,
    Schedule,
    TrialRequest,
    UpdateRequest,
)
from usance.domain.subscriptions.subscription import ChangeKind, EndReason, Status
from usance.domain.subscriptions.terms import UnitQuantity
from usance.flows.archive_customer import archive_customer
from usance.flows.call_off_update import call_off_update
from usance.flows.cancel_subscription import cancel_subscription
from usance.flows.update_subscription import update_subscription

NO_TRIAL = TrialRequest(is_trial=False)
SEATS = FeatureId("seats")


@pytest.fixture
def shop(world: World) -> World:
    """The example company, with a catalogue."""
    return stock(world)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def update(world: World, subscription_id: str, **changes: object) -> None:
    request = UpdateRequest(**changes)  # type: ignore[arg-type]
    update_subscription(world.runtime, world.scope, subscription_id, request)


def cancel(world: World, subscription_id: str, **more: object) -> None:
    request = CancelRequest(**more)  # type: ignore[arg-type]
    cancel_subscription(world.runtime, world.scope, subscription_id, request)


def seats(world: World, subscription_id: str, instant: str) -> Decimal | None:
    return held(world, subscription_id).version_at(at(instant)).terms.units_of(SEATS)


def test_a_plan_is_had_at_once_with_the_least_units_that_it_is_sold_by(shop: World) -> None:
    made = held(shop, subscribe(shop, "team"))
    terms = made.versions[0].terms
    assert made.status_at(at("2025-01-01T12:00")) is Status.ACTIVE
    assert terms.units == (UnitQuantity(SEATS, Decimal(2)),)
    assert (terms.plan_version, terms.billing_period, terms.currency) == (1, "MONTHLY", "EUR")


def test_a_better_plan_takes_the_place_of_the_one_before_at_once(shop: World) -> None:
    subscribe(shop, "free")
    shop.on("2025-01-11")
    team = subscribe(shop, "team")
    assert states(shop) == [("free", Status.CANCELED), ("team", Status.ACTIVE)]
    shop.on("2025-01-21")
    business = subscribe(shop, "business", trial=NO_TRIAL)
    assert states(shop)[1:] == [("team", Status.CANCELED), ("business", Status.ACTIVE)]
    assert held(shop, team).end_reason is EndReason.UPGRADE_OR_DOWNGRADE
    assert held(shop, business).anchor == held(shop, team).anchor, "billed on the days as before"


def test_a_lesser_plan_waits_until_the_period_that_is_paid_for_ends(shop: World) -> None:
    business = subscribe(shop, "business", trial=NO_TRIAL)
    shop.on("2025-01-11")
    team = subscribe(shop, "team")
    assert states(shop) == [("business", Status.ACTIVE), ("team", Status.NOT_STARTED)]
    assert held(shop, business).ends_at == at("2025-02-01T12:00") == held(shop, team).starts_at
    assert held(shop, team).versions[0].changes == (ChangeKind.DOWNGRADE,)
    shop.at("2025-02-01T12:00:00+00:00")
    assert states(shop) == [("business", Status.CANCELED), ("team", Status.ACTIVE)]


def test_unless_it_is_wanted_at_once(shop: World) -> None:
    subscribe(shop, "business", trial=NO_TRIAL)
    shop.on("2025-01-11")
    subscribe(shop, "team", schedule=Schedule.IMMEDIATE)
    assert states(shop) == [("business", Status.CANCELED), ("team", Status.ACTIVE)]


def test_what_is_scheduled_can_be_called_off(shop: World) -> None:
    business = subscribe(shop, "business", trial=NO_TRIAL)
    shop.on("2025-01-11")
    subscribe(shop, "team")
    assert call_off_update(shop.runtime, shop.scope, business)
    assert not call_off_update(shop.runtime, shop.scope, business)
    shop.on("2025-03-01")
    assert states(shop) == [("business", Status.ACTIVE), ("team", Status.CANCELED)]


def test_a_trial_starts_by_itself_once_and_falls_back_when_it_ends(shop: World) -> None:
    subscribe(shop, "business")
    assert states(shop) == [("business", Status.IN_TRIAL), ("free", Status.NOT_STARTED)]
    shop.at("2025-01-15T11:59:59+00:00")
    assert states(shop)[0] == ("business", Status.IN_TRIAL)
    shop.at("2025-01-15T12:00:00+00:00")
    assert states(shop) == [("business", Status.EXPIRED), ("free", Status.ACTIVE)]
    subscribe(shop, "business")
    assert states(shop)[-1] == ("business", Status.ACTIVE), "a second one is no trial"


def test_a_trial_that_is_bought_goes_over_into_what_is_paid_for(shop: World) -> None:
    trial = subscribe(shop, "business")
    shop.on("2025-01-05")
    subscribe(shop, "business", trial=NO_TRIAL)
    shop.on("2025-01-20")
    assert states(shop) == [
        ("business", Status.CANCELED),
        ("free", Status.CANCELED),
        ("business", Status.ACTIVE),
    ]
    assert held(shop, trial).end_reason is EndReason.TRIAL_CONVERTED


def test_a_trial_of_more_stands_beside_what_is_paid_for(shop: World) -> None:
    subscribe(shop, "team")
    wish = TrialRequest(is_trial=True, ends_at=at("2025-01-08"))
    subscribe(shop, "business", trial=wish)
    assert states(shop)[:2] == [("team", Status.ACTIVE), ("business", Status.IN_TRIAL)]
    shop.on("2025-01-09")
    assert ("team", Status.ACTIVE) in states(shop)


def test_more_seats_come_at_once_and_fewer_when_the_period_ends(shop: World) -> None:
    team = subscribe(shop, "team")
    shop.on("2025-01-11")
    update(shop, team, units=(UnitQuantity(SEATS, Decimal(10)),))
    assert seats(shop, team, "2025-01-11T12:00") == 10
    update(shop, team, units=(UnitQuantity(SEATS, Decimal(5)),))
    assert seats(shop, team, "2025-01-31T12:00") == 10
    assert seats(shop, team, "2025-02-01T12:00") == 5
    update(shop, team, units=(UnitQuantity(SEATS, Decimal(7)),))
    assert seats(shop, team, "2025-02-01T12:00") == 7, "the last that was said counts"
    assert len(held(shop, team).scheduled(at("2025-01-11T12:00"))) == 1


def test_what_is_not_sold_is_refused_by_name_and_nothing_is_left(shop: World) -> None:
    def refused(plan_id: str, **more: object) -> list[tuple[str, str]]:
        with pytest.raises(Invalid) as caught:
            subscribe(shop, plan_id, **more)
        return [(problem.code, problem.path) for problem in caught.value.problems]

    assert refused("nope") == [("PlanNotFound", "planId")]
    assert refused("team", addons=((PackageId("nope"), 1),)) == [("AddonNotFound", "addons[0].id")]
    assert refused("free", addons=((PackageId("support"), 1),)) == [
        ("AddonNotCompatible", "addons[0].id")
    ]
    assert refused("team", addons=((PackageId("support"), 11),)) == [
        ("AddonQuantityExceedsLimit", "addons[0].quantity")
    ]
    assert refused("team", units=(UnitQuantity(SEATS, Decimal(51)),)) == [
        ("InvalidQuantity", "charges[0].quantity")
    ]
    assert refused("team", units=(UnitQuantity(FeatureId("sso"), Decimal(1)),)) == [
        ("ChargeNotFound", "charges[0].id")
    ]
    assert refused("free", trial=TrialRequest(is_trial=True, ends_at=at("2025-02-01")))
    assert states(shop) == []


def test_the_same_id_twice_is_one_subscription(shop: World) -> None:
    assert subscribe(shop, "team", id="s1") == subscribe(shop, "team", id="s1") == "s1"
    with pytest.raises(SubscriptionExists):
        subscribe(shop, "business", id="s1")
    with pytest.raises(SubscriptionExists):
        subscribe(shop, "team", id="s1", customer_id=CustomerId("larkspur"))
    assert states(shop) == [("team", Status.ACTIVE)]


def test_a_canceled_plan_is_had_to_the_end_of_its_period_and_then_the_free_one(
    shop: World,
) -> None:
    team = subscribe(shop, "team")
    shop.on("2025-01-11")
    cancel(shop, team)
    assert states(shop) == [("team", Status.ACTIVE), ("free", Status.NOT_STARTED)]
    shop.on("2025-02-02")
    assert states(shop) == [("team", Status.CANCELED), ("free", Status.ACTIVE)]
    with pytest.raises(SubscriptionOver):
        cancel(shop, team)


def test_a_cancellation_is_taken_back(shop: World) -> None:
    team = subscribe(shop, "team")
    cancel(shop, team)
    update(shop, team, ends_at=None)
    shop.on("2025-03-01")
    assert states(shop) == [("team", Status.ACTIVE), ("free", Status.CANCELED)]


def test_an_end_that_is_moved_takes_along_what_follows(shop: World) -> None:
    team = subscribe(shop, "team")
    cancel(shop, team)
    update(shop, team, ends_at=at("2025-03-15"))
    shop.on("2025-03-01")
    assert states(shop) == [("team", Status.ACTIVE), ("free", Status.NOT_STARTED)]
    shop.on("2025-03-15")
    assert states(shop) == [("team", Status.CANCELED), ("free", Status.ACTIVE)]


def test_at_once_and_with_nothing_after_it(shop: World) -> None:
    team = subscribe(shop, "team")
    cancel(
        shop,
        team,
        time=CancellationTime.IMMEDIATE,
        action=CancellationAction.REVOKE_ENTITLEMENTS,
    )
    assert states(shop) == [("team", Status.CANCELED)]


def test_a_trial_is_canceled_at_once_only_and_a_custom_plan_not_by_period(shop: World) -> None:
    trial = subscribe(shop, "business")
    with pytest.raises(TrialMustBeCancelledImmediately):
        cancel(shop, trial, time=CancellationTime.END_OF_BILLING_PERIOD)
    custom = subscribe(shop, "enterprise", customer_id=CustomerId("larkspur"))
    with pytest.raises(Invalid):
        cancel(shop, custom, time=CancellationTime.END_OF_BILLING_PERIOD)
    cancel(shop, trial)
    assert states(shop)[0] == ("business", Status.CANCELED)


def test_a_later_and_an_earlier_start(shop: World) -> None:
    later = subscribe(shop, "team", starts_at=at("2025-02-10"))
    assert states(shop) == [("team", Status.NOT_STARTED)]
    cancel(shop, later, time=CancellationTime.IMMEDIATE)
    assert states(shop)[0] == ("team", Status.CANCELED)
    earlier = subscribe(shop, "team", starts_at=at("2024-11-10"))
    assert held(shop, earlier).status_at(at("2024-12-01")) is Status.ACTIVE


def test_billing_by_the_year(shop: World) -> None:
    team = subscribe(shop, "team", billing_period=BillingPeriod.ANNUALLY)
    shop.on("2025-06-11")
    update(shop, team, units=(UnitQuantity(SEATS, Decimal(2)),))
    update(shop, team, billing_period=BillingPeriod.MONTHLY, schedule=Schedule.END_OF_BILLING_MONTH)
    ahead = held(shop, team).scheduled(at("2025-06-11T12:00"))
    assert [each.effective_at for each in ahead] == [at("2025-07-01T12:00")]


def test_an_archived_customer_has_nothing_any_more(shop: World) -> None:
    subscribe(shop, "team")
    archive_customer(shop.runtime, shop.scope, CustomerId("nordlicht"))
    assert states(shop) == [("team", Status.CANCELED)]
    with pytest.raises(Invalid) as caught:
        subscribe(shop, "team")
    assert caught.value.problems[0].code == "CustomerIsArchived"


def test_many_clicks_at_once_leave_one_subscription(shop: World) -> None:
    gate, refused = Barrier(6), []

    def click() -> None:
        gate.wait()
        try:
            subscribe(shop, "team")
        except DomainError as error:
            refused.append(error)

    clicks = [Thread(target=click) for _ in range(6)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    found = states(shop)
    assert refused == []
    assert len(found) == 6
    assert sum(status is Status.ACTIVE for _, status in found) == 1


def test_usage_of_a_resource_is_not_billed_by_two(shop: World) -> None:
    subscribe(shop, "business", trial=NO_TRIAL)
    with pytest.raises(Invalid) as caught:
        subscribe(shop, "business", trial=NO_TRIAL, resource_id="berlin")
    assert [each.code for each in caught.value.problems] == ["UsageBilledTwice"]
    subscribe(shop, "team", resource_id="berlin")
    larkspur = CustomerId("larkspur")
    subscribe(shop, "business", trial=NO_TRIAL, resource_id="berlin", customer_id=larkspur)
    subscribe(shop, "business", trial=NO_TRIAL, resource_id="kyoto", customer_id=larkspur)
    with pytest.raises(Invalid):
        subscribe(shop, "business", trial=NO_TRIAL, customer_id=larkspur)
