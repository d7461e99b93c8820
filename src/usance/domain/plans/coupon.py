"""Coupons: so many percent, or an amount in each of some currencies, for a while or for ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from usance.domain.errors import Conflict, NotAllowedNow, Problem, refuse_if
from usance.domain.ids import CouponId
from usance.domain.money import Money
from usance.domain.plans.wording import metadata_problems, name_problems, text_problems

MAX_MONTHS = 1200


class CouponType(StrEnum):
    """What a coupon takes off."""

    FIXED = "FIXED"
    PERCENTAGE = "PERCENTAGE"


class CouponExists(Conflict):
    """What a coupon takes off never changes, so a second one of its id is refused."""

    code = "CouponExists"

    def __init__(self, coupon_id: str) -> None:
        super().__init__(f"There is a coupon {coupon_id} already; choose another id.")


class CouponIsArchived(NotAllowedNow):
    """An archived coupon is changed no more."""

    code = "CouponIsArchived"

    def __init__(self, coupon_id: str) -> None:
        super().__init__(f"Coupon {coupon_id} is archived.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """`percent_off` is a whole number of a hundred; `duration_months` counts calendar months from
    the day it is applied, None for ever.
    """

    id: CouponId
    name: str
    percent_off: int | None = None
    amounts_off: tuple[Money, ...] = ()
    duration_months: int | None = None
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        refuse_if(list(_problems(self)))

    @property
    def type(self) -> CouponType:
        """PERCENTAGE or FIXED."""
        return CouponType.FIXED if self.percent_off is None else CouponType.PERCENTAGE


def applying_problems(coupon_id: CouponId, *, is_active: bool) -> Iterator[Problem]:
    """What keeps a coupon from being given to a customer."""
    if not is_active:
        yield Problem("CouponNotFound", "couponId", coupon_id, "the id of an active coupon")


def _problems(coupon: Coupon) -> Iterator[Problem]:
    yield from name_problems(coupon.name, "name")
    yield from text_problems(coupon.description, "description")
    yield from metadata_problems(coupon.metadata)
    percent = coupon.percent_off
    if (percent is None) == (not coupon.amounts_off):
        expected = "exactly one of percentOff and amountsOff"
        yield Problem(
            "InvalidCoupon", "percentOff", "" if percent is None else str(percent), expected
        )
    if percent is not None and not 1 <= percent <= 100:
        yield Problem("InvalidCoupon", "percentOff", str(percent), "a whole number from 1 to 100")
    seen = set()
    for index, amount in enumerate(coupon.amounts_off):
        if amount.minor <= 0:
            yield Problem("InvalidCoupon", f"amountsOff[{index}].amount", str(amount), "above zero")
        if amount.currency in seen:
            expected = "each currency once"
            yield Problem("InvalidCoupon", f"amountsOff[{index}].currency", str(amount), expected)
        seen.add(amount.currency)
    months = coupon.duration_months
    if months is not None and not 1 <= months <= MAX_MONTHS:
        expected = f"1 to {MAX_MONTHS} months, or null for ever"
        yield Problem("InvalidCoupon", "durationInMonths", str(months), expected)
