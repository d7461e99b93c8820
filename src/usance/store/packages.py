"""Plans and add-ons: their versions, of which one may be a draft. The newest is what is edited."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

from usance.domain.errors import NotFound
from usance.domain.ids import PackageId
from usance.domain.plans.package import Package, PackageKind, PackageStatus
from usance.store.codec import jsonb, value_from
from usance.store.database import Row, Tx

ADD = """
INSERT INTO packages (tenant_id, kind, id, product_id, created_at)
VALUES (%(tenant_id)s, %(kind)s, %(id)s, %(product_id)s, %(at)s)
    ON CONFLICT DO NOTHING
"""
ADD_VERSION = """
INSERT INTO package_versions (tenant_id, kind, package_id, version, terms, created_at, updated_at,
                              published_at)
VALUES (%(tenant_id)s, %(kind)s, %(id)s, %(version)s, %(terms)s, %(at)s, %(at)s, %(published_at)s)
"""
SAVE_DRAFT = """
UPDATE package_versions
   SET terms = %(terms)s,
       updated_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND kind = %(kind)s
   AND package_id = %(id)s
   AND version = %(version)s
   AND published_at IS NULL
"""
PUBLISH = """
UPDATE package_versions
   SET published_at = %(at)s,
       updated_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND kind = %(kind)s
   AND package_id = %(id)s
   AND version = %(version)s
   AND published_at IS NULL
"""
DELETE_DRAFT = """
DELETE FROM package_versions
 WHERE tenant_id = %(tenant_id)s
   AND kind = %(kind)s
   AND package_id = %(id)s
   AND published_at IS NULL
"""
LOCK = """
SELECT id
  FROM packages
 WHERE tenant_id = %(tenant_id)s
   AND kind = %(kind)s
   AND id = %(id)s
   FOR UPDATE
"""
# The newest version first; the newest published one is the latest.
VERSIONS = """
SELECT v.terms, v.created_at, v.updated_at, v.published_at, p.archived_at,
       v.published_at IS NOT NULL
       AND v.version = max(v.version) FILTER (WHERE v.published_at IS NOT NULL) OVER () AS is_latest
  FROM packages p
  JOIN package_versions v
    ON v.tenant_id = %(tenant_id)s
   AND v.kind = p.kind
   AND v.package_id = p.id
 WHERE p.tenant_id = %(tenant_id)s
   AND p.kind = %(kind)s
   AND p.id = %(id)s
 ORDER BY v.version DESC
"""
# One row a package: of the versions with a wanted status, the newest.
PAGE = """
SELECT v.terms, v.created_at, v.updated_at, v.published_at, p.archived_at,
       v.published_at IS NOT NULL
       AND v.version = (
            SELECT max(version)
              FROM package_versions
             WHERE tenant_id = %(tenant_id)s
               AND kind = p.kind
               AND package_id = p.id
               AND published_at IS NOT NULL) AS is_latest
  FROM packages p
  JOIN LATERAL (
        SELECT terms, created_at, updated_at, published_at, version
          FROM package_versions
         WHERE tenant_id = %(tenant_id)s
           AND kind = p.kind
           AND package_id = p.id
           AND (%(statuses)s::text[] IS NULL
                OR CASE WHEN p.archived_at IS NOT NULL THEN 'ARCHIVED'
                        WHEN published_at IS NULL THEN 'DRAFT'
                        ELSE 'PUBLISHED' END = ANY (%(statuses)s))
         ORDER BY version DESC
         LIMIT 1) v ON true
 WHERE p.tenant_id = %(tenant_id)s
   AND p.kind = %(kind)s
   AND (%(product_id)s::text IS NULL OR p.product_id = %(product_id)s)
   AND (%(created_from)s::timestamptz IS NULL OR p.created_at >= %(created_from)s)
   AND (%(created_until)s::timestamptz IS NULL OR p.created_at < %(created_until)s)
   AND (%(after)s::text IS NULL OR (p.created_at, p.id) > (
            SELECT created_at, id
              FROM packages
             WHERE tenant_id = %(tenant_id)s
               AND kind = %(kind)s
               AND id = %(after)s))
   AND (%(before)s::text IS NULL OR (p.created_at, p.id) < (
            SELECT created_at, id
              FROM packages
             WHERE tenant_id = %(tenant_id)s
               AND kind = %(kind)s
               AND id = %(before)s))
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN p.created_at END,
          CASE WHEN %(before)s::text IS NULL THEN p.id END,
          p.created_at DESC, p.id DESC
 LIMIT %(limit)s
"""
OF_PRODUCT = """
SELECT kind, id, archived_at
  FROM packages
 WHERE tenant_id = %(tenant_id)s
   AND product_id = %(product_id)s
 ORDER BY created_at, id
"""
ARCHIVE = """
UPDATE packages
   SET archived_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND kind = %(kind)s
   AND id = %(id)s
"""
ARCHIVE_ALL = """
UPDATE packages
   SET archived_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND product_id = %(product_id)s
   AND archived_at IS NULL
"""
RESTORE_ALL = """
UPDATE packages
   SET archived_at = NULL
 WHERE tenant_id = %(tenant_id)s
   AND product_id = %(product_id)s
   AND archived_at = %(archived_at)s
"""
KNOWN = """
SELECT id, product_id
  FROM packages
 WHERE tenant_id = %(tenant_id)s
   AND kind = %(kind)s
   AND id = ANY (%(ids)s)
   AND archived_at IS NULL
"""
PARENT = """
SELECT terms ->> 'parent_id' AS parent_id
  FROM package_versions
 WHERE tenant_id = %(tenant_id)s
   AND kind = 'PLAN'
   AND package_id = %(id)s
 ORDER BY version DESC
 LIMIT 1
"""
# Plans and add-ons whose latest version or draft names this one.
USERS = """
SELECT DISTINCT p.kind, p.id
  FROM packages p
  JOIN package_versions v
    ON v.tenant_id = %(tenant_id)s
   AND v.kind = p.kind
   AND v.package_id = p.id
 WHERE p.tenant_id = %(tenant_id)s
   AND p.archived_at IS NULL
   AND v.version >= (
            SELECT coalesce(max(version) FILTER (WHERE published_at IS NOT NULL), 1)
              FROM package_versions
             WHERE tenant_id = %(tenant_id)s
               AND kind = p.kind
               AND package_id = p.id)
   AND CASE %(kind)s
            WHEN 'PLAN' THEN v.terms ->> 'parent_id' = %(id)s
            ELSE v.terms -> 'compatible_addon_ids' ? %(id)s OR v.terms -> 'dependency_ids' ? %(id)s
       END
 ORDER BY p.kind, p.id
"""


class DatedPackage(NamedTuple):
    """A version, its status, whether it is the newest published one, and its dates."""

    package: Package
    status: PackageStatus
    is_latest: bool
    created_at: datetime
    updated_at: datetime


class Listed(NamedTuple):
    """A package of a product, and when it was archived."""

    kind: PackageKind
    id: PackageId
    archived_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPackages:
    """Which plans or add-ons to list; None wants all."""

    kind: PackageKind
    product_id: str | None = None
    statuses: list[str] | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None


def add(tx: Tx, package: Package, *, at: datetime) -> bool:
    """Keep a new one, a draft. False, and nothing done, when there is one of its id and kind."""
    keys = {"kind": package.kind, "id": package.id, "product_id": package.product_id}
    if not tx.run(ADD, **keys, at=at):
        return False
    add_version(tx, package, at=at)
    return True


def add_version(
    tx: Tx, package: Package, *, at: datetime, published_at: datetime | None = None
) -> None:
    """A further version, a draft unless it was published."""
    tx.run(
        ADD_VERSION,
        kind=package.kind,
        id=package.id,
        version=package.version,
        terms=jsonb(package),
        at=at,
        published_at=published_at,
    )


def save_draft(tx: Tx, draft: Package, *, at: datetime) -> None:
    """The draft as it now is."""
    values = {"kind": draft.kind, "id": draft.id, "version": draft.version}
    saved = tx.run(SAVE_DRAFT, **values, terms=jsonb(draft), at=at)
    assert saved == 1, "only a draft is edited"


def save_published(tx: Tx, draft: Package, *, at: datetime) -> None:
    """The draft as it is, for good."""
    values = {"kind": draft.kind, "id": draft.id, "version": draft.version}
    saved = tx.run(PUBLISH, **values, at=at)
    assert saved == 1, "only a draft is published"


def delete_draft(tx: Tx, package: Package) -> None:
    """As if it had not been opened."""
    tx.run(DELETE_DRAFT, kind=package.kind, id=package.id)


def versions(tx: Tx, kind: PackageKind, package_id: str) -> list[DatedPackage]:
    """All its versions, the newest first. Raises NotFound."""
    rows = tx.all(VERSIONS, kind=kind, id=package_id)
    if not rows:
        raise NotFound(kind.word, package_id)
    return [_dated(row) for row in rows]


def newest(tx: Tx, kind: PackageKind, package_id: str) -> DatedPackage:
    """Its draft, or its latest version where it has none. Raises NotFound."""
    return versions(tx, kind, package_id)[0]


def lock(tx: Tx, kind: PackageKind, package_id: str) -> DatedPackage:
    """The newest version, held until `tx` ends. Raises NotFound."""
    tx.all(LOCK, kind=kind, id=package_id)
    return newest(tx, kind, package_id)


def page(
    tx: Tx, wanted: WantedPackages, *, after: str | None, before: str | None, limit: int
) -> list[DatedPackage]:
    """Packages by age, after one or before one (then newest first)."""
    rows = tx.all(PAGE, **asdict(wanted), after=after, before=before, limit=limit)
    return [_dated(row) for row in rows]


def of_product(tx: Tx, product_id: str) -> list[Listed]:
    """All its plans and add-ons, oldest first."""
    rows = tx.all(OF_PRODUCT, product_id=product_id)
    return [Listed(PackageKind(row.kind), PackageId(row.id), row.archived_at) for row in rows]


def save_archived(tx: Tx, kind: PackageKind, package_id: PackageId, *, at: datetime) -> None:
    """It is offered no more."""
    tx.run(ARCHIVE, kind=kind, id=package_id, at=at)


def save_archived_with(tx: Tx, product_id: str, *, at: datetime) -> None:
    """Archive all that a product still offers."""
    tx.run(ARCHIVE_ALL, product_id=product_id, at=at)


def save_restored_with(tx: Tx, product_id: str, *, archived_at: datetime) -> None:
    """Restore what was archived together with its product."""
    tx.run(RESTORE_ALL, product_id=product_id, archived_at=archived_at)


def known(tx: Tx, kind: PackageKind, ids: Collection[str]) -> dict[PackageId, str]:
    """Those of `ids` that exist and are not archived, and the products they belong to."""
    return {row.id: row.product_id for row in tx.all(KNOWN, kind=kind, ids=list(ids))}


def parent_of(tx: Tx, plan_id: PackageId) -> PackageId | None:
    """What the newest version of a plan inherits from."""
    row = tx.maybe(PARENT, id=plan_id)
    return None if row is None or row.parent_id is None else PackageId(row.parent_id)


def users(tx: Tx, kind: PackageKind, package_id: str) -> list[str]:
    """The plans and add-ons that name it and may be sold."""
    rows = tx.all(USERS, kind=kind, id=package_id)
    return [f"{PackageKind(row.kind).word} {row.id}" for row in rows]


def _dated(row: Row) -> DatedPackage:
    if row.archived_at is not None:
        status = PackageStatus.ARCHIVED
    else:
        status = PackageStatus.DRAFT if row.published_at is None else PackageStatus.PUBLISHED
    package = value_from(row.terms, Package)
    return DatedPackage(package, status, row.is_latest, row.created_at, row.updated_at)
