"""What decides access, of many customers at once: in four statements, however many they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec

from usance.domain.catalog import Feature
from usance.domain.entitlements.from_subscriptions import (
    Given,
    Offered,
    PackageKey,
    given_by,
    given_by_promotion,
)
from usance.domain.entitlements.holdings import Holdings
from usance.domain.ids import CustomerId, FeatureId, PackageId
from usance.domain.plans.package import Package, PackageKind
from usance.domain.plans.promotion import Promotion
from usance.domain.subscriptions.subscription import Subscription
from usance.store import features, promotions, subscriptions
from usance.store.codec import value_from
from usance.store.database import Row, Tx

# What was changed later than `position` says is of a transaction that a later reading shows.
CUSTOMERS = """
SELECT c.id, c.archived_at IS NOT NULL AS is_archived,
       greatest(t.clock_at, c.clock_at) AS clock_at,
       ARRAY(SELECT DISTINCT s.resource_id
               FROM subscriptions s
              WHERE s.tenant_id = %(tenant_id)s
                AND s.customer_id = c.id
                AND s.resource_id IS NOT NULL) AS resources,
       coalesce((SELECT v.version
                   FROM access_versions v
                  WHERE v.tenant_id = %(tenant_id)s
                    AND v.customer_id = ''), 0) AS of_all,
       coalesce((SELECT v.version
                   FROM access_versions v
                  WHERE v.tenant_id = %(tenant_id)s
                    AND v.customer_id = c.id), 0) AS of_customer
  FROM customers c
  JOIN tenants t ON t.tenant_id = %(tenant_id)s
 WHERE c.tenant_id = %(tenant_id)s
   AND c.id = ANY (%(customer_ids)s)
"""
# The versions that subscriptions name, and of each plan that one inherits from the last published.
PACKAGES = """
WITH RECURSIVE pinned AS (
    SELECT DISTINCT asked.kind, asked.id, asked.version
      FROM jsonb_to_recordset(%(asked)s::jsonb) AS asked (kind text, id text, version int)
), line AS (
    SELECT v.kind, v.package_id, v.version, v.terms, false AS is_parent
      FROM pinned
      JOIN package_versions v
        ON v.tenant_id = %(tenant_id)s
       AND v.kind = pinned.kind
       AND v.package_id = pinned.id
       AND v.version = pinned.version
     UNION
    SELECT parent.kind, parent.package_id, parent.version, parent.terms, true
      FROM line
     CROSS JOIN LATERAL (
            SELECT v.kind, v.package_id, v.version, v.terms
              FROM package_versions v
             WHERE v.tenant_id = %(tenant_id)s
               AND v.kind = 'PLAN'
               AND v.package_id = line.terms ->> 'parent_id'
               AND v.published_at IS NOT NULL
             ORDER BY v.version DESC
             LIMIT 1) AS parent
     WHERE line.terms ->> 'parent_id' IS NOT NULL
)
SELECT terms, is_parent FROM line
"""


class Stamp(NamedTuple):
    """What of a customer's access was read: changes to all customers', and to its own."""

    of_all: int
    of_customer: int


@dataclass(frozen=True, slots=True)
class Read:
    """The holdings of a customer, as of a stamp."""

    holdings: Holdings
    stamp: Stamp


def holdings(
    tx: Tx, customer_ids: Collection[CustomerId], *, now: datetime
) -> dict[CustomerId, Read]:
    """Of those customers that there are. `now`: the world's; a moved clock goes before.

    The stamp is read first: what changes meanwhile makes it old, never the other way round.
    """
    rows = tx.all(CUSTOMERS, customer_ids=list(customer_ids))
    if not rows:
        return {}
    ids = [row.id for row in rows]
    since = min(row.clock_at or now for row in rows)
    held = _by_customer(
        each.subscription for each in subscriptions.some(tx, customer_ids=ids, not_over_at=since)
    )
    given = _promotions_by_customer(promotions.in_force(tx, ids))
    offered = _offered(tx, [each for of in held.values() for each in of])
    known = features.some(tx, _feature_ids(offered, held, given))
    return {row.id: _read(row, held, given, offered, known) for row in rows}


def _read(
    row: Row,
    held: Mapping[str, list[Subscription]],
    promoted: Mapping[str, list[Promotion]],
    offered: Offered,
    known: Mapping[FeatureId, Feature],
) -> Read:
    own = held.get(row.id, [])
    given: dict[FeatureId, list[Given]] = {}
    for subscription in own:
        for each in given_by(subscription, offered, known):
            given.setdefault(each.feature_id, []).append(each)
    for promotion in promoted.get(row.id, []):
        feature = known.get(promotion.value.feature_id)
        if feature is not None:
            given.setdefault(feature.id, []).append(given_by_promotion(promotion, feature))
    found = Holdings(
        customer_id=CustomerId(row.id),
        is_archived=row.is_archived,
        clock_at=row.clock_at,
        resources=frozenset(row.resources),
        subscriptions=tuple(own),
        offered=offered,
        given={feature_id: tuple(each) for feature_id, each in given.items()},
        features={feature_id: known[feature_id] for feature_id in given},
        known=known,
    )
    return Read(found, Stamp(row.of_all, row.of_customer))


def _offered(tx: Tx, held: Collection[Subscription]) -> Offered:
    keys = {key for subscription in held for key in _keys(subscription)}
    if not keys:
        return Offered({}, {})
    asked = msgspec.json.encode([key._asdict() for key in keys]).decode()
    pinned: dict[PackageKey, Package] = {}
    parents: dict[PackageId, Package] = {}
    for row in tx.all(PACKAGES, asked=asked):
        package = value_from(row.terms, Package)
        if row.is_parent:
            parents[package.id] = package
        else:
            pinned[PackageKey(package.kind, package.id, package.version)] = package
    return Offered(pinned, parents)


def _keys(subscription: Subscription) -> Iterable[PackageKey]:
    for version in subscription.versions:
        terms = version.terms
        if terms.plan_version is not None:
            yield PackageKey(PackageKind.PLAN, subscription.plan_id, terms.plan_version)
        for addon in terms.addons:
            yield PackageKey(PackageKind.ADDON, addon.id, addon.version)


def _feature_ids(
    offered: Offered,
    held: Mapping[str, list[Subscription]],
    promoted: Mapping[str, list[Promotion]],
) -> set[FeatureId]:
    packages = (*offered.pinned.values(), *offered.parents.values())
    ids = {each.feature_id for package in packages for each in package.entitlements}
    for package in offered.pinned.values():
        ids |= package.by_use()
    for subscription in (each for of in held.values() for each in of):
        for version in subscription.versions:
            ids |= {each.feature_id for each in version.terms.overrides}
    return ids | {each.value.feature_id for of in promoted.values() for each in of}


def _by_customer(found: Iterable[Subscription]) -> dict[str, list[Subscription]]:
    grouped: dict[str, list[Subscription]] = {}
    for each in found:
        grouped.setdefault(each.customer_id, []).append(each)
    return grouped


def _promotions_by_customer(found: Iterable[Promotion]) -> dict[str, list[Promotion]]:
    grouped: dict[str, list[Promotion]] = {}
    for each in found:
        grouped.setdefault(each.customer_id, []).append(each)
    return grouped
