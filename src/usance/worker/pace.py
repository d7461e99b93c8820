"""How often a worker does what: all its times in one place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The times of a worker; every worker of one database has the same.

    A killed worker's job is taken over after `silence`, then at most one `rescue_every` and one
    `poll_every`: within 45 seconds as it stands. `billing_cron` and `sync_cron` are in UTC; a sixth
    field counts seconds. A job is tried `attempt_limit` times; the waits between begin with
    `first_wait` and double: as it stands, the last is 43 minutes, and the last attempt 85 minutes
    after the first.
    """

    billing_cron: str = "0 * * * *"
    sync_cron: str = "*/5 * * * *"
    poll_every: timedelta = timedelta(seconds=5)
    heartbeat_every: timedelta = timedelta(seconds=10)
    silence: timedelta = timedelta(seconds=30)
    rescue_every: timedelta = timedelta(seconds=10)
    restart_after: timedelta = timedelta(seconds=5)
    attempt_limit: int = 11
    first_wait: timedelta = timedelta(seconds=5)

    def wait_after(self, attempt: int) -> timedelta:
        """How long to wait after the `attempt`-th attempt failed, counted from 1."""
        doublings: int = 2 ** (attempt - 1)
        return self.first_wait * doublings
