"""Tasks: everybody moved once, by many workers at once, by one that is killed, or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest

from tests.store.held import START, Offers, gives, number
from usance.domain.errors import NotFound
from usance.domain.ids import CustomerId, PackageId
from usance.domain.plans.charges import BillingModel, BillingPeriod, Charge
from usance.domain.plans.package import (
    MigrationType,
    Package,
    PackageKind,
    PackagePricing,
    PricingType,
)
from usance.domain.subscriptions.requests import ProvisionRequest
from usance.flows.edit_draft import edit_draft
from usance.flows.open_draft import open_draft
from usance.flows.open_environment import move_clock
from usance.flows.plays.finish_task import finish_task
from usance.flows.provision_subscription import provision_subscription
from usance.flows.publish_package import publish_package
from usance.flows.run_task import BATCH, run_task
from usance.flows.runtime import Runtime, Scope
from usance.store import subscriptions, tasks
from usance.store.tasks import Task, TaskStatus

COUNT = BATCH + 20


@pytest.fixture
def plan(runtime: Runtime, scope: Scope) -> Package:
    """A plan that many hold, a resource each, with an add-on."""
    move_clock(runtime, scope, START)
    offers = Offers(runtime, scope).open(number("calls"))
    more = offers.addon("more", gives("calls", 5))
    held = offers.plan("team", gives("calls", 10))
    with_addon: dict[str, Any] = {"compatible_addon_ids": (more.id,)}
    publish(runtime, scope, PackageKind.PLAN, "team", MigrationType.NEW_CUSTOMERS, **with_addon)
    for index in range(COUNT):
        asked = ProvisionRequest(
            id=f"s-{index:03}",
            customer_id=CustomerId("acme"),
            plan_id=held.id,
            resource_id=f"site-{index:03}",
            addons=((more.id, 1),) if index % 2 else (),
        )
        provision_subscription(runtime, scope, asked)
    return held


def publish(
    runtime: Runtime,
    scope: Scope,
    kind: PackageKind,
    package_id: str,
    migration: MigrationType = MigrationType.ALL_CUSTOMERS,
    **changes: Any,
) -> str:
    """Publish another version, for all customers; the task's id, empty for new ones."""
    named = PackageId(package_id)
    open_draft(runtime, scope, kind, named)
    edit_draft(runtime, scope, kind, named, lambda draft, _at: replace(draft, **changes))
    return publish_package(runtime, scope, kind, named, migration) or ""


def published(
    runtime: Runtime, scope: Scope, kind: PackageKind, package_id: str, limit: int
) -> str:
    """The same, with another limit."""
    return publish(runtime, scope, kind, package_id, entitlements=(gives("calls", limit),))


def told(runtime: Runtime, scope: Scope, task_id: str) -> Task:
    with runtime.transaction(scope) as tx:
        return tasks.one(tx, task_id)


def versions(runtime: Runtime, scope: Scope) -> list[int]:
    """How many versions of its terms each subscription has."""
    with runtime.transaction(scope) as tx:
        found = subscriptions.some(tx, customer_ids=["acme"])
    return [len(kept.subscription.versions) for kept in found]


@pytest.mark.usefixtures("plan")
def test_many_at_once_move_everybody_once(runtime: Runtime, scope: Scope) -> None:
    task_id = published(runtime, scope, PackageKind.PLAN, "team", 20)
    together = Barrier(3)

    def work() -> None:
        together.wait()
        finish_task(runtime, scope, task_id)

    with ThreadPoolExecutor(3) as pool:
        for each in [pool.submit(work) for _ in range(3)]:
            each.result()
    done = told(runtime, scope, task_id)
    assert (done.status, done.done_count, done.total_count) == (TaskStatus.COMPLETED, COUNT, COUNT)
    assert versions(runtime, scope) == [2] * COUNT


@pytest.mark.usefixtures("plan")
def test_a_batch_that_was_not_kept_is_done_again(runtime: Runtime, scope: Scope) -> None:
    task_id = published(runtime, scope, PackageKind.PLAN, "team", 20)
    with runtime.rehearsal(scope) as killed:
        assert run_task(killed, scope, task_id)[0].done_count == BATCH
    assert told(runtime, scope, task_id).status is TaskStatus.PENDING
    assert versions(runtime, scope) == [1] * COUNT
    run_task(runtime, scope, task_id)
    assert told(runtime, scope, task_id).status is TaskStatus.IN_PROGRESS
    finish_task(runtime, scope, task_id)
    assert versions(runtime, scope) == [2] * COUNT


@pytest.mark.usefixtures("plan")
def test_who_has_an_add_on_gets_its_new_version(runtime: Runtime, scope: Scope) -> None:
    task_id = published(runtime, scope, PackageKind.ADDON, "more", 7)
    finish_task(runtime, scope, task_id)
    assert told(runtime, scope, task_id).done_count == COUNT // 2
    with runtime.transaction(scope) as tx:
        found = subscriptions.some(tx, customer_ids=["acme"])
    held = [kept.subscription.version_at(START).terms.addons for kept in found]
    assert {addon.version for addons in held for addon in addons} == {2}


def test_who_cannot_be_moved_stays_with_the_reason_and_the_others_are(
    runtime: Runtime, scope: Scope, plan: Package
) -> None:
    """From CUSTOM to PAID another takes its place; an add-on may not go with that any more."""
    fee = Charge(
        id="fee",
        created_at=START,
        model=BillingModel.FLAT_FEE,
        period=BillingPeriod.MONTHLY,
        currency="EUR",
        amount=Decimal(5),
    )
    paid = PackagePricing(type=PricingType.PAID, charges=(fee,))
    changes: dict[str, Any] = {"pricing": paid, "compatible_addon_ids": ()}
    task_id = publish(runtime, scope, PackageKind.PLAN, plan.id, **changes)
    finish_task(runtime, scope, task_id)
    done = told(runtime, scope, task_id)
    assert (done.status, done.done_count) == (TaskStatus.PARTIALLY_FAILED, COUNT)
    assert {(each.id, each.code) for each in done.failures} == {
        (f"s-{index:03}", "Invalid") for index in range(1, COUNT, 2)
    }
    assert "addons[0].id: 'more'" in done.failures[0].message
    with runtime.transaction(scope) as tx:
        running = subscriptions.some(tx, customer_ids=["acme"], not_over_at=START)
    kinds = [kept.subscription.pricing_type for kept in running]
    assert (kinds.count(PricingType.PAID), kinds.count(PricingType.CUSTOM)) == (35, 35)


def test_another_tenants_task_is_not_found(
    runtime: Runtime, scope: Scope, other_scope: Scope, plan: Package
) -> None:
    task_id = published(runtime, scope, PackageKind.PLAN, plan.id, 20)
    with pytest.raises(NotFound):
        run_task(runtime, other_scope, task_id)
    assert told(runtime, scope, task_id).status is TaskStatus.PENDING
