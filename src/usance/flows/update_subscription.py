"""Change a subscription: its terms, now or later, its end, what is kept beside it."""

from __future__ import annotations

from dataclasses import replace

from usance.domain.facts import SubscriptionUpdated
from usance.domain.subscriptions.changing import updated
from usance.domain.subscriptions.requests import Keep, UpdateRequest
from usance.flows.runtime import Runtime, Scope
from usance.store import payers, product_line, provisioning, subscriptions, usage_billed
from usance.store.subscriptions import Kept, Words


def update_subscription(
    runtime: Runtime, scope: Scope, subscription_id: str, request: UpdateRequest
) -> None:
    """What changes takes effect at once, or when the period that is paid for ends, as the request
    or the price says; a change still to come is replaced. Raises NotFound, SubscriptionOver;
    Invalid, also where it would bill usage that is billed already (UsageBilledTwice);
    ProductHeldAlready where it would go on beside another of its product.
    """
    with runtime.transaction(scope) as tx:
        customer_id = subscriptions.one(tx, subscription_id).subscription.customer_id
        payers.lock_customer(tx, customer_id)
        kept = subscriptions.lock(tx, subscription_id)
        before, at = kept.subscription, runtime.now(tx, customer_id)
        named = [] if isinstance(request.overrides, Keep) else request.overrides
        held = provisioning.offer_held(tx, before, at, [each.feature_id for each in named])
        offer = None
        if held is not None:
            wanted = [] if isinstance(request.addons, Keep) else [e for e, _ in request.addons]
            offer = provisioning.offer_with(tx, held, wanted)
        asked = None if isinstance(request.coupon, Keep) else request.coupon
        coupon = provisioning.coupon_asked(tx, asked)

        change = updated(before, request, held=held, offer=offer, coupon=coupon, at=at)

        subscriptions.call_off_scheduled(tx, subscription_id, at=at)
        subscriptions.save(tx, change.subscription, at=at)
        product_line.follow(tx, before, change.subscription, at=at)
        if change.version is not None:
            subscriptions.add_version(tx, subscription_id, change.version)
        subscriptions.save_words(tx, subscription_id, _words(kept, request), at=at)
        product_line.refuse_overlaps(tx, customer_id)
        followers = product_line.followers(tx, change.subscription, at=at)
        changed = [change.subscription, *followers]
        usage_billed.refuse_billed_twice(tx, changed, since=at)
        runtime.note(
            tx,
            scope,
            "subscription.updated",
            subscription_id,
            SubscriptionUpdated(subscription_id),
            before=before,
            after=change,
        )


def _words(kept: Kept, request: UpdateRequest) -> Words:
    words = kept.words
    if not isinstance(request.metadata, Keep):
        words = replace(words, metadata=request.metadata)
    if not isinstance(request.billing_id, Keep):
        words = replace(words, billing_id=request.billing_id)
    if not isinstance(request.salesforce_id, Keep):
        words = replace(words, salesforce_id=request.salesforce_id)
    return words
