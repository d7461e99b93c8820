"""Lists of subscriptions for those who look: pages by what they are at an instant."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from usance.domain.subscriptions.subscription import ChangeKind
from usance.store import subscriptions, tenants
from usance.store.codec import value_from
from usance.store.database import Tx
from usance.store.listings import Slot
from usance.store.subscriptions import Kept

# The state as domain/subscriptions/subscription.py derives it, at the clock of each customer as
# flows/runtime.py reads it; tests hold these together.
PAGE = """
SELECT id
  FROM (SELECT s.id, s.created_at,
               CASE WHEN s.ends_at <= clock.at AND s.canceled_at IS NOT NULL THEN 'CANCELED'
                    WHEN s.ends_at <= clock.at THEN 'EXPIRED'
                    WHEN s.is_payment_pending THEN 'PAYMENT_PENDING'
                    WHEN clock.at < s.starts_at THEN 'NOT_STARTED'
                    WHEN clock.at < s.trial_ends_at THEN 'IN_TRIAL'
                    ELSE 'ACTIVE' END AS status
          FROM subscriptions s
          JOIN customers c ON c.tenant_id = %(tenant_id)s AND c.id = s.customer_id,
               LATERAL (SELECT CASE WHEN c.clock_at IS NULL THEN %(at)s
                                    ELSE greatest(c.clock_at, %(moved_to)s) END AS at) AS clock
         WHERE s.tenant_id = %(tenant_id)s
           AND (%(customer_id)s::text IS NULL OR s.customer_id = %(customer_id)s)
           AND (%(plan_id)s::text IS NULL OR s.plan_id = %(plan_id)s)
           AND (%(resource_id)s::text IS NULL OR s.resource_id = %(resource_id)s)
           AND (%(pricing_types)s::text[] IS NULL OR s.pricing_type = ANY (%(pricing_types)s))
           AND (%(created_from)s::timestamptz IS NULL OR s.created_at >= %(created_from)s)
           AND (%(created_until)s::timestamptz IS NULL OR s.created_at < %(created_until)s)
       ) AS listed
 WHERE (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s))
   AND (%(after)s::text IS NULL OR (created_at, id) > (
            SELECT created_at, id
              FROM subscriptions
             WHERE tenant_id = %(tenant_id)s AND id = %(after)s))
   AND (%(before)s::text IS NULL OR (created_at, id) < (
            SELECT created_at, id
              FROM subscriptions
             WHERE tenant_id = %(tenant_id)s AND id = %(before)s))
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN created_at END,
          CASE WHEN %(before)s::text IS NULL THEN id END,
          created_at DESC, id DESC
 LIMIT %(limit)s
"""
FOLLOWERS = """
SELECT s.follows, s.plan_id, s.starts_at, s.is_payment_pending, v.changes
  FROM subscriptions s
  JOIN subscription_versions v
    ON v.tenant_id = %(tenant_id)s
   AND v.subscription_id = s.id
   AND v.number = 1
 WHERE s.tenant_id = %(tenant_id)s
   AND s.follows = ANY (%(ids)s)
   AND (s.ends_at IS NULL OR s.ends_at > s.starts_at)
 ORDER BY s.starts_at, s.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSubscriptions:
    """Which to list; None wants all."""

    customer_id: str | None = None
    plan_id: str | None = None
    resource_id: str | None = None
    statuses: Collection[str] | None = None
    pricing_types: Collection[str] | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None


class Follower(NamedTuple):
    """A subscription that starts when another ends, and what changes by it."""

    follows: str
    plan_id: str
    starts_at: datetime
    is_payment_pending: bool
    changes: tuple[ChangeKind, ...]


def page(tx: Tx, wanted: WantedSubscriptions, slot: Slot, *, at: datetime) -> list[str]:
    """Ids by age, of those that are so at `at`, this environment's now; a customer whose own clock
    was moved further is looked at by that.
    """
    rows = tx.all(
        PAGE,
        customer_id=wanted.customer_id,
        plan_id=wanted.plan_id,
        resource_id=wanted.resource_id,
        statuses=None if wanted.statuses is None else list(wanted.statuses),
        pricing_types=None if wanted.pricing_types is None else list(wanted.pricing_types),
        created_from=wanted.created_from,
        created_until=wanted.created_until,
        at=at,
        moved_to=tenants.clock_of(tx),
        after=slot.after,
        before=slot.before,
        limit=slot.limit,
    )
    return [row.id for row in rows]


def in_order(tx: Tx, ids: Collection[str]) -> list[Kept]:
    """The subscriptions of those ids, in that order."""
    found = {kept.subscription.id: kept for kept in subscriptions.some(tx, ids=ids)}
    return [found[each] for each in ids if each in found]


def followers(tx: Tx, ids: Collection[str]) -> dict[str, list[Follower]]:
    """What starts when each of those subscriptions ends, the first first."""
    found: dict[str, list[Follower]] = {}
    for row in tx.all(FOLLOWERS, ids=list(ids)):
        changes = value_from(row.changes, tuple[ChangeKind, ...])
        each = Follower(row.follows, row.plan_id, row.starts_at, row.is_payment_pending, changes)
        found.setdefault(each.follows, []).append(each)
    return found
