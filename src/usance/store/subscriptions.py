"""Subscriptions: what customers hold, with the versions of their terms."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from usance.domain.errors import NotFound
from usance.domain.ids import ContractId, CustomerId, OrderId, PackageId, ProductId
from usance.domain.plans.package import PricingType, TrialEnd
from usance.domain.subscriptions.subscription import (
    CollectionMethod,
    EndReason,
    Subscription,
    Version,
)
from usance.store.codec import jsonb, value_from
from usance.store.database import Jsonb, Row, Tx

ADD = """
INSERT INTO subscriptions (tenant_id, id, customer_id, paying_customer_id, resource_id, product_id,
                           plan_id, pricing_type, starts_at, ends_at, anchor, usage_anchor,
                           trial_ends_at, trial_end, is_payment_pending, canceled_at, end_reason,
                           is_prorated, days_until_due, contract_id, order_id, agreement_id,
                           collection, follows, billing_id, salesforce_id, metadata,
                           billing_due_at, created_at, updated_at)
VALUES (%(tenant_id)s, %(id)s, %(customer_id)s, %(paying_customer_id)s, %(resource_id)s,
        %(product_id)s, %(plan_id)s, %(pricing_type)s, %(starts_at)s, %(ends_at)s, %(anchor)s,
        %(usage_anchor)s, %(trial_ends_at)s, %(trial_end)s, %(is_payment_pending)s,
        %(canceled_at)s, %(end_reason)s, %(is_prorated)s, %(days_until_due)s, %(contract_id)s,
        %(order_id)s, %(agreement_id)s, %(collection)s, %(follows)s, %(billing_id)s,
        %(salesforce_id)s, %(metadata)s,
        CASE WHEN %(pricing_type)s = 'PAID' THEN %(at)s::timestamptz END, %(at)s, %(at)s)
ON CONFLICT (tenant_id, id) DO NOTHING
"""
SAVE = """
UPDATE subscriptions
   SET customer_id = %(customer_id)s,
       paying_customer_id = %(paying_customer_id)s,
       resource_id = %(resource_id)s,
       product_id = %(product_id)s,
       plan_id = %(plan_id)s,
       pricing_type = %(pricing_type)s,
       starts_at = %(starts_at)s,
       ends_at = %(ends_at)s,
       anchor = %(anchor)s,
       usage_anchor = %(usage_anchor)s,
       trial_ends_at = %(trial_ends_at)s,
       trial_end = %(trial_end)s,
       is_payment_pending = %(is_payment_pending)s,
       canceled_at = %(canceled_at)s,
       end_reason = %(end_reason)s,
       is_prorated = %(is_prorated)s,
       days_until_due = %(days_until_due)s,
       contract_id = %(contract_id)s,
       collection = %(collection)s,
       follows = %(follows)s,
       billing_due_at = CASE WHEN %(pricing_type)s = 'PAID' OR agreement_id IS NOT NULL
                             THEN %(at)s::timestamptz END,
       updated_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
SAVE_WORDS = """
UPDATE subscriptions
   SET metadata = %(metadata)s,
       billing_id = %(billing_id)s,
       salesforce_id = %(salesforce_id)s,
       updated_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
ADD_VERSION = """
INSERT INTO subscription_versions (tenant_id, subscription_id, number, effective_at, terms, changes,
                                   is_reset, proration, created_at)
SELECT %(tenant_id)s, %(subscription_id)s, coalesce(max(number), 0) + 1, %(effective_at)s,
       %(terms)s, %(changes)s, %(is_reset)s, %(proration)s, %(at)s
  FROM subscription_versions
 WHERE tenant_id = %(tenant_id)s
   AND subscription_id = %(subscription_id)s
"""
BILL_AGAIN = """
UPDATE subscriptions
   SET billing_due_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(subscription_id)s
   AND (pricing_type = 'PAID' OR agreement_id IS NOT NULL)
"""
CALL_OFF = """
UPDATE subscription_versions
   SET called_off_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND subscription_id = %(subscription_id)s
   AND effective_at > %(at)s
   AND number > 1
   AND called_off_at IS NULL
"""
SOME = """
SELECT subscriptions.*, versions.versions
  FROM subscriptions
 CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
               'number', number, 'effective_at', effective_at, 'terms', terms,
               'changes', changes, 'is_reset', is_reset, 'proration', proration,
               'created_at', created_at)
               ORDER BY number) AS versions
      FROM subscription_versions
     WHERE subscription_versions.tenant_id = subscriptions.tenant_id
       AND subscription_versions.subscription_id = subscriptions.id
       AND called_off_at IS NULL) AS versions
 WHERE tenant_id = %(tenant_id)s
   AND (%(ids)s::text[] IS NULL OR id = ANY (%(ids)s))
   AND (%(customer_ids)s::text[] IS NULL OR customer_id = ANY (%(customer_ids)s))
   AND (%(contract_ids)s::text[] IS NULL OR contract_id = ANY (%(contract_ids)s))
   AND (%(follow)s::text IS NULL OR follows = %(follow)s)
   AND (%(not_over_at)s::timestamptz IS NULL OR ends_at IS NULL OR ends_at > %(not_over_at)s)
 ORDER BY created_at, id
"""
LOCK = """
SELECT id
  FROM subscriptions
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   FOR NO KEY UPDATE
"""
TAKEN = """
SELECT id
  FROM subscriptions
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY (%(ids)s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What others say of it, and we only keep."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    billing_id: str | None = None
    salesforce_id: str | None = None


NO_WORDS = Words()


class Kept(NamedTuple):
    """A subscription with what is kept beside it, and its dates."""

    subscription: Subscription
    words: Words
    created_at: datetime
    updated_at: datetime


def add(
    tx: Tx,
    subscription: Subscription,
    *,
    at: datetime,
    order_id: OrderId | None = None,
    words: Words = NO_WORDS,
) -> bool:
    """Keep a new one with its versions; False, and nothing done, when its id is taken.

    Two of one product that overlap are refused by the database; the flow ends the other before.
    """
    added = tx.run(ADD, **_columns(subscription), **_words(words), order_id=order_id, at=at)
    if not added:
        return False
    for version in subscription.versions:
        add_version(tx, subscription.id, version)
    return True


def save(tx: Tx, subscription: Subscription, *, at: datetime) -> None:
    """All of it but its versions, and the agreement it is billed by."""
    tx.run(SAVE, **_columns(subscription), at=at)


def save_words(tx: Tx, subscription_id: str, words: Words, *, at: datetime) -> None:
    """What is kept beside it."""
    tx.run(SAVE_WORDS, id=subscription_id, **_words(words), at=at)


def add_version(tx: Tx, subscription_id: str, version: Version) -> None:
    """A further version, numbered after those there are; hold the subscription."""
    tx.run(
        ADD_VERSION,
        subscription_id=subscription_id,
        effective_at=version.effective_at,
        terms=jsonb(version.terms),
        changes=jsonb(version.changes),
        is_reset=version.is_reset,
        proration=version.proration,
        at=version.created_at,
    )
    tx.run(BILL_AGAIN, subscription_id=subscription_id, at=version.created_at)


def call_off_scheduled(tx: Tx, subscription_id: str, *, at: datetime) -> bool:
    """Forget the versions still to take effect; False when there are none."""
    return bool(tx.run(CALL_OFF, subscription_id=subscription_id, at=at))


def one(tx: Tx, subscription_id: str) -> Kept:
    """The subscription of that id. Raises NotFound."""
    found = some(tx, ids=[subscription_id])
    if not found:
        raise NotFound("subscription", subscription_id)
    return found[0]


def lock(tx: Tx, subscription_id: str) -> Kept:
    """The subscription of that id, held as it is until `tx` ends. Raises NotFound."""
    tx.all(LOCK, id=subscription_id)
    return one(tx, subscription_id)


def some(
    tx: Tx,
    *,
    ids: Collection[str] | None = None,
    customer_ids: Collection[str] | None = None,
    contract_ids: Collection[str] | None = None,
    follow: str | None = None,
    not_over_at: datetime | None = None,
) -> list[Kept]:
    """Subscriptions by id, customer, contract or the one they follow, oldest first.

    With `not_over_at` only those that go on at that instant, or start later.
    """
    assert ids is not None or customer_ids is not None or contract_ids is not None or follow
    rows = tx.all(
        SOME,
        ids=None if ids is None else list(ids),
        customer_ids=None if customer_ids is None else list(customer_ids),
        contract_ids=None if contract_ids is None else list(contract_ids),
        follow=follow,
        not_over_at=not_over_at,
    )
    return [kept_from(row) for row in rows]


def of_contract(tx: Tx, contract_id: ContractId) -> list[Kept]:
    """The subscriptions sold on a contract."""
    return some(tx, contract_ids=[contract_id])


def taken(tx: Tx, ids: Collection[str]) -> set[str]:
    """Those of `ids` that there are."""
    return {row.id for row in tx.all(TAKEN, ids=list(ids))}


def kept_from(row: Row) -> Kept:
    """The subscription of a row of SOME's columns."""
    subscription = Subscription(
        id=row.id,
        customer_id=CustomerId(row.customer_id),
        plan_id=PackageId(row.plan_id),
        product_id=None if row.product_id is None else ProductId(row.product_id),
        pricing_type=PricingType(row.pricing_type),
        starts_at=row.starts_at,
        anchor=row.anchor,
        usage_anchor=row.usage_anchor,
        versions=value_from(row.versions, tuple[Version, ...]),
        ends_at=row.ends_at,
        trial_ends_at=row.trial_ends_at,
        trial_end=None if row.trial_end is None else TrialEnd(row.trial_end),
        is_payment_pending=row.is_payment_pending,
        canceled_at=row.canceled_at,
        end_reason=None if row.end_reason is None else EndReason(row.end_reason),
        is_prorated=row.is_prorated,
        days_until_due=row.days_until_due,
        paying_customer_id=row.paying_customer_id,
        resource_id=row.resource_id,
        contract_id=row.contract_id,
        agreement_id=row.agreement_id,
        collection=None if row.collection is None else CollectionMethod(row.collection),
        follows=row.follows,
    )
    words = Words(metadata=row.metadata, billing_id=row.billing_id, salesforce_id=row.salesforce_id)
    return Kept(subscription, words, row.created_at, row.updated_at)


def _columns(subscription: Subscription) -> dict[str, object]:
    """The columns, which have the fields' names."""
    names = (each for each in Subscription.__dataclass_fields__ if each != "versions")
    return {name: getattr(subscription, name) for name in names}


def _words(words: Words) -> dict[str, object]:
    return {
        "metadata": Jsonb(dict(words.metadata)),
        "billing_id": words.billing_id,
        "salesforce_id": words.salesforce_id,
    }
