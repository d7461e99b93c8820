"""Announce what time alone brings: ends, ends that are near, changes that take effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from usance.domain.facts import (
    BillingMonthEndsSoon,
    EntitlementsUpdated,
    Fact,
    PromotionalEntitlementEndsSoon,
    PromotionalEntitlementExpired,
    SubscriptionCanceled,
    SubscriptionExpired,
    SubscriptionUpdated,
    TrialConverted,
    TrialEndsSoon,
    TrialExpired,
    TrialStarted,
)
from usance.flows.runtime import Runtime, Scope
from usance.store import moments, outbox
from usance.store.moments import Moment

NO_CHANGE = (TrialEndsSoon, BillingMonthEndsSoon, PromotionalEntitlementEndsSoon)
OF_ACCESS = (
    TrialStarted,
    TrialConverted,
    TrialExpired,
    SubscriptionCanceled,
    SubscriptionExpired,
    SubscriptionUpdated,
    PromotionalEntitlementExpired,
)
KINDS: Mapping[str, type[Fact]] = {
    kind.__name__: kind for kind in (*NO_CHANGE, *OF_ACCESS, EntitlementsUpdated)
}


def announce_moments(runtime: Runtime, scope: Scope) -> int:
    """How many facts. Each is of the instant at which it became true, and is announced once,
    however often, late or at the same time this is played. In a rehearsal nobody would hear it.
    """
    if runtime.rehearsed_in is not None:
        return 0
    with runtime.transaction(scope) as tx:
        now = runtime.now(tx)
        found = list(_facts(moments.passed(tx, now=now)))
        outbox.add_each(tx, found)
        moments.save_told(tx, now=now)
    return len(found)


def _facts(passed: Sequence[Moment]) -> Iterator[tuple[Fact, datetime]]:
    """Those of the moments; and of each customer whose access one changed, that, once a moment."""
    told: set[tuple[str, datetime]] = set()
    for moment in passed:
        kind = KINDS[moment.kind]
        if kind is not EntitlementsUpdated:
            yield kind(moment.subject_id), moment.at
        changed = (moment.customer_id, moment.at)
        if kind not in NO_CHANGE and changed not in told:
            told.add(changed)
            yield EntitlementsUpdated(moment.customer_id), moment.at
