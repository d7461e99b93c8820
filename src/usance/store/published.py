"""Published versions of plans and add-ons, as subscriptions hold them: these never change."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import msgspec

from usance.domain.ids import PackageId
from usance.domain.plans.package import Package, PackageKind
from usance.store.codec import value_from
from usance.store.database import Tx

LATEST = """
SELECT DISTINCT ON (v.kind, v.package_id) v.terms
  FROM packages p
  JOIN package_versions v
    ON v.tenant_id = %(tenant_id)s
   AND v.kind = p.kind
   AND v.package_id = p.id
 WHERE p.tenant_id = %(tenant_id)s
   AND p.kind = %(kind)s
   AND p.id = ANY (%(ids)s)
   AND p.archived_at IS NULL
   AND v.published_at IS NOT NULL
 ORDER BY v.kind, v.package_id, v.version DESC
"""
SOME = """
SELECT v.terms
  FROM jsonb_to_recordset(%(asked)s::jsonb) AS asked (kind text, id text, version int)
  JOIN package_versions v
    ON v.tenant_id = %(tenant_id)s
   AND v.kind = asked.kind
   AND v.package_id = asked.id
   AND v.version = asked.version
"""


class VersionKey(NamedTuple):
    """Names one version of a plan or add-on."""

    kind: PackageKind
    id: PackageId
    version: int


def latest(tx: Tx, kind: PackageKind, ids: Collection[str]) -> dict[PackageId, Package]:
    """The last published versions of those that may be sold: not archived ones."""
    rows = tx.all(LATEST, kind=kind, ids=list(ids))
    found = (value_from(row.terms, Package) for row in rows)
    return {each.id: each for each in found}


def plan(tx: Tx, plan_id: str) -> Package | None:
    """The last published version of a plan that may be sold; None without one."""
    return latest(tx, PackageKind.PLAN, [plan_id]).get(PackageId(plan_id))


def some(tx: Tx, keys: Collection[VersionKey]) -> dict[VersionKey, Package]:
    """Those versions, archived since or not."""
    asked = msgspec.json.encode([key._asdict() for key in set(keys)]).decode()
    found = (value_from(row.terms, Package) for row in tx.all(SOME, asked=asked))
    return {VersionKey(each.kind, each.id, each.version): each for each in found}
