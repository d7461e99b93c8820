"""Open an environment, give out keys to it, move a sandbox's clock."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from usance.domain.api_keys.keys import LONGEST_NAME, KeyKind, key_hash
from usance.domain.api_keys.scopes import FULL, KeyScope, refuse_beyond
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import CustomerId
from usance.flows.runtime import Runtime, Scope
from usance.store import api_keys, tenants
from usance.store.api_keys import KeyRow

KEY_BYTES = 32
SHOWN = 4  # characters of a key, to know it by


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: `secret` is shown this once and kept nowhere."""

    id: str
    name: str
    secret: str


def open_environment(runtime: Runtime, tenant_id: str, *, name: str, kind: str) -> None:
    """A new environment, SANDBOX or PRODUCTION, with a link secret of its own. Raises Conflict."""
    with runtime.database.platform() as tx:
        secret = secrets.token_bytes(KEY_BYTES)
        tenants.add(tx, tenant_id, name=name, kind=kind, link_secret=secret, at=runtime.clock())


def create_key(
    runtime: Runtime,
    scope: Scope,
    *,
    name: str,
    kind: KeyKind = KeyKind.SERVER,
    scopes: Collection[KeyScope] = FULL,
    expires_at: datetime | None = None,
    giver: Collection[KeyScope] = FULL,
) -> NewKey:
    """A key of the environment: `server-` or `client-` and 43 random characters.

    A publishable key has no scopes: what it may reach is the same for all. `giver`: the scopes of
    whoever asks. Raises NotFound; Invalid (InvalidName, InvalidScopes, InvalidExpiry);
    ForbiddenScope.
    """
    given = scopes if kind is KeyKind.SERVER else ()
    secret = kind.prefix + secrets.token_urlsafe(KEY_BYTES)
    key = NewKey(runtime.new_id("key"), name, secret)
    at = runtime.clock()
    _refuse_unfit(kind, key, scopes, expires_at=expires_at, at=at)
    refuse_beyond(giver, given if kind is KeyKind.SERVER else (KeyScope.CATALOGUE_READ,))
    row = KeyRow(
        id=key.id,
        name=name,
        kind=kind,
        scopes=given,
        key_hash=key_hash(secret),
        ends_with=secret[-SHOWN:],
        expires_at=expires_at,
    )
    with runtime.transaction(scope) as tx:
        tenants.one(tx)

        api_keys.add(tx, row, at=at)
        after = {"name": name, "kind": kind, "scopes": sorted(given), "expires_at": expires_at}
        runtime.note(tx, scope, "key.created", key.id, after=after)
    return key


def revoke_key(runtime: Runtime, scope: Scope, key_id: str) -> None:
    """Close a key for good. Raises NotFound."""
    with runtime.transaction(scope) as tx:
        api_keys.save_revoked(tx, key_id, at=runtime.clock())
        runtime.note(tx, scope, "key.revoked", key_id)


def move_clock(
    runtime: Runtime, scope: Scope, at: datetime, *, customer_id: CustomerId | None = None
) -> None:
    """Set a sandbox's clock, or one customer's in it, to a later instant; it stands there until
    moved again. Raises ClockMovesForwardOnly.
    """
    with runtime.transaction(scope) as tx:
        before = tenants.clock_of(tx, customer_id)

        if customer_id is None:
            tenants.save_clock(tx, at)
        else:
            tenants.save_customer_clock(tx, customer_id, at)
        subject = customer_id or scope.tenant_id
        runtime.note(tx, scope, "clock.moved", subject, before=before, after=at)


def _refuse_unfit(
    kind: KeyKind,
    key: NewKey,
    scopes: Collection[KeyScope],
    *,
    expires_at: datetime | None,
    at: datetime,
) -> None:
    if not 1 <= len(key.name.strip()) <= LONGEST_NAME or not key.name.isprintable():
        expected = f"1 to {LONGEST_NAME} printable characters"
        raise Invalid(Problem("InvalidName", "name", key.name[:80], expected))
    if kind is KeyKind.SERVER and not scopes:
        raise Invalid(Problem("InvalidScopes", "scopes", "[]", "one scope or more"))
    if expires_at is not None and expires_at <= at:
        raise Invalid(Problem("InvalidExpiry", "expiresAt", str(expires_at), "an instant to come"))
