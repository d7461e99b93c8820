"""What a subscription is billed by: who sells it, what it was sold of, who stands beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from usance.domain.ids import LegalEntityId
from usance.domain.legal_entity import LegalEntity
from usance.domain.plans.package import Package, PackageKind, PricingType
from usance.domain.subscriptions.billing import REPLACED, Neighbours
from usance.domain.subscriptions.sold import Sold
from usance.domain.subscriptions.subscription import ProrationBehavior, Subscription
from usance.domain.subscriptions.terms import Terms
from usance.store import features, parties, products, published, subscriptions
from usance.store.database import Tx
from usance.store.published import VersionKey

CHOSEN = "legalEntityId"  # the key of the metadata that names the entity that bills


def seller(tx: Tx, subscription: Subscription) -> LegalEntity | None:
    """The entity that bills it: the one that the customer's metadata names under `legalEntityId`,
    or the product's; else the first there was. None while there is none.
    """
    entities = parties.entities(tx)
    named = [parties.customer(tx, subscription.customer_id).metadata.get(CHOSEN)]
    if subscription.product_id is not None:
        product = products.dated(tx, subscription.product_id).product
        named.append(product.metadata.get(CHOSEN))
    for each in named:
        if each is not None and each in entities:
            return entities[LegalEntityId(each)]
    return next(iter(entities.values()), None)


def neighbours(tx: Tx, subscription: Subscription) -> Neighbours:
    """What it takes the place of, and what takes its own."""
    before = None
    if subscription.follows is not None:
        before = subscriptions.one(tx, subscription.follows).subscription
    after = [each.subscription for each in subscriptions.some(tx, follow=subscription.id)]
    is_paid = (
        before is not None
        and before.pricing_type is PricingType.PAID
        and before.end_reason in REPLACED
        and not before.is_trial(subscription.starts_at)
    )
    is_unprorated = any(
        each.versions[0].proration is ProrationBehavior.NONE
        for each in after
        if each.starts_at == subscription.ends_at
    )
    return Neighbours(is_paid_before=is_paid, is_unprorated_after=is_unprorated)


def sold_of(tx: Tx, subscription: Subscription, terms: Terms) -> Sold | None:
    """The packages that a version names, with their features; None of a plan of no catalogue."""
    if terms.plan_version is None:
        return None
    found = published.some(tx, list(_keys(subscription, terms)))
    feature_ids = {each for package in found.values() for each in package.feature_ids()}
    return replace(_sold(subscription, terms, found), features=features.some(tx, feature_ids))


def sold_by_version(tx: Tx, held: Collection[Subscription]) -> dict[str, dict[int, Sold]]:
    """The packages that every version of those subscriptions names, by its number and the
    subscription's id, without their features; nothing of a plan of no catalogue.
    """
    agreed = [
        (each, version)
        for each in held
        for version in each.versions
        if version.terms.plan_version is not None
    ]
    found = published.some(tx, {key for each, v in agreed for key in _keys(each, v.terms)})
    sold: dict[str, dict[int, Sold]] = {each.id: {} for each in held}
    for each, version in agreed:
        sold[each.id][version.number] = _sold(each, version.terms, found)
    return sold


def _keys(subscription: Subscription, terms: Terms) -> Iterator[VersionKey]:
    assert terms.plan_version is not None, "its plan stands in the catalogue"
    yield VersionKey(PackageKind.PLAN, subscription.plan_id, terms.plan_version)
    for each in terms.addons:
        yield VersionKey(PackageKind.ADDON, each.id, each.version)


def _sold(subscription: Subscription, terms: Terms, found: Mapping[VersionKey, Package]) -> Sold:
    own, *named = _keys(subscription, terms)
    times = (each.quantity for each in terms.addons)
    addons = tuple(zip((found[key] for key in named), times, strict=True))
    return Sold(plan=found[own], addons=addons)
