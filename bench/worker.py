"""One process of the billing benchmark: bills what is due when told to, and says how it went."""

from __future__ import annotations

import json
import sys
from pathlib import Path

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
    print(json.dumps({"drafts": run.draft_count, "peakMiB": _peak()}), flush=True)
    runtime.database.close()


def _peak() -> float:
    """The most memory this program has held, in MiB. Not `ru_maxrss`, which a child inherits."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
