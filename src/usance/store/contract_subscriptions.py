"""Subscriptions on custom plans, as contracts provision, prolong and end them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from usance.domain.calendar import start_of_day
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.order import Grant, SubscriptionTerms
from usance.domain.ids import ContractId, OrderId, PackageId
from usance.domain.plans.package import PricingType
from usance.domain.subscriptions.subscription import Status, Subscription, Version
from usance.domain.subscriptions.terms import EntitlementOverride, Terms
from usance.store import parties, product_line, published, subscriptions
from usance.store.database import Tx

SAVE_END = """
UPDATE subscriptions
   SET ends_at = greatest(%(ends_at)s, starts_at),
       updated_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND contract_id = %(contract_id)s
   AND order_id IS NOT NULL
   AND canceled_at IS NULL
"""
CANCEL_OF_CONTRACT = """
UPDATE subscriptions
   SET ends_at = least(ends_at, %(at)s),
       canceled_at = coalesce(canceled_at, %(at)s),
       end_reason = coalesce(end_reason, 'Immediate'),
       updated_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND contract_id = %(contract_id)s
   AND (ends_at IS NULL OR ends_at > %(at)s)
RETURNING id
"""


class Provisioned(NamedTuple):
    """A subscription of a contract, its state, and what it grants beyond its plan.

    `limit` of a grant None: without limit.
    """

    id: str
    plan_id: str
    status: Status
    grants: tuple[Grant, ...]


def provision(
    tx: Tx,
    promised: SubscriptionTerms,
    contract: Contract,
    order_id: OrderId,
    *,
    at: datetime,
) -> bool:
    """Provision what an order promised, for the contract's term; False when the id is taken.

    A plan of the catalogue is taken in its published version; what the customer had of its product
    until then ends.
    """
    if subscriptions.taken(tx, [promised.ref]):
        return False
    plan = published.plan(tx, promised.plan_id)
    where = parties.entity(tx, contract.legal_entity_id).zone
    start = start_of_day(contract.term.start, where)
    overrides = tuple(_override(grant) for grant in promised.grants)
    terms = Terms(plan_version=None if plan is None else plan.version, overrides=overrides)
    made = Subscription(
        id=promised.ref,
        customer_id=contract.customer_id,
        plan_id=PackageId(promised.plan_id),
        product_id=None if plan is None else plan.product_id,
        pricing_type=PricingType.CUSTOM,
        starts_at=start,
        anchor=start,
        ends_at=start_of_day(contract.term.end, where),
        contract_id=contract.id,
        versions=(Version(number=1, effective_at=start, terms=terms, created_at=at),),
    )
    product_line.make_room(tx, made, at=at)
    return subscriptions.add(tx, made, order_id=order_id, at=at)


def save_end(tx: Tx, contract: Contract, *, at: datetime) -> None:
    """What was provisioned for a contract goes on as long as it does."""
    last = contract.terminated_on or contract.term.end
    where = parties.entity(tx, contract.legal_entity_id).zone
    tx.run(SAVE_END, contract_id=contract.id, ends_at=start_of_day(last, where), at=at)


def cancel_all(tx: Tx, contract_id: ContractId, *, at: datetime) -> list[str]:
    """End all subscriptions of a contract that is no more; the ids of those that went on."""
    return [row.id for row in tx.all(CANCEL_OF_CONTRACT, contract_id=contract_id, at=at)]


def by_contract(
    tx: Tx, contract_ids: Collection[str], *, at: datetime
) -> dict[str, list[Provisioned]]:
    """The subscriptions of each of those contracts as they are at `at`, oldest first."""
    found: dict[str, list[Provisioned]] = {}
    for kept in subscriptions.some(tx, contract_ids=contract_ids):
        each = kept.subscription
        assert each.contract_id is not None, "asked for by it"
        terms = each.version_at(at).terms
        grants = (Grant(feature_id=e.feature_id, limit=e.usage_limit) for e in terms.overrides)
        seen = Provisioned(each.id, each.plan_id, each.status_at(at), tuple(grants))
        found.setdefault(each.contract_id, []).append(seen)
    return found


def _override(grant: Grant) -> EntitlementOverride:
    is_unlimited = grant.limit is None
    return EntitlementOverride(
        feature_id=grant.feature_id, usage_limit=grant.limit, has_unlimited_usage=is_unlimited
    )
