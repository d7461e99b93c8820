"""API keys and the secret that signs customer tokens; of a key only its SHA-256 is kept.

All instants here are the world's: a sandbox's moved clock neither opens nor closes anything.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from usance.domain.api_keys.scopes import KeyScope
from usance.domain.errors import NotFound
from usance.store.database import Row, Tx

ADD = """
INSERT INTO api_keys (tenant_id, id, name, kind, scopes, key_hash, ends_with, replaces,
                      created_at, expires_at)
VALUES (%(tenant_id)s, %(id)s, %(name)s, %(kind)s, %(scopes)s::text[], %(key_hash)s,
        %(ends_with)s, %(replaces)s, %(at)s, %(expires_at)s)
"""
EVERY = """
SELECT id, name, kind, scopes, ends_with, replaces, created_at, expires_at, revoked_at, last_used_at
  FROM api_keys
 WHERE tenant_id = %(tenant_id)s
 ORDER BY created_at, id
"""
PAGE = """
SELECT id, name, kind, scopes, ends_with, replaces, created_at, expires_at, revoked_at, last_used_at
  FROM api_keys
 WHERE tenant_id = %(tenant_id)s
   AND (%(after)s::text IS NULL OR id > %(after)s)
   AND (%(before)s::text IS NULL OR id < %(before)s)
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN id END, id DESC
 LIMIT %(limit)s
"""
ONE = """
SELECT id, name, kind, scopes, ends_with, replaces, created_at, expires_at, revoked_at, last_used_at
  FROM api_keys
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
LOCK = """
SELECT id, name, kind, scopes, expires_at
  FROM api_keys
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   AND revoked_at IS NULL
   AND (expires_at IS NULL OR expires_at > %(at)s)
   FOR NO KEY UPDATE
"""
REPLACED_BY = """
SELECT id
  FROM api_keys
 WHERE tenant_id = %(tenant_id)s
   AND replaces = %(id)s
"""
EXPIRE = """
UPDATE api_keys
   SET expires_at = least(expires_at, %(at)s)
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
REVOKE = """
UPDATE api_keys
   SET revoked_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   AND revoked_at IS NULL
"""
# By its hash, which alone says whose it is; with the secrets that its customer tokens are read by.
OPENED = """
SELECT k.tenant_id, k.id, k.kind, k.scopes, k.last_used_at, t.signing_secret,
       CASE WHEN t.former_signing_secret_until > %(at)s THEN t.former_signing_secret END
       AS former_signing_secret
  FROM api_keys k
  JOIN tenants t ON t.tenant_id = k.tenant_id
 WHERE k.key_hash = %(key_hash)s
   AND k.revoked_at IS NULL
   AND (k.expires_at IS NULL OR k.expires_at > %(at)s)
"""
# Whoever finds the row taken lets it be: another request is writing the same minute.
USED = """
UPDATE api_keys
   SET last_used_at = %(at)s
 WHERE (tenant_id, id) IN (
        SELECT tenant_id, id
          FROM api_keys
         WHERE tenant_id = %(key_tenant_id)s
           AND id = %(id)s
           AND (last_used_at IS NULL OR last_used_at < %(at)s)
           FOR NO KEY UPDATE SKIP LOCKED)
"""
SECRET = """
SELECT signing_secret, former_signing_secret_until
  FROM tenants
 WHERE tenant_id = %(tenant_id)s
   FOR NO KEY UPDATE
"""
SAVE_SECRET = """
UPDATE tenants
   SET former_signing_secret = CASE WHEN %(until)s > %(at)s THEN signing_secret END,
       former_signing_secret_until =
           CASE WHEN %(until)s > %(at)s AND signing_secret IS NOT NULL THEN %(until)s END,
       signing_secret = %(secret)s
 WHERE tenant_id = %(tenant_id)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A key to be kept: `ends_with` is all that is kept of it in the clear."""

    id: str
    name: str
    kind: str
    scopes: Collection[KeyScope]
    key_hash: bytes
    ends_with: str
    replaces: str | None = None
    expires_at: datetime | None = None


def add(tx: Tx, key: KeyRow, *, at: datetime) -> None:
    """A new key of this environment."""
    tx.run(
        ADD,
        id=key.id,
        name=key.name,
        kind=key.kind,
        scopes=[scope.value for scope in sorted(key.scopes)] or None,
        key_hash=key.key_hash,
        ends_with=key.ends_with,
        replaces=key.replaces,
        expires_at=key.expires_at,
        at=at,
    )


def every(tx: Tx) -> list[Row]:
    """This environment's keys, oldest first, closed ones too; never the keys themselves."""
    return tx.all(EVERY)


def page(tx: Tx, *, after: str | None, before: str | None, limit: int) -> list[Row]:
    """Keys by age, after one or before one (then newest first)."""
    return tx.all(PAGE, after=after, before=before, limit=limit)


def one(tx: Tx, key_id: str) -> Row:
    """A key, open or closed. Raises NotFound."""
    return tx.one(ONE, kind="API key", ref=key_id, id=key_id)


def lock_open(tx: Tx, key_id: str, *, at: datetime) -> Row:
    """A key that opens something, held until `tx` ends. Raises NotFound."""
    return tx.one(LOCK, kind="open API key", ref=key_id, id=key_id, at=at)


def replaced_by(tx: Tx, key_id: str) -> str | None:
    """The key it was rotated to, if it was."""
    row = tx.maybe(REPLACED_BY, id=key_id)
    return None if row is None else str(row.id)


def save_expiry(tx: Tx, key_id: str, at: datetime) -> None:
    """It opens nothing from then on, or from earlier if that was said before."""
    tx.run(EXPIRE, id=key_id, at=at)


def save_revoked(tx: Tx, key_id: str, *, at: datetime) -> None:
    """Close a key for good. Raises NotFound when none of that id is still to be closed."""
    if not tx.run(REVOKE, id=key_id, at=at):
        raise NotFound("API key", key_id)


def opened_by(platform: Tx, key_hash: bytes, *, at: datetime) -> Row | None:
    """The open key of that hash, None for a stranger's; for a platform transaction."""
    return platform.maybe(OPENED, key_hash=key_hash, at=at)


def save_used(platform: Tx, tenant_id: str, key_id: str, *, at: datetime) -> None:
    """It was used at that instant; for a platform transaction. Waits for nobody."""
    platform.run(USED, key_tenant_id=tenant_id, id=key_id, at=at)


def lock_signing_secret(tx: Tx) -> str | None:
    """The secret that signs customer tokens, held until `tx` ends; None before the first."""
    secret: str | None = tx.one(SECRET, kind="environment", ref=tx.tenant_id).signing_secret
    return secret


def save_signing_secret(tx: Tx, secret: str, *, at: datetime, former_until: datetime) -> None:
    """A new one; the one before is good until `former_until`."""
    tx.run(SAVE_SECRET, secret=secret, at=at, until=former_until)
