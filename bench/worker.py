"""One process of the billing benchmark: bills what is due when told to, and says how it went."""

from __future__ import annotations

import json
import resource
import sys

from bench.population import BILL_ON
from usance.flows.run_billing import run_billing
from usance.flows.runtime import Runtime, Scope
from usance.store import tenants
from usance.store.database import Database


def main(url: str, tenant_id: str) -> None:
    """Say that it is ready, wait for a line, bill, print one JSON line."""
    runtime, scope = Runtime(Database(url)), Scope(tenant_id, "bench")
    with runtime.transaction(scope) as tx:
        tenants.one(tx)
    print("ready", flush=True)
    sys.stdin.readline()
    run = run_billing(runtime, scope, through=BILL_ON)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"drafts": run.draft_count, "peakMiB": peak}), flush=True)
    runtime.database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
