"""What passed is announced by a worker, without being asked for."""

from __future__ import annotations

from tests.worker.kinds import FAST
from tests.worker.traces import job_states
from usance.flows.runtime import Runtime, Scope
from usance.store.database import Database
from usance.worker.loop import work
from usance.worker.periodic import ask_for_announcements

TOLD = "SELECT told_through FROM tenants WHERE tenant_id = %(tenant_id)s"


def test_every_few_minutes_what_passed_is_announced(queue: Database, acme: Scope) -> None:
    runtime = Runtime(queue)
    before = runtime.clock()
    ask_for_announcements(runtime)
    ask_for_announcements(runtime)
    assert job_states(queue) == ["todo"], "one is waiting"
    work(runtime, until_idle=True, pace=FAST)
    assert job_states(queue) == []
    with queue.transaction(acme.tenant_id) as tx:
        [row] = tx.all(TOLD)
    assert before <= row.told_through <= runtime.clock()
