"""What happens without being asked for: once an hour, a billing run of each tenant, and tidying."""

from __future__ import annotations

from usance.flows.runtime import Runtime
from usance.store import jobs, tenants
from usance.worker.handlers import FORGET_EXPIRED, RUN_BILLING

ASK_FOR_BILLING = "ask_for_billing"


def ask_for_billing(runtime: Runtime) -> None:
    """Ask for one billing run of every tenant that has none waiting, and for tidying after it."""
    with runtime.database.platform() as platform:
        tenant_ids = [tenant.tenant_id for tenant in tenants.every(platform)]
    for tenant_id in tenant_ids:
        with runtime.database.transaction(tenant_id) as tx:
            jobs.enqueue(tx, RUN_BILLING, queueing_key="periodic")
            jobs.enqueue(tx, FORGET_EXPIRED, queueing_key="periodic")
