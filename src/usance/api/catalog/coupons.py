"""Coupons: created, called otherwise, archived."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from usance.api.caller import Asked, Caller
from usance.api.catalog.wire import MoneyWire
from usance.api.envelope import Instant, Page, Single, Wire
from usance.api.fields import Metadata, PathId, Ref, at, words
from usance.api.filters import Created
from usance.api.paging import Paging, part
from usance.api.route import resource
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import CouponId
from usance.domain.money import Money, currency
from usance.domain.plans.coupon import Coupon, CouponType
from usance.flows.archive_coupon import archive_coupon
from usance.flows.create_coupon import create_coupon
from usance.flows.update_coupon import update_coupon
from usance.store import coupons
from usance.store.coupons import DatedCoupon, WantedCoupons

router = resource("coupons", tag="Catalogue")


class CouponBody(Wire):
    """A new coupon: exactly one of `percentOff` and `amountsOff`."""

    id: Ref = Field(examples=["spring"])
    name: str = Field(max_length=255, examples=["Spring offer"])
    percent_off: int | None = Field(default=None, ge=1, le=100, examples=[20])
    amounts_off: list[MoneyWire] | None = Field(default=None, max_length=200)
    duration_in_months: int | None = Field(
        default=None, ge=1, le=1200, description="From the day it is applied; null: for ever."
    )
    description: str | None = None
    metadata: Metadata | None = None


class CouponPatch(Wire):
    """What changes: only how it is called. Null clears a description or metadata."""

    name: str | None = Field(default=None, max_length=255)
    description: str | None = None
    metadata: Metadata | None = None


class CouponWire(Wire):
    """A coupon."""

    id: str
    name: str
    type: CouponType
    percent_off: int | None
    amounts_off: list[MoneyWire] | None
    duration_in_months: int | None
    status: Literal["ACTIVE", "ARCHIVED"]
    source: Literal["STIGG"] = Field(description="Made here; spelled as Stigg's, for its SDKs.")
    billing_id: str | None
    billing_link_url: str | None
    description: str | None
    metadata: Metadata
    created_at: Instant
    updated_at: Instant


@router.post("", operation_id="createCoupon", summary="Create a coupon", status_code=201)
def create(caller: Asked, body: CouponBody) -> Single[CouponWire]:
    """What it takes off never changes. One of that id that exists is not replaced: 409."""
    amounts = enumerate(body.amounts_off or ())
    coupon = Coupon(
        id=CouponId(body.id),
        name=body.name,
        percent_off=body.percent_off,
        amounts_off=tuple(_money(each, f"amountsOff[{index}]") for index, each in amounts),
        duration_months=body.duration_in_months,
        description=body.description,
        metadata=body.metadata or {},
    )
    create_coupon(caller.runtime, caller.scope, coupon)
    return _one(caller, coupon.id)


@router.get("", operation_id="listCoupons", summary="List coupons")
def list_coupons(
    caller: Asked,
    asked: Paging,
    created: Created,
    *,
    id: Annotated[str | None, Query(description="Only the one of this id.")] = None,
    type: Annotated[CouponType | None, Query(description="Only those that take that off.")] = None,
    status: Annotated[
        str | None, Query(description="ACTIVE, ARCHIVED; several joined by commas.")
    ] = None,
) -> Page[CouponWire]:
    """Oldest first, archived ones too."""
    wanted = WantedCoupons(
        id=id,
        type=type,
        statuses=words(status, ("ACTIVE", "ARCHIVED"), "status"),
        created_from=created.first,
        created_until=created.until,
    )
    with caller.transaction() as tx:
        found = coupons.page(
            tx, wanted, after=asked.after, before=asked.before, limit=asked.and_one
        )
    shown, cursors = part(found, asked, lambda dated: dated.coupon.id)
    return Page(data=[_wire(each) for each in shown], pagination=cursors)


@router.get("/{id}", operation_id="getCoupon", summary="Read a coupon")
def get(caller: Asked, id: PathId) -> Single[CouponWire]:
    """Archived or not."""
    return _one(caller, CouponId(id))


@router.patch("/{id}", operation_id="updateCoupon", summary="Call a coupon otherwise")
def update(caller: Asked, id: PathId, body: CouponPatch) -> Single[CouponWire]:
    """Only what is sent changes; `metadata` is replaced whole."""
    changes: dict[str, object] = {name: getattr(body, name) for name in body.model_fields_set}
    if changes.get("name", "") is None:
        raise Invalid(Problem("InvalidName", "name", "null", "1 to 255 characters"))
    if "metadata" in changes:
        changes["metadata"] = body.metadata or {}
    update_coupon(caller.runtime, caller.scope, CouponId(id), changes)
    return _one(caller, CouponId(id))


@router.post("/{id}/archive", operation_id="archiveCoupon", summary="Archive a coupon")
def archive(caller: Asked, id: PathId) -> Single[CouponWire]:
    """It is applied to nobody anew; those who have it keep it."""
    archive_coupon(caller.runtime, caller.scope, CouponId(id))
    return _one(caller, CouponId(id))


def _money(wire: MoneyWire, path: str) -> Money:
    of = at(f"{path}.currency", lambda: currency(wire.currency))
    return at(f"{path}.amount", lambda: Money.parse(format(wire.amount, "f"), of))


def _one(caller: Caller, coupon_id: CouponId) -> Single[CouponWire]:
    with caller.transaction() as tx:
        return Single(data=_wire(coupons.dated(tx, coupon_id)))


def _wire(dated: DatedCoupon) -> CouponWire:
    coupon = dated.coupon
    amounts = [
        MoneyWire(amount=each.amount, currency=each.currency.code.lower())
        for each in coupon.amounts_off
    ]
    return CouponWire(
        id=coupon.id,
        name=coupon.name,
        type=coupon.type,
        percent_off=coupon.percent_off,
        amounts_off=amounts or None,
        duration_in_months=coupon.duration_months,
        status="ACTIVE" if dated.archived_at is None else "ARCHIVED",
        source="STIGG",
        billing_id=None,
        billing_link_url=None,
        description=coupon.description,
        metadata=dict(coupon.metadata),
        created_at=dated.created_at,
        updated_at=dated.updated_at,
    )
