"""Promotional entitlements: features given to customers beside their subscriptions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

from usance.domain.errors import NotFound
from usance.domain.ids import CustomerId, FeatureId, PromotionId
from usance.domain.plans.entitlements import PackageEntitlement
from usance.domain.plans.promotion import GrantPeriod, Promotion
from usance.store.codec import jsonb, value_from
from usance.store.database import Row, Tx

SAVE = """
INSERT INTO promotional_entitlements (tenant_id, id, customer_id, feature_id, starts_at, ends_at,
                                      terms, created_at, updated_at, revoked_at)
VALUES (%(tenant_id)s, %(id)s, %(customer_id)s, %(feature_id)s, %(starts_at)s, %(ends_at)s,
        %(terms)s, %(created_at)s, %(updated_at)s, %(revoked_at)s)
    ON CONFLICT (tenant_id, id) DO UPDATE
   SET starts_at = excluded.starts_at,
       ends_at = excluded.ends_at,
       terms = excluded.terms,
       updated_at = excluded.updated_at,
       revoked_at = excluded.revoked_at
"""
IN_FORCE = """
SELECT id, customer_id, starts_at, ends_at, terms, revoked_at
  FROM promotional_entitlements
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = ANY (%(customer_ids)s)
   AND revoked_at IS NULL
 ORDER BY customer_id, feature_id
"""
ONE = """
SELECT id, customer_id, starts_at, ends_at, terms, revoked_at
  FROM promotional_entitlements
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = %(customer_id)s
   AND feature_id = %(feature_id)s
   AND revoked_at IS NULL
"""
# The status as domain/plans/promotion.py derives it; a test holds the two together.
PAGE = """
SELECT id, customer_id, starts_at, ends_at, terms, revoked_at
  FROM promotional_entitlements
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = %(customer_id)s
   AND revoked_at IS NULL
   AND (%(statuses)s::text[] IS NULL OR CASE WHEN ends_at <= %(at)s THEN 'Expired'
                                             WHEN starts_at > %(at)s THEN 'Paused'
                                             ELSE 'Active' END = ANY (%(statuses)s))
   AND (%(created_from)s::timestamptz IS NULL OR created_at >= %(created_from)s)
   AND (%(created_until)s::timestamptz IS NULL OR created_at < %(created_until)s)
   AND (%(after)s::text IS NULL OR (created_at, id) > (
            SELECT created_at, id
              FROM promotional_entitlements
             WHERE tenant_id = %(tenant_id)s
               AND id = %(after)s))
   AND (%(before)s::text IS NULL OR (created_at, id) < (
            SELECT created_at, id
              FROM promotional_entitlements
             WHERE tenant_id = %(tenant_id)s
               AND id = %(before)s))
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN created_at END,
          CASE WHEN %(before)s::text IS NULL THEN id END,
          created_at DESC, id DESC
 LIMIT %(limit)s
"""


class _Terms(NamedTuple):
    """What of a promotion stands in its jsonb column."""

    value: PackageEntitlement
    period: GrantPeriod
    is_visible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPromotions:
    """Which of a customer's promotions to list, by where they stand at `at`; None wants all."""

    customer_id: CustomerId
    at: datetime
    statuses: list[str] | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None


def save(tx: Tx, promotion: Promotion) -> None:
    """Keep a promotion, new or changed. One a customer and feature is not revoked."""
    tx.run(
        SAVE,
        id=promotion.id,
        customer_id=promotion.customer_id,
        feature_id=promotion.value.feature_id,
        starts_at=promotion.starts_at,
        ends_at=promotion.ends_at,
        terms=jsonb(_Terms(promotion.value, promotion.period, promotion.is_visible)),
        created_at=promotion.value.created_at,
        updated_at=promotion.value.updated_at,
        revoked_at=promotion.revoked_at,
    )


def in_force(tx: Tx, customer_ids: Collection[CustomerId]) -> list[Promotion]:
    """All that were given to those customers and not revoked: those that are over, and those of
    days to come, too.
    """
    return [_promotion(row) for row in tx.all(IN_FORCE, customer_ids=list(customer_ids))]


def one(tx: Tx, customer_id: CustomerId, feature_id: FeatureId) -> Promotion:
    """The one of that feature that is not revoked. Raises NotFound."""
    row = tx.maybe(ONE, customer_id=customer_id, feature_id=feature_id)
    if row is None:
        raise NotFound("promotional entitlement", feature_id)
    return _promotion(row)


def page(
    tx: Tx, wanted: WantedPromotions, *, after: str | None, before: str | None, limit: int
) -> list[Promotion]:
    """Promotions that are not revoked by age, after one or before one (then newest first)."""
    rows = tx.all(PAGE, **asdict(wanted), after=after, before=before, limit=limit)
    return [_promotion(row) for row in rows]


def _promotion(row: Row) -> Promotion:
    terms = value_from(row.terms, _Terms)
    return Promotion(
        id=PromotionId(row.id),
        customer_id=CustomerId(row.customer_id),
        value=terms.value,
        period=terms.period,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        is_visible=terms.is_visible,
        revoked_at=row.revoked_at,
    )
