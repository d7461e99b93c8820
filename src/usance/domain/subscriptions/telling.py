"""What to announce when a subscription was provisioned."""

from __future__ import annotations

from collections.abc import Iterable

from usance.domain.facts import (
    Fact,
    SubscriptionCanceled,
    SubscriptionProvisioned,
    SubscriptionUpdated,
    TrialConverted,
    TrialStarted,
)
from usance.domain.subscriptions.provisioning import Provisioning
from usance.domain.subscriptions.subscription import EndReason, Subscription


def provisioning_facts(made: Provisioning, ended: Iterable[Subscription]) -> list[Fact]:
    """That it is there, a trial if it is one, and what ended for it."""
    facts: list[Fact] = [SubscriptionProvisioned(made.new.id)]
    has_begun = made.new.starts_at <= made.new.versions[0].created_at
    if made.new.trial_ends_at is not None and has_begun:
        facts.append(TrialStarted(made.new.id))
    if made.follower is not None:
        facts.append(SubscriptionProvisioned(made.follower.id))
    return [*facts, *(ending_fact(each) for each in ended)]


def ending_fact(ended: Subscription) -> Fact:
    """That it ended; of an end that is still to come, that it changed: the rest is for then."""
    assert ended.ends_at is not None, "it was given an end"
    assert ended.canceled_at is not None, "it was ended by somebody"
    if ended.ends_at > ended.canceled_at:
        return SubscriptionUpdated(ended.id)
    if ended.end_reason is EndReason.TRIAL_CONVERTED:
        return TrialConverted(ended.id)
    return SubscriptionCanceled(ended.id)
