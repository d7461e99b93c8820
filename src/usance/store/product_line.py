"""What a customer has of one product: one subscription at a time, and a trial beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from usance.domain.ids import CustomerId
from usance.domain.subscriptions.moving import refuse_held
from usance.domain.subscriptions.replacing import is_converted, taken_over_at
from usance.domain.subscriptions.subscription import EndReason, Subscription
from usance.store import subscriptions
from usance.store.database import Tx


def others(tx: Tx, subscription: Subscription, *, at: datetime) -> list[Subscription]:
    """What else the customer has, or will have, of its product and resource at `at` or later."""
    if subscription.product_id is None:
        return []
    found = subscriptions.some(tx, customer_ids=[subscription.customer_id], not_over_at=at)
    return [
        kept.subscription
        for kept in found
        if kept.subscription.id != subscription.id
        and kept.subscription.product_id == subscription.product_id
        and kept.subscription.resource_id == subscription.resource_id
    ]


def make_room(tx: Tx, new: Subscription, *, at: datetime) -> list[Subscription]:
    """End what the new one takes the place of, on the instant it does; what was ended.

    A trial ends another trial at once, and what is paid for when it is converted, never before.
    What is no trial ends both. What was to start later is called off. Hold the customer, so that
    nobody else does the same.
    """
    ended = []
    for other in others(tx, new, at=min(new.starts_at, at)):
        on = taken_over_at(new, other)
        if on is None or (new.ends_at is not None and new.ends_at <= other.starts_at):
            continue
        is_conversion = is_converted(new, other)
        if other.ends_at is None or on < other.ends_at or (on == other.ends_at and is_conversion):
            reason = EndReason.TRIAL_CONVERTED if is_conversion else EndReason.UPGRADE_OR_DOWNGRADE
            over = replace(other, ends_at=on, canceled_at=at, end_reason=reason)
            subscriptions.save(tx, over, at=at)
            ended.append(over)
    return ended


def refuse_overlaps(tx: Tx, customer_id: CustomerId) -> None:
    """Raises ProductHeldAlready where the customer has, had or will have two of one product at a
    time; the database would refuse that too, and not say why.
    """
    lines: dict[tuple[str, str | None], list[Subscription]] = {}
    for kept in subscriptions.some(tx, customer_ids=[customer_id]):
        each = kept.subscription
        if each.product_id is not None:
            lines.setdefault((each.product_id, each.resource_id), []).append(each)
    for line in lines.values():
        for index, each in enumerate(line):
            refuse_held(each, line[index + 1 :])


def end(
    subscription: Subscription, on: datetime, reason: EndReason, *, said_at: datetime
) -> Subscription:
    """The subscription with that end, where it would have gone on longer."""
    if subscription.ends_at is not None and subscription.ends_at <= on:
        return subscription
    return replace(subscription, ends_at=on, canceled_at=said_at, end_reason=reason)


def followers(tx: Tx, subscription: Subscription, *, at: datetime) -> list[Subscription]:
    """What is to start when this one ends."""
    found = subscriptions.some(tx, follow=subscription.id, not_over_at=at)
    return [each.subscription for each in found if each.subscription.starts_at > at]


def follow(tx: Tx, before: Subscription, after: Subscription, *, at: datetime) -> None:
    """Have what follows start when it ends now; called off where it ends no more."""
    if after.ends_at is None:
        call_off(tx, before, at=at)
        return
    for each in followers(tx, before, at=at):
        moved = replace(each, starts_at=after.ends_at, anchor=after.ends_at)
        subscriptions.save(tx, moved, at=at)


def call_off(tx: Tx, subscription: Subscription, *, at: datetime) -> None:
    """What was to follow on this one never starts."""
    for each in followers(tx, subscription, at=at):
        gone = replace(each, ends_at=at, canceled_at=at, end_reason=EndReason.UPGRADE_OR_DOWNGRADE)
        subscriptions.save(tx, gone, at=at)
