"""What is there when a subscription is asked for, and keeping what becomes of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime

from usance.domain.errors import Invalid, Problem, refuse_if
from usance.domain.ids import CouponId, CustomerId, FeatureId, PackageId
from usance.domain.plans.coupon import Coupon
from usance.domain.plans.package import Package, PackageKind
from usance.domain.plans.product import EndSetup, Product
from usance.domain.subscriptions.offer import Offer
from usance.domain.subscriptions.provisioning import (
    Circumstances,
    Provisioning,
    SubscriptionExists,
    running_of,
)
from usance.domain.subscriptions.requests import CouponRequest, ProvisionRequest
from usance.domain.subscriptions.subscription import Subscription
from usance.store import (
    contracts,
    coupons,
    features,
    parties,
    product_line,
    products,
    published,
    subscriptions,
    usage_billed,
)
from usance.store.database import Tx
from usance.store.published import VersionKey
from usance.store.subscriptions import Words


def circumstances(tx: Tx, request: ProvisionRequest, *, at: datetime) -> Circumstances:
    """What decides over a request. Hold the customer before.

    Raises Invalid: CustomerNotFound, CustomerIsArchived, PlanNotFound, CouponNotFound,
    ContractNotFound, each by its path in the request.
    """
    plan = published.plan(tx, request.plan_id)
    refuse_if(list(_unknown(tx, request, plan)))
    assert plan is not None, "an unknown one was refused"
    customer = parties.customer(tx, request.customer_id)
    named = {each.feature_id for each in request.overrides}
    offer = offer_of(tx, plan, {each for each, _ in request.addons}, named)
    held = held_of(tx, request.customer_id, offer.product, request.resource_id)
    asked = None if request.coupon is None else request.coupon.id
    return Circumstances(
        offer=offer,
        held=held,
        held_offer=_held_offer(tx, held, at),
        end_plan=end_plan(tx, offer.product),
        coupon=coupon_of(tx, asked if request.coupon is not None else customer.coupon_id),
        billing_currency=None
        if customer.billing_currency is None
        else str(customer.billing_currency),
    )


def keep(tx: Tx, made: Provisioning, *, at: datetime, words: Words) -> list[Subscription]:
    """Keep a new subscription, and end what it takes the place of: what was ended.

    Raises SubscriptionExists, ProductHeldAlready and Invalid (UsageBilledTwice), in time to undo
    all of it.
    """
    ended = product_line.make_room(tx, made.new, at=at)
    for each, said in ((made.new, words), (made.follower, subscriptions.NO_WORDS)):
        if each is not None and not subscriptions.add(tx, each, at=at, words=said):
            raise SubscriptionExists(each.id)
    product_line.refuse_overlaps(tx, made.new.customer_id)
    usage_billed.refuse_billed_twice(tx, [made.new], since=min(at, made.new.starts_at))
    return ended


def offer_of(
    tx: Tx, plan: Package, addon_ids: Collection[str], feature_ids: Collection[str] = ()
) -> Offer:
    """A published plan with those of the add-ons that are published."""
    addons = published.latest(tx, PackageKind.ADDON, addon_ids) if addon_ids else {}
    found = features.some(tx, feature_ids) if feature_ids else {}
    product = products.dated(tx, plan.product_id).product
    return Offer(plan=plan, product=product, addons=addons, features=found)


def offer_held(
    tx: Tx, subscription: Subscription, at: datetime, feature_ids: Collection[FeatureId] = ()
) -> Offer | None:
    """What a subscription is of, in the versions it holds; None of a plan of no catalogue."""
    terms = subscription.version_at(at).terms
    if terms.plan_version is None or subscription.product_id is None:
        return None
    own = VersionKey(PackageKind.PLAN, subscription.plan_id, terms.plan_version)
    keys = [own, *(VersionKey(PackageKind.ADDON, each.id, each.version) for each in terms.addons)]
    found = published.some(tx, keys)
    return Offer(
        plan=found[own],
        product=products.dated(tx, subscription.product_id).product,
        addons={key.id: found[key] for key in keys[1:]},
        features=features.some(tx, feature_ids) if feature_ids else {},
    )


def offer_with(tx: Tx, held: Offer, addon_ids: Collection[PackageId]) -> Offer:
    """The plan that is held, with the add-ons that are wanted: those held as they are."""
    new = [each for each in addon_ids if each not in held.addons]
    addons = {**held.addons, **(published.latest(tx, PackageKind.ADDON, new) if new else {})}
    return replace(held, addons=addons)


def end_plan(tx: Tx, product: Product) -> Package | None:
    """The plan that a product falls back to when a subscription ends."""
    settings = product.settings
    if settings is None or settings.end_setup is not EndSetup.DOWNGRADE_TO_FREE:
        return None
    return published.plan(tx, settings.downgrade_plan_id) if settings.downgrade_plan_id else None


def coupon_asked(tx: Tx, request: CouponRequest | None) -> Coupon | None:
    """The coupon that somebody names. Raises Invalid (CouponNotFound)."""
    if request is None or request.id is None:
        return None
    found = coupon_of(tx, request.id)
    if found is None:
        expected = "the id of an active coupon"
        raise Invalid(Problem("CouponNotFound", "appliedCoupon.couponId", request.id, expected))
    return found


def coupon_of(tx: Tx, coupon_id: CouponId | None) -> Coupon | None:
    """The coupon of that id, which may be applied; None without one."""
    if coupon_id is None or not coupons.is_active(tx, coupon_id):
        return None
    return coupons.dated(tx, coupon_id).coupon


def held_of(
    tx: Tx, customer_id: CustomerId, product: Product, resource_id: str | None
) -> list[Subscription]:
    """All that a customer has or had of a product, for a resource."""
    found = subscriptions.some(tx, customer_ids=[customer_id])
    return [
        kept.subscription
        for kept in found
        if kept.subscription.product_id == product.id
        and kept.subscription.resource_id == resource_id
    ]


def _held_offer(tx: Tx, held: Collection[Subscription], at: datetime) -> Offer | None:
    running = running_of(list(held), at)
    return None if running is None else offer_held(tx, running, at)


def _unknown(tx: Tx, request: ProvisionRequest, plan: Package | None) -> Iterator[Problem]:
    yield from customer_problems(tx, request.customer_id, "customerId")
    if request.paying_customer_id is not None:
        yield from customer_problems(tx, request.paying_customer_id, "payingCustomerId")
    if plan is None:
        expected = "the id of a published plan that is not archived"
        yield Problem("PlanNotFound", "planId", request.plan_id, expected)
    asked = None if request.coupon is None else request.coupon.id
    if asked is not None and not coupons.is_active(tx, asked):
        expected = "the id of an active coupon"
        yield Problem("CouponNotFound", "appliedCoupon.couponId", asked, expected)
    if request.contract_id is not None and not contracts.exists(tx, request.contract_id):
        yield Problem("ContractNotFound", "contractId", request.contract_id, "a contract's id")


def customer_problems(tx: Tx, customer_id: CustomerId, path: str) -> Iterator[Problem]:
    """A customer that is not there, or is archived."""
    if not parties.has_customer(tx, customer_id):
        yield Problem("CustomerNotFound", path, customer_id, "the id of a customer")
    elif parties.customer_row(tx, customer_id).archived_at is not None:
        expected = "a customer that is not archived; restore it first"
        yield Problem("CustomerIsArchived", path, customer_id, expected)


def words_of(request: ProvisionRequest) -> Words:
    """What is kept beside the subscription that is asked for."""
    return Words(
        metadata=request.metadata,
        billing_id=request.billing_id,
        salesforce_id=request.salesforce_id,
    )


def is_there(tx: Tx, request: ProvisionRequest) -> bool:
    """True when the very subscription was provisioned before. Raises SubscriptionExists."""
    found = [] if request.id is None else subscriptions.some(tx, ids=[request.id])
    for kept in found:
        known = kept.subscription
        if (known.customer_id, known.plan_id) != (request.customer_id, request.plan_id):
            raise SubscriptionExists(known.id)
    return bool(found)
