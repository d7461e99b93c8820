"""Whether a version of a plan or an add-on was ever sold."""

from __future__ import annotations

from usance.domain.ids import PackageId
from usance.domain.plans.package import PackageKind
from usance.store.database import Tx

IS_SOLD = """
SELECT EXISTS (
       SELECT
         FROM subscriptions s
         JOIN subscription_versions v
           ON v.tenant_id = %(tenant_id)s
          AND v.subscription_id = s.id
          AND v.called_off_at IS NULL
        WHERE s.tenant_id = %(tenant_id)s
          AND CASE %(kind)s
                   WHEN 'PLAN' THEN s.plan_id = %(package_id)s
                                AND (v.terms ->> 'plan_version')::int = %(version)s
                   ELSE EXISTS (
                        SELECT
                          FROM jsonb_to_recordset(v.terms -> 'addons') AS a (id text, version int)
                         WHERE a.id = %(package_id)s
                           AND a.version = %(version)s)
              END) AS is_sold
"""


def is_sold(tx: Tx, kind: PackageKind, package_id: PackageId, version: int) -> bool:
    """True when a subscription has it, had it, or is to have it."""
    [row] = tx.all(IS_SOLD, kind=kind, package_id=package_id, version=version)
    return bool(row.is_sold)
