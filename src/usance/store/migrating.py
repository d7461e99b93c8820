"""Moving a subscription to the versions of its plan and add-ons that were published last."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from usance.domain.facts import Fact, SubscriptionUpdated
from usance.domain.plans.package import PackageKind
from usance.domain.subscriptions.changing import refuse_over
from usance.domain.subscriptions.migrating import (
    is_latest,
    is_replaced,
    migrated,
    replacement_request,
)
from usance.domain.subscriptions.offer import Offer
from usance.domain.subscriptions.provisioning import provisioned
from usance.domain.subscriptions.requests import Schedule
from usance.domain.subscriptions.subscription import Subscription
from usance.domain.subscriptions.telling import provisioning_facts
from usance.store import products, provisioning, published, subscriptions, usage_billed
from usance.store.database import Tx
from usance.store.subscriptions import Words


def migrate(
    tx: Tx,
    subscription_id: str,
    schedule: Schedule,
    *,
    new_id: Callable[[str], str],
    at: datetime,
) -> list[Fact]:
    """What to announce; nothing when it is of the latest versions already, or its plan is not sold
    any more. Hold its customer before. Raises NotFound, SubscriptionOver; Invalid when what would
    take its place cannot be provisioned, or would bill usage twice.
    """
    kept = subscriptions.lock(tx, subscription_id)
    held = kept.subscription
    refuse_over(held, at)
    latest = _latest(tx, held)
    if latest is None:
        return []
    last = held.versions[-1].terms
    if is_latest(held.version_at(at).terms, latest.plan, latest.addons) and is_latest(
        last, latest.plan, latest.addons
    ):
        return []
    if is_replaced(held, latest.plan, schedule):
        return _replace(tx, held, kept.words, latest, schedule, new_id=new_id, at=at)
    after, versions = migrated(held, latest, schedule, at=at)
    subscriptions.call_off_scheduled(tx, subscription_id, at=at)
    subscriptions.save(tx, after, at=at)
    for version in versions:
        subscriptions.add_version(tx, subscription_id, version)
    usage_billed.refuse_billed_twice(tx, [after], since=at)
    return [SubscriptionUpdated(subscription_id)]


def _latest(tx: Tx, held: Subscription) -> Offer | None:
    """Its plan as it is sold now, with all add-ons that any of its terms name."""
    plan = published.plan(tx, held.plan_id)
    if plan is None or held.product_id is None:
        return None
    ids = {addon.id for version in held.versions for addon in version.terms.addons}
    addons = published.latest(tx, PackageKind.ADDON, ids) if ids else {}
    product = products.dated(tx, plan.product_id).product
    return Offer(plan=plan, product=product, addons=addons)


def _replace(
    tx: Tx,
    held: Subscription,
    words: Words,
    latest: Offer,
    schedule: Schedule,
    *,
    new_id: Callable[[str], str],
    at: datetime,
) -> list[Fact]:
    request = replacement_request(held, latest, schedule, at=at)
    there = provisioning.circumstances(tx, request, at=at)
    made = provisioned(request, there, ids=(new_id("sub"), new_id("sub")), at=at)
    ended = provisioning.keep(tx, made, at=at, words=words)
    return provisioning_facts(made, ended)
