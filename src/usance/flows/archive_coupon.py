"""Archive a coupon: those who have it keep it."""

from __future__ import annotations

from usance.domain.facts import CouponArchived
from usance.domain.ids import CouponId
from usance.flows.runtime import Runtime, Scope
from usance.store import coupons


def archive_coupon(runtime: Runtime, scope: Scope, coupon_id: CouponId) -> None:
    """It is applied to nobody anew; archived again, nothing changes. Raises NotFound."""
    with runtime.transaction(scope) as tx:
        if coupons.lock(tx, coupon_id).archived_at is not None:
            return
        coupons.save_archived(tx, coupon_id, at=runtime.now(tx))
        runtime.note(tx, scope, "coupon.archived", coupon_id, CouponArchived(coupon_id))
