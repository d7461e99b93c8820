"""Which failures are tried again, and when."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job

from usance.domain.errors import Invalid
from usance.worker.pace import Pace


class Backoff(BaseRetryStrategy):
    """Later and later, a limited number of times; not at all where time cannot help."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to try again; None: the job has failed for good."""
        attempt = job.attempts + 1
        if attempt >= self._pace.attempt_limit or is_hopeless(exception):
            return None
        return RetryDecision(retry_at=datetime.now(UTC) + self._pace.wait_after(attempt))


def is_hopeless(error: BaseException) -> bool:
    """Whether the same job would fail the same way tomorrow.

    An input that breaks a rule does, and so does what a provider calls final
    (`retryable` is False). A missing thing may still arrive, and a state may change.
    """
    return isinstance(error, Invalid) or getattr(error, "retryable", True) is False
