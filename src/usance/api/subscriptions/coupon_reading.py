"""A coupon of a subscription as it is sent: by its id, or a discount made for it alone."""

from __future__ import annotations

from datetime import datetime

from usance.api.subscriptions.bodies import (
    CouponBody,
)
from usance.api.subscriptions.instants import instant_in
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import CouponId
from usance.domain.subscriptions.requests import (
    CouponRequest,
)


def coupon_of(sent: CouponBody | None) -> CouponRequest | None:
    """None: no coupon, which an empty id says too."""
    if sent is None:
        return None
    for name, value in (
        ("billingCouponId", sent.billing_coupon_id),
        ("promotionCode", sent.promotion_code),
    ):
        if value:
            raise no_coupon(f"appliedCoupon.{name}", value)
    if sent.coupon_id and sent.discount is not None:
        expected = "couponId or discount, not both"
        raise Invalid(Problem("InvalidCoupon", "appliedCoupon.couponId", sent.coupon_id, expected))
    starts = None if sent.configuration is None else sent.configuration.start_date
    starts_at = instant_in(starts, "appliedCoupon.configuration.startDate")
    if sent.coupon_id:
        return CouponRequest(id=CouponId(sent.coupon_id), starts_at=starts_at)
    return None if sent.discount is None else _discount(sent, starts_at)


def _discount(sent: CouponBody, starts_at: datetime | None) -> CouponRequest:
    discount = sent.discount
    assert discount is not None, "asked only with one"
    path, months = "appliedCoupon.discount", discount.duration_in_months
    if (discount.percent_off is None) == (not discount.amounts_off):
        expected = "exactly one of percentOff and amountsOff"
        value = "" if discount.percent_off is None else str(discount.percent_off)
        raise Invalid(Problem("InvalidCoupon", f"{path}.percentOff", value, expected))
    if months is not None and (months != int(months) or not 1 <= months <= 1200):
        expected = "a whole number from 1 to 1200, or nothing for ever"
        raise Invalid(Problem("InvalidCoupon", f"{path}.durationInMonths", str(months), expected))
    if discount.percent_off is not None and not 0 < discount.percent_off <= 100:
        expected = "above zero, at most 100"
        value = str(discount.percent_off)
        raise Invalid(Problem("InvalidCoupon", f"{path}.percentOff", value, expected))
    return CouponRequest(
        name=discount.name or discount.description or "Discount",
        percent_off=discount.percent_off,
        amounts_off=tuple(
            (each.currency.upper(), each.amount) for each in discount.amounts_off or ()
        ),
        duration_months=None if months is None else int(months),
        starts_at=starts_at,
    )


def no_coupon(path: str, value: str) -> Invalid:
    expected = "the couponId of an active coupon of this environment, or a discount"
    return Invalid(Problem("CouponNotFound", path, value[:80], expected))
