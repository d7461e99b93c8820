"""Subscriptions, through Stigg's SDK: moved, migrated, imported."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from stigg import ConflictError, NotFoundError, Stigg, UnprocessableEntityError

from tests.api.conftest import Desk
from tests.api.stigg_sdk.conftest import async_stigg
from tests.api.stigg_sdk.offers import SEATS, flat, offer, sell_an_app, subscribe
from usance.flows.plays.finish_task import finish_task
from usance.flows.run_task import run_task
from usance.store import tasks
from usance.store.subscriptions import some as kept_of

Body = dict[str, Any]


@pytest.fixture
def offered(stigg: Stigg) -> Stigg:
    """An app: free, basic, pro with seats, and enterprise; an add-on; two customers."""
    sell_an_app(stigg)
    return stigg


def test_a_subscription_moves_to_another_resource(offered: Stigg) -> None:
    moved = subscribe(offered, resource_id="one")
    taken = subscribe(offered, "basic", resource_id="two")
    shown = offered.v1.subscriptions.transfer(moved, destination_resource_id="three").data
    assert (shown.id, shown.resource_id) == (moved, "three")
    with pytest.raises(ConflictError) as refused:
        offered.v1.subscriptions.transfer(taken, destination_resource_id="three")
    assert "ProductHeldAlready" in str(refused.value)
    assert offered.v1.subscriptions.retrieve(taken).data.resource_id == "two"


def test_what_follows_moves_along(offered: Stigg) -> None:
    moved = subscribe(offered, resource_id="one")
    after = subscribe(offered, "basic", resource_id="one")
    offered.v1.subscriptions.transfer(moved, destination_resource_id="two")
    assert offered.v1.subscriptions.retrieve(after).data.resource_id == "two"


def test_who_paid_goes_on_paying_for_what_another_manages(offered: Stigg) -> None:
    subscriptions = offered.v1.subscriptions
    handed = subscribe(offered)
    shown = subscriptions.delegate(handed, target_customer_id="grace").data
    assert (shown.customer_id, shown.paying_customer_id) == ("grace", "ada")
    back = subscriptions.delegate(handed, target_customer_id="ada").data
    assert (back.customer_id, back.paying_customer_id) == ("ada", None), "who pays got it"
    with pytest.raises(NotFoundError):
        subscriptions.delegate(handed, target_customer_id="nobody")
    subscribe(offered, customer_id="grace")
    with pytest.raises(ConflictError) as refused:
        subscriptions.delegate(handed, target_customer_id="grace")
    assert "ProductHeldAlready" in str(refused.value)


def reprice(stigg: Stigg, plan_id: str, charges: Any, migration: Any = "NEW_CUSTOMERS") -> Any:
    """Publish another version of a plan; the task's id."""
    plans = stigg.v1.plans
    plans.create_draft(plan_id)
    kind = "CUSTOM" if charges is None else "PAID" if charges else "FREE"
    priced: Any = {"pricing_type": kind, "pricing_models": charges or []}
    plans.update(plan_id, charges=priced)
    return plans.publish(plan_id, migration_type=migration).data.task_id


def base_price(stigg: Stigg, subscription_id: str) -> float | None:
    """What the base fee is."""
    prices = stigg.v1.subscriptions.retrieve(subscription_id).data.prices or []
    return next((each.amount for each in prices if each.base_charge), None)


def test_what_is_published_anew_is_had_when_one_migrates(offered: Stigg, desk: Desk) -> None:
    subscriptions = offered.v1.subscriptions
    held = subscribe(offered, "basic")
    assert subscriptions.migrate(held).data.future_updates == [], "of the latest already"
    reprice(offered, "basic", [flat(25), SEATS])
    assert base_price(offered, held) == 20, "published for new customers"
    desk.at("2025-01-10")
    later = subscriptions.migrate(held, subscription_migration_time="END_OF_BILLING_PERIOD").data
    (update,) = later.future_updates or []
    assert update.subscription_schedule_type == "MIGRATE_TO_LATEST"
    assert update.scheduled_execution_time.date().isoformat() == "2025-02-01"
    assert base_price(offered, held) == 20
    moved = subscriptions.migrate(held, subscription_migration_time="IMMEDIATE").data
    assert (moved.id, moved.status) == (held, "ACTIVE")
    assert base_price(offered, held) == 25
    assert {each.feature_id for each in moved.prices or []} == {None, "seats"}


@pytest.mark.parametrize(
    ("before", "after", "stays"),
    [
        ([], [flat(5)], False),
        ([], None, False),
        (None, [flat(5)], False),
        ([flat(5)], [], True),
        ([flat(5)], None, True),
        (None, [], True),
    ],
)
def test_a_plan_may_be_paid_for_in_another_way_by_then(
    offered: Stigg, before: Any, after: Any, *, stays: bool
) -> None:
    """The reference's matrix: another subscription, or the same one changed in place."""
    offer(offered, "turning", before)
    held = subscribe(offered, "turning", metadata={"a": "b"})
    reprice(offered, "turning", after)
    offered.v1.subscriptions.migrate(held)
    (running,) = offered.v1.subscriptions.list(customer_id="ada", status=["ACTIVE"])
    kind = "CUSTOM" if after is None else "PAID" if after else "FREE"
    assert (running.pricing_type, running.plan_id, running.metadata) == (
        kind,
        "turning",
        {"a": "b"},
    )
    assert (running.id == held) is stays
    assert base_price(offered, running.id) == (5 if after else None)


def test_at_the_end_of_the_period_another_takes_its_place(offered: Stigg, desk: Desk) -> None:
    held = subscribe(offered, "basic")
    reprice(offered, "basic", [])
    desk.at("2025-01-10")
    offered.v1.subscriptions.migrate(held, subscription_migration_time="END_OF_BILLING_PERIOD")
    ending = offered.v1.subscriptions.retrieve(held).data
    assert (ending.status, ending.pricing_type) == ("ACTIVE", "PAID")
    (update,) = ending.future_updates or []
    assert update.target_package is not None
    assert update.target_package.id == "basic"
    desk.at("2025-02-02")
    (running,) = offered.v1.subscriptions.list(customer_id="ada", status=["ACTIVE"])
    assert (running.pricing_type, running.id != held) == ("FREE", True)


def test_all_customers_are_moved_by_a_task_that_tells_how_far_it_is(
    offered: Stigg, desk: Desk
) -> None:
    held = [subscribe(offered, "basic", resource_id=f"site-{n:03}") for n in range(60)]
    over = subscribe(offered, "basic", customer_id="grace")
    offered.v1.subscriptions.cancel(over, cancellation_time="IMMEDIATE")
    task_id = reprice(offered, "basic", [flat(25)], "ALL_CUSTOMERS")
    new = subscribe(offered, "basic", resource_id="new")
    task = desk.get(f"/tasks/{task_id}").json()["data"]
    assert (task["type"], task["status"]) == ("SUBSCRIPTION_MIGRATION", "PENDING")
    assert (task["packageId"], task["versionNumber"]) == ("basic", 2)
    begun, moved = run_task(desk.runtime, desk.scope, task_id)
    assert (begun.total_count, begun.done_count, moved) == (60, 50, ["ada"])
    assert desk.get(f"/tasks/{task_id}").json()["data"]["status"] == "IN_PROGRESS"
    finish_task(desk.runtime, desk.scope, task_id)
    finish_task(desk.runtime, desk.scope, task_id)
    done = desk.get(f"/tasks/{task_id}").json()["data"]
    assert (done["status"], done["totalCount"], done["doneCount"]) == ("COMPLETED", 60, 60)
    assert {base_price(offered, each) for each in (held[0], held[-1], new)} == {25}
    assert base_price(offered, over) == 20, "what is over stays as it was"
    with desk.runtime.transaction(desk.scope) as tx:
        versions = [len(kept.subscription.versions) for kept in kept_of(tx, ids=held)]
        assert tasks.unfinished(tx) == []
    assert set(versions) == {2}, "each was moved once"
    assert desk.get("/tasks/none").status_code == 404


ROWS: Any = [
    {
        "id": "old-1",
        "customer_id": "ada",
        "plan_id": "pro",
        "billing_period": "ANNUALLY",
        "start_date": "2024-06-15T00:00:00Z",
        "charges": [{"id": "seats", "quantity": 12, "type": "FEATURE"}],
        "addons": [{"id": "extra", "quantity": 1}],
        "billing_id": "sub_stripe",
        "metadata": {"from": "elsewhere"},
    },
    {"id": "old-2", "customer_id": "grace", "plan_id": "free", "resource_id": "one"},
]


def test_subscriptions_are_imported_all_or_none_and_once(offered: Stigg, desk: Desk) -> None:
    subscriptions = offered.v1.subscriptions
    wrong = [*ROWS, {"id": "old-3", "customer_id": "grace", "plan_id": "none"}]
    with pytest.raises(UnprocessableEntityError) as refused:
        subscriptions.import_(subscriptions=wrong)
    body: Any = refused.value.body
    assert [(each["code"], each["path"]) for each in body["error"]["details"]] == [
        ("PlanNotFound", "subscriptions[2].planId")
    ]
    assert list(subscriptions.list()) == []
    task_id = subscriptions.import_(subscriptions=ROWS, integration_id="stripe").data.task_id
    task = desk.get(f"/tasks/{task_id}").json()["data"]
    assert (task["type"], task["status"]) == ("IMPORT_SUBSCRIPTIONS_BULK", "COMPLETED")
    assert (task["totalCount"], task["doneCount"]) == (2, 2)
    first = subscriptions.retrieve("old-1").data
    assert (first.status, first.billing_id) == ("ACTIVE", "sub_stripe")
    assert first.current_billing_period_end is not None
    assert first.current_billing_period_end.date().isoformat() == "2025-06-15"
    subscriptions.import_(subscriptions=ROWS)
    assert [each.id for each in subscriptions.list()] == ["old-1", "old-2"]
    assert first.to_dict() == subscriptions.retrieve("old-1").data.to_dict()
    taken: Any = [{"id": "old-1", "customer_id": "grace", "plan_id": "free"}]
    with pytest.raises(UnprocessableEntityError) as other:
        subscriptions.import_(subscriptions=taken)
    assert "SubscriptionExists" in str(other.value)


def test_the_asynchronous_sdk_previews_imports_and_migrates(offered: Stigg, desk: Desk) -> None:
    async def life() -> list[object]:
        async with async_stigg(desk) as stigg:
            subscriptions = stigg.v1.subscriptions
            shown = await subscriptions.preview(customer_id="ada", plan_id="basic")
            await subscriptions.import_(subscriptions=ROWS)
            moved = await subscriptions.migrate("old-1")
            return [shown.data.immediate_invoice.sub_total, moved.data.id]

    assert asyncio.run(life()) == [20, "old-1"]
