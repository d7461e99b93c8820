"""Replacing: which of two subscriptions of a product ends for the other, and when."""

from __future__ import annotations

from datetime import datetime

from usance.domain.plans.package import TrialEnd
from usance.domain.subscriptions.subscription import Subscription


def taken_over_at(new: Subscription, other: Subscription) -> datetime | None:
    """When a new subscription takes the place of another; None: they stand side by side.

    A trial takes that of another trial as it starts, and that of what is paid for as it converts.
    """
    is_beside = new.trial_ends_at is not None and not other.is_trial(new.starts_at)
    if not is_beside:
        return new.starts_at
    return new.trial_ends_at if new.trial_end is TrialEnd.CONVERT_TO_PAID else None


def is_converted(new: Subscription, trial: Subscription) -> bool:
    """True when a trial ends because it is bought, by what starts before it is over."""
    ends_at = trial.trial_ends_at
    return new.trial_ends_at is None and ends_at is not None and new.starts_at <= ends_at
