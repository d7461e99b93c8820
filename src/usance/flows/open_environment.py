"""Open an environment, give out keys to it, move a sandbox's clock."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from usance.domain.ids import CustomerId
from usance.flows.runtime import Runtime, Scope
from usance.store import tenants

KEY_BYTES = 32


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


def create_key(runtime: Runtime, scope: Scope, *, name: str) -> NewKey:
    """A server key of the environment: `server-` and 43 random characters. Raises NotFound."""
    key = NewKey(runtime.new_id("key"), name, f"server-{secrets.token_urlsafe(KEY_BYTES)}")
    with runtime.transaction(scope) as tx:
        tenants.one(tx)

        tenants.add_key(tx, key.id, name=name, key_hash=key_hash(key.secret), at=runtime.clock())
        runtime.note(tx, scope, "key.created", key.id, after={"name": name})
    return key


def revoke_key(runtime: Runtime, scope: Scope, key_id: str) -> None:
    """Close a key for good. Raises NotFound."""
    with runtime.transaction(scope) as tx:
        tenants.save_key_revoked(tx, key_id, at=runtime.clock())
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


def key_hash(secret: str) -> bytes:
    """What is kept of a key. It is random enough that a plain hash gives nothing away."""
    return sha256(secret.encode()).digest()
