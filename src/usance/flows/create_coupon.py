"""Create a coupon."""

from __future__ import annotations

from usance.domain.facts import CouponCreated
from usance.domain.plans.coupon import Coupon, CouponExists
from usance.flows.runtime import Runtime, Scope
from usance.store import coupons


def create_coupon(runtime: Runtime, scope: Scope, coupon: Coupon) -> Coupon:
    """The coupon. What it takes off never changes. Raises CouponExists."""
    with runtime.transaction(scope) as tx:
        if not coupons.add(tx, coupon, at=runtime.now(tx)):
            raise CouponExists(coupon.id)
        fact = CouponCreated(coupon.id)
        runtime.note(tx, scope, "coupon.created", coupon.id, fact, after=coupon)
    return coupon
