"""Moving: a subscription goes to another part of its customer, or to another customer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from usance.domain.errors import Conflict, NotAllowedNow
from usance.domain.ids import CustomerId
from usance.domain.subscriptions.changing import refuse_over
from usance.domain.subscriptions.subscription import Subscription

FOR_EVER = datetime.max.replace(tzinfo=UTC)


class SubscriptionOnContract(NotAllowedNow):
    """What is sold on a contract belongs to the contract's customer."""

    code = "SubscriptionOnContract"

    def __init__(self, subscription_id: str, contract_id: str) -> None:
        super().__init__(
            f"Subscription {subscription_id} is sold on contract {contract_id} and stays with its "
            "customer; detach it first."
        )


class ProductHeldAlready(Conflict):
    """There is one subscription of a product at a time, and a trial beside it."""

    code = "ProductHeldAlready"

    def __init__(self, moved: Subscription, other_id: str) -> None:
        where = "" if moved.resource_id is None else f", resource {moved.resource_id}"
        super().__init__(
            f"Customer {moved.customer_id}{where} has {other_id} of the same product at the same "
            "time; end that first."
        )


def transferred(subscription: Subscription, resource_id: str, *, at: datetime) -> Subscription:
    """The subscription, for another part of the same customer. Raises SubscriptionOver."""
    refuse_over(subscription, at)
    return replace(subscription, resource_id=resource_id)


def delegated(subscription: Subscription, to: CustomerId, *, at: datetime) -> Subscription:
    """The subscription, managed by another customer; who pays for it goes on doing so.

    Raises SubscriptionOver, SubscriptionOnContract.
    """
    refuse_over(subscription, at)
    if subscription.contract_id is not None:
        raise SubscriptionOnContract(subscription.id, subscription.contract_id)
    payer = subscription.payer_id
    return replace(subscription, customer_id=to, paying_customer_id=None if payer == to else payer)


def refuse_held(moved: Subscription, others: Iterable[Subscription]) -> None:
    """Raises ProductHeldAlready where one of `others`, of the same product, is in its way."""
    for other in others:
        if other.id != moved.id and in_the_way(moved, other):
            raise ProductHeldAlready(moved, other.id)


def in_the_way(one: Subscription, other: Subscription) -> bool:
    """True when both are trials at one instant, or neither is; a trial stands beside what is paid.

    Of one customer, product and resource. What waits for its payment is in nobody's way.
    """
    if one.is_payment_pending or other.is_payment_pending:
        return False
    return _meet(_paid(one), _paid(other)) or _meet(_trial(one), _trial(other))


Span = tuple[datetime, datetime]


def _paid(each: Subscription) -> Span:
    return each.trial_ends_at or each.starts_at, each.ends_at or FOR_EVER


def _trial(each: Subscription) -> Span:
    ends = [end for end in (each.trial_ends_at, each.ends_at) if end is not None]
    return each.starts_at, each.starts_at if each.trial_ends_at is None else min(ends)


def _meet(one: Span, other: Span) -> bool:
    return max(one[0], other[0]) < min(one[1], other[1])
