"""Publishing for all customers: a worker moves them, at once and after it was stopped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.store.held import Offers, gives, number
from tests.worker.kinds import FAST
from tests.worker.traces import job_states
from usance.domain.ids import CustomerId
from usance.domain.plans.package import MigrationType, PackageKind
from usance.domain.subscriptions.requests import ProvisionRequest
from usance.flows.edit_draft import edit_draft
from usance.flows.open_draft import open_draft
from usance.flows.provision_subscription import provision_subscription
from usance.flows.publish_package import publish_package
from usance.flows.runtime import Runtime, Scope
from usance.store import jobs, subscriptions, tasks
from usance.store.database import Database
from usance.store.tasks import TaskStatus
from usance.worker.loop import work
from usance.worker.periodic import ask_for_billing

FORGET_JOBS = "DELETE FROM procrastinate_jobs WHERE args ->> 'tenant_id' = %(tenant_id)s"


@pytest.fixture
def task_id(queue: Database, acme: Scope) -> str:
    """A version published for all, of whom there is one."""
    runtime = Runtime(queue)
    held = Offers(runtime, acme).open(number("calls")).plan("team", gives("calls", 10))
    asked = ProvisionRequest(id="s", customer_id=CustomerId("acme"), plan_id=held.id)
    provision_subscription(runtime, acme, asked)
    open_draft(runtime, acme, PackageKind.PLAN, held.id)
    more = (gives("calls", 20),)
    edit_draft(
        runtime,
        acme,
        PackageKind.PLAN,
        held.id,
        lambda draft, _at: replace(draft, entitlements=more),
    )
    migration = MigrationType.ALL_CUSTOMERS
    return publish_package(runtime, acme, PackageKind.PLAN, held.id, migration) or ""


def moved(queue: Database, acme: Scope, task_id: str) -> tuple[TaskStatus, int | None]:
    """How far the task is, and the version of the plan that is held."""
    with queue.transaction(acme.tenant_id) as tx:
        held = subscriptions.one(tx, "s").subscription
        return tasks.one(tx, task_id).status, held.versions[-1].terms.plan_version


def test_a_worker_moves_everybody_soon_after(queue: Database, acme: Scope, task_id: str) -> None:
    assert moved(queue, acme, task_id) == (TaskStatus.PENDING, 1)
    work(Runtime(queue), until_idle=True, pace=FAST)
    assert moved(queue, acme, task_id) == (TaskStatus.COMPLETED, 2)
    assert job_states(queue) == []


def test_what_was_left_undone_is_asked_for_every_hour(
    queue: Database, acme: Scope, task_id: str
) -> None:
    with queue.transaction(acme.tenant_id) as tx:
        tx.run(FORGET_JOBS)
    work(Runtime(queue), until_idle=True, pace=FAST)
    assert moved(queue, acme, task_id) == (TaskStatus.PENDING, 1)
    ask_for_billing(Runtime(queue))
    ask_for_billing(Runtime(queue))
    work(Runtime(queue), until_idle=True, pace=FAST)
    assert moved(queue, acme, task_id) == (TaskStatus.COMPLETED, 2)
    with queue.transaction(acme.tenant_id) as tx:
        assert jobs.failed(tx) == []
