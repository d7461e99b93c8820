"""Who bills which usage: what of a subscription or contract another one bills already."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from usance.domain.calendar import start_of_day
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.order import Order
from usance.domain.contracts.usage_billed import contract_usage
from usance.domain.errors import refuse_if
from usance.domain.ids import ContractId, CustomerId
from usance.domain.plans.package import PricingType
from usance.domain.subscriptions.billed_once import BilledUsage, billed_twice, billed_usage
from usance.domain.subscriptions.periods import UTC_ZONE
from usance.domain.subscriptions.subscription import Subscription
from usance.store import agreements, contracts, parties, payers, subscriptions
from usance.store.database import Tx

# Those that bill usage of these customers: their own, and those that name them as who uses it.
SELLING = """
SELECT c.id
  FROM contracts c
 WHERE c.tenant_id = %(tenant_id)s
   AND c.customer_id = ANY (%(customer_ids)s)
   AND c.subscription_id IS NULL
   AND c.status IN ('ACTIVE', 'END_BILLING')
   AND EXISTS (
        SELECT
          FROM contract_lines l
         WHERE l.tenant_id = %(tenant_id)s
           AND l.contract_id = c.id
           AND l.kind = 'USAGE')
 UNION
SELECT c.id
  FROM contract_lines l
  JOIN contracts c
    ON c.tenant_id = %(tenant_id)s
   AND c.id = l.contract_id
 WHERE l.tenant_id = %(tenant_id)s
   AND l.terms -> 'used_by' ->> 0 = ANY (%(customer_ids)s)
   AND c.subscription_id IS NULL
   AND c.status IN ('ACTIVE', 'END_BILLING')
"""


def refuse_billed_twice(
    tx: Tx,
    changed: Collection[Subscription],
    *,
    since: datetime,
    asked: tuple[str, str] | None = None,
) -> None:
    """Raises Invalid (UsageBilledTwice) where those subscriptions, as they are kept by now, bill
    usage from `since` on that another subscription or a contract bills, too.

    `asked`: path and value of what was asked for, where that was no plan or add-on. Hold their
    customers before, so that nobody else agrees on the same meanwhile.
    """
    ids = [each.id for each in changed if each.pricing_type is PricingType.PAID]
    held = [kept.subscription for kept in subscriptions.some(tx, ids=ids)] if ids else []
    own = list(_since(_all(tx, held), since))
    if not own:
        return
    customer_ids = {each.customer_id for each in own}
    others = [*own, *_of_subscriptions(tx, customer_ids, since, set(ids))]
    others += _of_contracts(tx, customer_ids)
    if asked is not None:
        own = [replace(each, path=asked[0], value=asked[1]) for each in own]
    refuse_if(list(billed_twice(own, others)))


def refuse_contract_billed_twice(tx: Tx, contract: Contract, order: Order, *, at: datetime) -> None:
    """Raises Invalid (UsageBilledTwice) where a contract, from the day on that its order takes
    effect, bills usage that a paid subscription bills, too.

    What several contracts bill of one usage was negotiated, and is no matter of this.
    """
    where = parties.entity(tx, contract.legal_entity_id).zone
    since = min(at, start_of_day(order.effective_on, where))
    refs = [line.ref for line in order.lines]
    own = list(_since(contract_usage(contract, where, refs), since))
    customer_ids = {each.customer_id for each in own}
    if own:
        payers.lock_all(tx, customer_ids)
        refuse_if(list(billed_twice(own, _of_subscriptions(tx, customer_ids, since, set()))))


def _of_subscriptions(
    tx: Tx, customer_ids: Collection[CustomerId], since: datetime, without: Collection[str]
) -> Iterator[BilledUsage]:
    found = subscriptions.some(tx, customer_ids=customer_ids, not_over_at=since)
    beside = [each.subscription for each in found if each.subscription.id not in without]
    yield from _all(tx, beside)


def _of_contracts(tx: Tx, customer_ids: Collection[CustomerId]) -> Iterator[BilledUsage]:
    ids = [ContractId(row.id) for row in tx.all(SELLING, customer_ids=list(customer_ids))]
    for contract in contracts.many(tx, ids) if ids else []:
        where = parties.entity(tx, contract.legal_entity_id).zone
        yield from contract_usage(contract, where)


def _all(tx: Tx, held: Iterable[Subscription]) -> Iterator[BilledUsage]:
    """What those bill by use, as their packages say; of what is not paid for nothing."""
    paid = [each for each in held if each.pricing_type is PricingType.PAID]
    sold = agreements.sold_by_version(tx, paid) if paid else {}
    for each in paid:
        versions = sold[each.id]
        if any(of.is_by_use for of in versions.values()):
            seller = agreements.seller(tx, each)
            where = UTC_ZONE if seller is None else seller.zone
            yield from billed_usage(each, versions, where, agreements.neighbours(tx, each))


def _since(found: Iterable[BilledUsage], at: datetime) -> Iterator[BilledUsage]:
    clipped = (each.since(at) for each in found)
    return (each for each in clipped if each is not None)
