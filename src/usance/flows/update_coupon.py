"""Change how a coupon is called; what it takes off stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from usance.domain.facts import CouponUpdated
from usance.domain.ids import CouponId
from usance.domain.plans.coupon import Coupon, CouponIsArchived
from usance.flows.runtime import Runtime, Scope
from usance.store import coupons

WORDING = {"name", "description", "metadata"}


def update_coupon(
    runtime: Runtime, scope: Scope, coupon_id: CouponId, changes: Mapping[str, Any]
) -> Coupon:
    """The coupon as it now is. `changes` of name, description and metadata.

    Raises NotFound, CouponIsArchived, Invalid.
    """
    assert changes.keys() <= WORDING, "the rest of a coupon is fixed"
    with runtime.transaction(scope) as tx:
        found = coupons.lock(tx, coupon_id)
        if found.archived_at is not None:
            raise CouponIsArchived(coupon_id)

        changed = replace(found.coupon, **changes)

        coupons.save(tx, changed, at=runtime.now(tx))
        fact = CouponUpdated(coupon_id)
        runtime.note(
            tx, scope, "coupon.updated", coupon_id, fact, before=found.coupon, after=changed
        )
    return changed
