"""Coupons: by the id the seller gave them, oldest first."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

from usance.domain.ids import CouponId
from usance.domain.plans.coupon import Coupon
from usance.store.codec import jsonb, value_from
from usance.store.database import Row, Tx

ADD = """
INSERT INTO coupons (tenant_id, id, type, particulars, created_at, updated_at)
VALUES (%(tenant_id)s, %(id)s, %(type)s, %(particulars)s, %(at)s, %(at)s)
    ON CONFLICT DO NOTHING
"""
SAVE = """
UPDATE coupons
   SET particulars = %(particulars)s,
       updated_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
DATED = """
SELECT id, particulars, created_at, updated_at, archived_at
  FROM coupons
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
LOCK = """
SELECT id, particulars, created_at, updated_at, archived_at
  FROM coupons
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   FOR NO KEY UPDATE
"""
ACTIVE = """
SELECT id
  FROM coupons
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   AND archived_at IS NULL
"""
PAGE = """
SELECT id, particulars, created_at, updated_at, archived_at
  FROM coupons
 WHERE tenant_id = %(tenant_id)s
   AND (%(id)s::text IS NULL OR id = %(id)s)
   AND (%(type)s::text IS NULL OR type = %(type)s)
   AND (%(statuses)s::text[] IS NULL
        OR CASE WHEN archived_at IS NULL THEN 'ACTIVE' ELSE 'ARCHIVED' END = ANY (%(statuses)s))
   AND (%(created_from)s::timestamptz IS NULL OR created_at >= %(created_from)s)
   AND (%(created_until)s::timestamptz IS NULL OR created_at < %(created_until)s)
   AND (%(after)s::text IS NULL OR (created_at, id) > (
            SELECT created_at, id FROM coupons WHERE tenant_id = %(tenant_id)s AND id = %(after)s))
   AND (%(before)s::text IS NULL OR (created_at, id) < (
            SELECT created_at, id FROM coupons WHERE tenant_id = %(tenant_id)s AND id = %(before)s))
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN created_at END,
          CASE WHEN %(before)s::text IS NULL THEN id END,
          created_at DESC, id DESC
 LIMIT %(limit)s
"""
ARCHIVE = """
UPDATE coupons
   SET archived_at = %(at)s,
       updated_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""


class DatedCoupon(NamedTuple):
    """A coupon, when it was first and last saved, and when it was archived."""

    coupon: Coupon
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCoupons:
    """Which coupons to list; None wants all."""

    id: str | None = None
    type: str | None = None
    statuses: list[str] | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None


def add(tx: Tx, coupon: Coupon, *, at: datetime) -> bool:
    """Keep a new one. False, and nothing done, when there is one of its id."""
    return bool(tx.run(ADD, id=coupon.id, type=coupon.type, particulars=jsonb(coupon), at=at))


def save(tx: Tx, coupon: Coupon, *, at: datetime) -> None:
    """Keep a coupon as it now is."""
    tx.run(SAVE, id=coupon.id, particulars=jsonb(coupon), at=at)


def dated(tx: Tx, coupon_id: CouponId) -> DatedCoupon:
    """The coupon of that id, archived or not. Raises NotFound."""
    return _dated(tx.one(DATED, kind="coupon", ref=coupon_id, id=coupon_id))


def is_active(tx: Tx, coupon_id: CouponId) -> bool:
    """True when there is one of that id that may be applied."""
    return tx.maybe(ACTIVE, id=coupon_id) is not None


def lock(tx: Tx, coupon_id: CouponId) -> DatedCoupon:
    """The same, held as it is until `tx` ends. Raises NotFound."""
    return _dated(tx.one(LOCK, kind="coupon", ref=coupon_id, id=coupon_id))


def page(
    tx: Tx, wanted: WantedCoupons, *, after: str | None, before: str | None, limit: int
) -> list[DatedCoupon]:
    """Coupons by age, after one or before one (then newest first)."""
    rows = tx.all(PAGE, **asdict(wanted), after=after, before=before, limit=limit)
    return [_dated(row) for row in rows]


def save_archived(tx: Tx, coupon_id: CouponId, *, at: datetime) -> None:
    """It is applied to nobody anew."""
    tx.run(ARCHIVE, id=coupon_id, at=at)


def _dated(row: Row) -> DatedCoupon:
    coupon = value_from(row.particulars, Coupon)
    return DatedCoupon(coupon, row.created_at, row.updated_at, row.archived_at)
