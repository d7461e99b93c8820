"""Whose access or usage changed since a position, for streams that miss nothing.

A position is the oldest transaction that was still under way when something was read. Whatever that
reading did not see was written by such a one or a younger, and says so in its `changed_in`. So a
change may be told twice, and is never missed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from usance.store.database import Tx

CHANGED = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS position,
       ARRAY(SELECT v.customer_id
               FROM access_versions v
              WHERE v.tenant_id = %(tenant_id)s
                AND (v.customer_id = ANY (%(customer_ids)s) OR v.customer_id = '')
                AND v.changed_in >= %(since)s::xid8
              UNION
             SELECT u.customer_id
               FROM usage_counters u
              WHERE u.tenant_id = %(tenant_id)s
                AND u.customer_id = ANY (%(customer_ids)s)
                AND u.changed_in >= %(since)s::xid8) AS customer_ids,
       ARRAY(SELECT k.id
               FROM api_keys k
              WHERE k.tenant_id = %(tenant_id)s
                AND k.id = ANY (%(key_ids)s)
                AND k.revoked_at IS NULL
                AND (k.expires_at IS NULL OR k.expires_at > %(at)s)) AS open_keys
"""
NOBODY: frozenset[str] = frozenset()
LAST = str(2**64 - 1)  # no transaction has a higher number


class Changes(NamedTuple):
    """Who changed, of those asked about; whose keys are open; and where to go on from."""

    position: str
    customer_ids: frozenset[str]
    open_keys: frozenset[str]


def changes(
    tx: Tx,
    customer_ids: Collection[str],
    *,
    since: str,
    at: datetime,
    key_ids: Collection[str] = (),
) -> Changes:
    """Who of them changed at or after that position. `at`: the world's now, for the keys."""
    row = tx.maybe(
        CHANGED, customer_ids=list(customer_ids), since=since, key_ids=list(key_ids), at=at
    )
    assert row is not None, "it always has one row"
    found = frozenset(row.customer_ids)
    everybody = frozenset(customer_ids)
    return Changes(
        row.position, everybody if "" in found else found & everybody, frozenset(row.open_keys)
    )


def position(tx: Tx, *, at: datetime) -> str:
    """From where on changes are to be asked for, by who reads something after this."""
    return changes(tx, NOBODY, since=LAST, at=at).position
