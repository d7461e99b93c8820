"""What to announce when a subscription was provisioned."""

from __future__ import annotations

from collections.abc import Iterable

from usance.domain.facts import (
    Fact,
    SubscriptionCanceled,
    SubscriptionProvisioned,
    TrialConverted,
    TrialStarted,
)
from usance.domain.subscriptions.provisioning import Provisioning
from usance.domain.subscriptions.subscription import EndReason, Subscription


def provisioning_facts(made: Provisioning, ended: Iterable[Subscription]) -> list[Fact]:
    """That it is there, a trial if it is one, and what ended for it."""
    facts: list[Fact] = [SubscriptionProvisioned(made.new.id)]
    if made.new.trial_ends_at is not None:
        facts.append(TrialStarted(made.new.id))
    if made.follower is not None:
        facts.append(SubscriptionProvisioned(made.follower.id))
    for each in ended:
        is_converted = each.end_reason is EndReason.TRIAL_CONVERTED
        facts.append(TrialConverted(each.id) if is_converted else SubscriptionCanceled(each.id))
    return facts
