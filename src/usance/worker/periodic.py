"""What happens without being asked for: once an hour, for each tenant, a billing run, questions to
its tax services, and tidying.
"""

from __future__ import annotations

from usance.flows.runtime import Runtime
from usance.store import jobs, tenants
from usance.worker.handlers import ASK_TAX_SERVICE, FORGET_EXPIRED, RUN_BILLING

ASK_FOR_BILLING = "ask_for_billing"


def ask_for_billing(runtime: Runtime) -> None:
    """Ask for a billing run of every tenant that has none waiting, and for what comes after it."""
    with runtime.database.platform() as platform:
        tenant_ids = [tenant.tenant_id for tenant in tenants.every(platform)]
    for tenant_id in tenant_ids:
        with runtime.database.transaction(tenant_id) as tx:
            jobs.enqueue(tx, RUN_BILLING, queueing_key="periodic")
            jobs.enqueue(tx, ASK_TAX_SERVICE, queueing_key="periodic")
            jobs.enqueue(tx, FORGET_EXPIRED, queueing_key="periodic")
