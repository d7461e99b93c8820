"""What happens without being asked for: once an hour, for each tenant, a billing run, questions to
its tax services, and tidying; every few minutes a sync of each of its connections, and that what
passed meanwhile is announced.
"""

from __future__ import annotations

from usance.flows.runtime import Runtime
from usance.store import connections, jobs, tasks, tenants
from usance.worker.handlers import (
    ANNOUNCE_MOMENTS,
    ASK_TAX_SERVICE,
    FORGET_EXPIRED,
    RUN_BILLING,
    RUN_TASK,
    ask_for_sync,
)

ASK_FOR_BILLING = "ask_for_billing"
ASK_FOR_SYNCS = "ask_for_syncs"
ASK_FOR_ANNOUNCEMENTS = "ask_for_announcements"


def ask_for_billing(runtime: Runtime) -> None:
    """Ask for a billing run of every tenant that has none waiting, and for what comes after it."""
    with runtime.database.platform() as platform:
        tenant_ids = [tenant.tenant_id for tenant in tenants.every(platform)]
    for tenant_id in tenant_ids:
        with runtime.database.transaction(tenant_id) as tx:
            jobs.enqueue(tx, RUN_BILLING, queueing_key="periodic")
            jobs.enqueue(tx, ASK_TAX_SERVICE, queueing_key="periodic")
            jobs.enqueue(tx, FORGET_EXPIRED, queueing_key="periodic")
            for task_id in tasks.unfinished(tx):
                jobs.enqueue(tx, RUN_TASK, queueing_key=task_id, task_id=task_id)


def ask_for_syncs(runtime: Runtime) -> None:
    """Ask for a sync of every enabled connection that has none waiting."""
    with runtime.database.platform() as platform:
        tenant_ids = [tenant.tenant_id for tenant in tenants.every(platform)]
    for tenant_id in tenant_ids:
        with runtime.database.transaction(tenant_id) as tx:
            for kept in connections.every(tx):
                if kept.connection.is_enabled:
                    ask_for_sync(tx, kept.connection.id)


def ask_for_announcements(runtime: Runtime) -> None:
    """Ask, for every tenant, that what passed is announced, unless that waits to be done."""
    with runtime.database.platform() as platform:
        tenant_ids = [tenant.tenant_id for tenant in tenants.every(platform)]
    for tenant_id in tenant_ids:
        with runtime.database.transaction(tenant_id) as tx:
            jobs.enqueue(tx, ANNOUNCE_MOMENTS, queueing_key="periodic")
