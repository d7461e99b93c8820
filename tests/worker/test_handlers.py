"""The table of handlers, with the real flows behind it."""

from __future__ import annotations

import pytest

from tests.worker.kinds import FAST
from tests.worker.traces import job_states
from usance.flows.runtime import Runtime, Scope
from usance.store import jobs
from usance.store.database import Database
from usance.store.jobs import Argument
from usance.worker.handlers import RUN_BILLING, SEND_INVOICE
from usance.worker.loop import work


@pytest.mark.parametrize("arguments", [{}, {"through": "2026-01-31"}], ids=["today", "a day"])
def test_a_billing_run_of_an_empty_sandbox_is_done(
    queue: Database, acme: Scope, arguments: dict[str, Argument]
) -> None:
    with queue.transaction(acme.tenant_id) as tx:
        jobs.enqueue(tx, RUN_BILLING, queueing_key=None, run_at=None, **arguments)
    work(Runtime(queue), until_idle=True, pace=FAST)
    assert job_states(queue) == []


def test_an_invoice_that_is_not_there_yet_is_looked_for_again(queue: Database, acme: Scope) -> None:
    with queue.transaction(acme.tenant_id) as tx:
        jobs.enqueue(tx, SEND_INVOICE, invoice_id="inv_none")
    work(Runtime(queue), until_idle=True, pace=FAST)
    assert job_states(queue) == ["todo"]
