"""Covering: which subscriptions a contract is sold with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from usance.domain.errors import Problem
from usance.domain.ids import ContractId, CustomerId, ProductId
from usance.domain.plans.package import PricingType
from usance.domain.subscriptions.requests import ProvisionRequest
from usance.domain.subscriptions.subscription import OVER, Subscription


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """A subscription to be put on a contract: one to provision, or the id of one that is there.

    `path`: where it was named.
    """

    path: str
    new: ProvisionRequest | None = None
    existing_id: str | None = None


Covered = Mapping[ProductId, str]  # the products a contract covers, and by which subscription


def covered_by(subscriptions: Iterable[Subscription], at: datetime) -> dict[ProductId, str]:
    """What those that are not over cover."""
    return {
        each.product_id: each.id
        for each in subscriptions
        if each.product_id is not None and each.status_at(at) not in OVER
    }


def linking_problems(
    subscription: Subscription,
    contract_id: ContractId,
    owner: CustomerId,
    covered: Covered,
    *,
    at: datetime,
) -> Iterator[Problem]:
    """What keeps a subscription from being sold on a contract of that customer."""
    ref = subscription.id
    if subscription.customer_id != owner:
        expected = f"a subscription of the contract's customer, {owner}"
        yield Problem("SubscriptionOfAnotherCustomer", "", ref, expected)
    if subscription.pricing_type is not PricingType.CUSTOM:
        expected = "a subscription to a plan whose pricingType is CUSTOM"
        yield Problem("SubscriptionNotCustom", "", ref, expected)
    if subscription.status_at(at) in OVER:
        yield Problem("SubscriptionOver", "", ref, "a subscription that is not over")
    if subscription.contract_id not in (None, contract_id):
        expected = f"one that is not sold on another contract, {subscription.contract_id}"
        yield Problem("SubscriptionOnContract", "", ref, expected)
    yield from covering_problems(subscription, covered)


def covering_problems(subscription: Subscription, covered: Covered) -> Iterator[Problem]:
    """A product is covered once on a contract."""
    product_id = subscription.product_id
    other = None if product_id is None else covered.get(product_id)
    if other not in (None, subscription.id):
        expected = f"one of a product that the contract does not cover by {other} already"
        yield Problem("ProductCovered", "", subscription.id, expected)
