"""Idempotency keys: what a POST answered, kept for a day with the hash of what was asked.

A key is claimed, its request carried out and its answer kept in one transaction. So a crash at any
moment leaves either all of it or nothing, and no key is ever stuck "under way". The claim is an
advisory lock of that transaction: it goes when the transaction goes, however that ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from usance.store.database import Jsonb, Tx

LIFETIME = timedelta(hours=24)

CLAIM = """
SELECT pg_try_advisory_xact_lock(hashtextextended(%(tenant_id)s || ' ' || %(key)s, 0)) AS is_ours
"""
ONE = """
SELECT request_hash, status_code, body
  FROM idempotency_keys
 WHERE tenant_id = %(tenant_id)s
   AND key = %(key)s
   AND created_at > %(since)s
"""
SAVE = """
INSERT INTO idempotency_keys (tenant_id, key, request_hash, status_code, body, created_at)
VALUES (%(tenant_id)s, %(key)s, %(request_hash)s, %(status_code)s, %(body)s, %(at)s)
ON CONFLICT (tenant_id, key) DO UPDATE
   SET request_hash = excluded.request_hash,
       status_code = excluded.status_code,
       body = excluded.body,
       created_at = excluded.created_at
"""
DELETE_EXPIRED = """
DELETE FROM idempotency_keys WHERE tenant_id = %(tenant_id)s AND created_at <= %(since)s
"""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered, to the byte, and the hash of what had been asked."""

    request_hash: bytes
    status_code: int
    body: bytes


def claim(tx: Tx, key: str) -> bool:
    """Hold the key until `tx` ends. False when another transaction holds it at this moment."""
    row = tx.maybe(CLAIM, key=key)
    assert row is not None, "a lock is always answered"
    return bool(row.is_ours)


def kept(tx: Tx, key: str, *, at: datetime) -> KeptAnswer | None:
    """The answer kept under that key within the day before `at`, an instant of the world."""
    row = tx.maybe(ONE, key=key, since=at - LIFETIME)
    if row is None:
        return None
    return KeptAnswer(bytes(row.request_hash), row.status_code, row.body.encode())


def save(tx: Tx, key: str, answer: KeptAnswer, *, at: datetime) -> None:
    """Keep an answer; the caller holds the key. An expired one of that key is replaced."""
    tx.run(
        SAVE,
        key=key,
        request_hash=answer.request_hash,
        status_code=answer.status_code,
        body=Jsonb(answer.body.decode()),  # as one JSON text, for jsonb would reorder its fields
        at=at,
    )


def delete_expired(tx: Tx, *, at: datetime) -> int:
    """Forget what is older than a day; how many there were."""
    return tx.run(DELETE_EXPIRED, since=at - LIFETIME)
