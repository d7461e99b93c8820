"""Moving subscriptions, with what is to start when they end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from usance.domain.subscriptions.moving import refuse_held
from usance.domain.subscriptions.subscription import OVER, Subscription
from usance.store import product_line, subscriptions
from usance.store.database import Tx


def following(tx: Tx, subscription_id: str, *, at: datetime) -> Iterator[Subscription]:
    """What is to start when it ends, and when that ends, without what was called off."""
    for kept in subscriptions.some(tx, follow=subscription_id):
        if kept.subscription.status_at(at) not in OVER:
            yield kept.subscription
            yield from following(tx, kept.subscription.id, at=at)


def save_moved(tx: Tx, moved: Subscription, *, at: datetime) -> None:
    """Keep it at its new place; hold the customers. Raises ProductHeldAlready."""
    start = min(moved.starts_at, at)
    refuse_held(moved, product_line.others(tx, moved, at=start))
    subscriptions.save(tx, moved, at=at)
