"""Use a key: which environment it opens, and what for; that it was used is kept to the minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from usance.domain.api_keys.keys import LONGEST, KeyKind, key_hash
from usance.domain.api_keys.scopes import KeyScope
from usance.flows.runtime import Runtime
from usance.store import api_keys

OFTEN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class OpenKey:
    """A key that opens `tenant_id`; `signing_secrets` sign the customer tokens it is used with."""

    tenant_id: str
    id: str
    kind: KeyKind
    scopes: frozenset[KeyScope]
    signing_secrets: tuple[str, ...]


def use_key(runtime: Runtime, secret: str) -> OpenKey | None:
    """What a key opens at this moment of the world; None when nothing."""
    if not secret or len(secret) > LONGEST:
        return None
    at = runtime.clock()
    with runtime.database.platform() as tx:
        found = api_keys.opened_by(tx, key_hash(secret), at=at)
        if found is None:
            return None
        if found.last_used_at is None or at - found.last_used_at >= OFTEN:
            api_keys.save_used(tx, found.tenant_id, found.id, at=at)
    signed_with = (found.signing_secret, found.former_signing_secret)
    return OpenKey(
        found.tenant_id,
        found.id,
        KeyKind(found.kind),
        frozenset(KeyScope(text) for text in found.scopes or ()),
        tuple(each for each in signed_with if each is not None),
    )
