"""Moments: what time alone brings, between the last look and now; by each customer's own clock.

A state is computed from its instants, so nothing has to happen when one passes; those who listen
are told all the same, once.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from usance.domain.ids import CustomerId
from usance.store.database import Tx

LOCK = """
SELECT told_through
  FROM tenants
 WHERE tenant_id = %(tenant_id)s
   FOR NO KEY UPDATE
"""
# `spans` are from the last look until now. An end that somebody set for the instant they said so
# was announced by them. Of a trial or a gift that is short, half of its time counts as a week.
OF_SUBSCRIPTIONS = """
WITH spans AS (
     SELECT s.id, s.customer_id, s.starts_at, s.ends_at, s.anchor, s.trial_ends_at, s.trial_end,
            s.canceled_at, s.end_reason, s.created_at, s.pricing_type,
            greatest(%(since)s, c.told_through, '-infinity') AS since,
            greatest(%(now)s, c.clock_at) AS now,
            s.ends_at IS NULL OR s.ends_at > s.starts_at AS was_ever
       FROM subscriptions s
       JOIN customers c
         ON c.tenant_id = %(tenant_id)s
        AND c.id = s.customer_id
      WHERE s.tenant_id = %(tenant_id)s
        AND NOT s.is_payment_pending
        AND (s.ends_at IS NULL OR s.ends_at > greatest(%(since)s, '-infinity'))
), ends AS (
     SELECT *, CASE end_reason WHEN 'TRIAL_ENDED' THEN 'TrialExpired'
                               WHEN 'TRIAL_CONVERTED' THEN 'TrialConverted'
                               ELSE CASE WHEN canceled_at IS NULL THEN 'SubscriptionExpired'
                                         ELSE 'SubscriptionCanceled' END END AS kind
       FROM spans
      WHERE ends_at > coalesce(canceled_at, created_at)
        AND was_ever
)
SELECT kind, id AS subject_id, customer_id, ends_at AS at
  FROM ends
 WHERE ends_at > since AND ends_at <= now
 UNION ALL
SELECT 'TrialConverted', id, customer_id, trial_ends_at
  FROM spans
 WHERE trial_end = 'CONVERT_TO_PAID'
   AND (ends_at IS NULL OR ends_at > trial_ends_at)
   AND trial_ends_at > created_at
   AND trial_ends_at > since AND trial_ends_at <= now
 UNION ALL
SELECT 'TrialEndsSoon', id, customer_id, soon.at
  FROM spans, LATERAL (
       SELECT trial_ends_at - least(interval '7 days', (trial_ends_at - starts_at) / 2) AS at) soon
 WHERE trial_ends_at IS NOT NULL
   AND (ends_at IS NULL OR ends_at >= trial_ends_at)
   AND soon.at > since AND soon.at <= now
 UNION ALL
SELECT CASE WHEN trial_ends_at IS NULL THEN 'EntitlementsUpdated' ELSE 'TrialStarted' END,
       CASE WHEN trial_ends_at IS NULL THEN customer_id ELSE id END, customer_id, starts_at
  FROM spans
 WHERE starts_at > created_at
   AND was_ever
   AND starts_at > since AND starts_at <= now
 UNION ALL
SELECT 'SubscriptionUpdated', v.subscription_id, s.customer_id, v.effective_at
  FROM spans s
  JOIN subscription_versions v
    ON v.tenant_id = %(tenant_id)s
   AND v.subscription_id = s.id
 WHERE v.number > 1
   AND v.called_off_at IS NULL
   AND v.effective_at > v.created_at
   AND (s.ends_at IS NULL OR s.ends_at > v.effective_at)
   AND v.effective_at > s.since AND v.effective_at <= s.now
 UNION ALL
SELECT 'BillingMonthEndsSoon', id, customer_id, month.ends_at - interval '1 hour'
  FROM (SELECT *, anchor AT TIME ZONE 'UTC' AS first, now AT TIME ZONE 'UTC' AS today
          FROM spans
         WHERE pricing_type = 'PAID') s,
       LATERAL (
       SELECT (first + make_interval(months => 12 * (extract(year FROM today)
                 - extract(year FROM first))::int + (extract(month FROM today)
                 - extract(month FROM first))::int + next)) AT TIME ZONE 'UTC' AS ends_at
         FROM generate_series(0, 1) AS next) month
 WHERE month.ends_at > greatest(anchor, starts_at)
   AND (s.ends_at IS NULL OR s.ends_at >= month.ends_at)
   AND month.ends_at - interval '1 hour' > greatest(since, created_at)
   AND month.ends_at - interval '1 hour' <= now
"""
OF_PROMOTIONS = """
WITH spans AS (
     SELECT p.id, p.customer_id, p.starts_at, p.ends_at, p.updated_at,
            greatest(%(since)s, c.told_through, '-infinity') AS since,
            greatest(%(now)s, c.clock_at) AS now
       FROM promotional_entitlements p
       JOIN customers c
         ON c.tenant_id = %(tenant_id)s
        AND c.id = p.customer_id
      WHERE p.tenant_id = %(tenant_id)s
        AND p.revoked_at IS NULL
)
SELECT 'PromotionalEntitlementExpired' AS kind, id AS subject_id, customer_id, ends_at AS at
  FROM spans
 WHERE ends_at > since AND ends_at <= now
 UNION ALL
SELECT 'PromotionalEntitlementEndsSoon', id, customer_id, soon.at
  FROM spans,
       LATERAL (SELECT ends_at - least(interval '7 days', (ends_at - starts_at) / 2) AS at) soon
 WHERE soon.at > since AND soon.at <= now
 UNION ALL
SELECT 'EntitlementsUpdated', customer_id, customer_id, starts_at
  FROM spans
 WHERE starts_at > updated_at
   AND starts_at > since AND starts_at <= now
"""
TOLD = """
UPDATE tenants
   SET told_through = greatest(told_through, %(now)s)
 WHERE tenant_id = %(tenant_id)s
"""
TOLD_BY_OWN_CLOCK = """
UPDATE customers
   SET told_through = greatest(told_through, clock_at)
 WHERE tenant_id = %(tenant_id)s
   AND clock_at > %(now)s
   AND told_through IS DISTINCT FROM clock_at
"""


class Moment(NamedTuple):
    """An instant that passed: the fact it brings, of what, and whose it is."""

    kind: str
    subject_id: str
    customer_id: CustomerId
    at: datetime


def passed(tx: Tx, *, now: datetime) -> list[Moment]:
    """What passed since the last look, in the order of time; nobody else looks until `tx` ends."""
    [row] = tx.all(LOCK)
    asked = {"since": row.told_through, "now": now}
    rows = [*tx.all(OF_SUBSCRIPTIONS, **asked), *tx.all(OF_PROMOTIONS, **asked)]
    found = [Moment(row.kind, row.subject_id, CustomerId(row.customer_id), row.at) for row in rows]
    return sorted(found, key=lambda moment: (moment.at, moment.kind, moment.subject_id))


def save_told(tx: Tx, *, now: datetime) -> None:
    """What passed until now was announced, by the clocks of customers who have their own, too."""
    tx.run(TOLD, now=now)
    tx.run(TOLD_BY_OWN_CLOCK, now=now)
