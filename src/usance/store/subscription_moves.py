"""Moving subscriptions, with what is to start when they end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from usance.domain.subscriptions.moving import refuse_held
from usance.domain.subscriptions.subscription import OVER, Subscription
from usance.store import product_line, subscriptions, usage_billed
from usance.store.database import Tx


def following(tx: Tx, subscription_id: str, *, at: datetime) -> Iterator[Subscription]:
    """What is to start when it ends, and when that ends, without what was called off."""
    for kept in subscriptions.some(tx, follow=subscription_id):
        if kept.subscription.status_at(at) not in OVER:
            yield kept.subscription
            yield from following(tx, kept.subscription.id, at=at)


def save_moved(
    tx: Tx, moved: Sequence[Subscription], *, asked: tuple[str, str], at: datetime
) -> None:
    """Keep them at their new place; hold the customers. `asked`: the path that names the place,
    and what it says. Raises ProductHeldAlready; Invalid (UsageBilledTwice).
    """
    for each in moved:
        refuse_held(each, product_line.others(tx, each, at=min(each.starts_at, at)))
        subscriptions.save(tx, each, at=at)
    usage_billed.refuse_billed_twice(tx, moved, since=at, asked=asked)
