"""Kinds of jobs for the tests: each run leaves a trace, each effect has a unique key."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.worker.traces import runs_of, trace_run
from usance.domain.errors import Invalid, Problem
from usance.flows.runtime import Runtime, Scope
from usance.store import jobs
from usance.worker.handlers import RUN_BILLING, Handler
from usance.worker.pace import Pace

FAST = Pace(
    poll_every=timedelta(seconds=0.1),
    heartbeat_every=timedelta(seconds=0.2),
    silence=timedelta(seconds=2),
    rescue_every=timedelta(seconds=0.2),
    restart_after=timedelta(seconds=0.1),
    first_wait=timedelta(seconds=0.1),
    sync_cron="0 0 29 2 *",  # never
    attempt_limit=5,
)
SAVE_EFFECT = """
INSERT INTO effects (tenant_id, key) VALUES (%(tenant_id)s, %(key)s) ON CONFLICT DO NOTHING
"""


class ServiceAway(Exception):
    """A failure that time may heal."""


def save(runtime: Runtime, scope: Scope, *, key: str) -> None:
    """The effect of `key`, once however often it is called."""
    trace_run(runtime.database, scope.tenant_id, key)
    with runtime.transaction(scope) as tx:
        tx.run(SAVE_EFFECT, key=key)


def save_slowly(runtime: Runtime, scope: Scope, *, key: str, seconds: int) -> None:
    """The same, a while after it was begun; the first run only."""
    first = not runs_of(runtime.database, key)
    trace_run(runtime.database, scope.tenant_id, key)
    if first:
        time.sleep(seconds)
    with runtime.transaction(scope) as tx:
        tx.run(SAVE_EFFECT, key=key)


def save_at_the_third_attempt(runtime: Runtime, scope: Scope, *, key: str) -> None:
    """Fails twice."""
    save_at = 3
    trace_run(runtime.database, scope.tenant_id, key)
    if len(runs_of(runtime.database, key)) < save_at:
        raise ServiceAway
    with runtime.transaction(scope) as tx:
        tx.run(SAVE_EFFECT, key=key)


def fail(runtime: Runtime, scope: Scope, *, key: str) -> None:
    """Never succeeds."""
    trace_run(runtime.database, scope.tenant_id, key)
    raise ServiceAway


def refuse(runtime: Runtime, scope: Scope, *, key: str) -> None:
    """Can never succeed, and says so."""
    trace_run(runtime.database, scope.tenant_id, key)
    raise Invalid(Problem("Wrong", "key", key, "something else"))


def ask_again_and_fail(runtime: Runtime, scope: Scope, *, key: str) -> None:
    """The first run asks for the same work under the same queueing key, and then fails."""
    first = not runs_of(runtime.database, key)
    trace_run(runtime.database, scope.tenant_id, key)
    if first:
        with runtime.transaction(scope) as tx:
            jobs.enqueue(tx, "ask_again_and_fail", queueing_key="same", key=key)
        raise ServiceAway


def bill(runtime: Runtime, scope: Scope, **_terms: Any) -> None:
    """Stands for the billing run: leaves one trace a run."""
    trace_run(runtime.database, scope.tenant_id, RUN_BILLING)


KINDS: Mapping[str, Handler] = {
    "save": save,
    "save_slowly": save_slowly,
    "save_at_the_third_attempt": save_at_the_third_attempt,
    "fail": fail,
    "refuse": refuse,
    "ask_again_and_fail": ask_again_and_fail,
    RUN_BILLING: bill,
}


def hours_ago(now: datetime, hours: int) -> str:
    """A cron expression, in UTC, that was due `hours` ago and is due again tomorrow."""
    return f"0 {(now - timedelta(hours=hours)).hour} * * *"
