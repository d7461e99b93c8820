"""Rotate a key: a new one that may do the same; the old one closes, at once or after a grace."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from usance.domain.api_keys.keys import Grace, KeyKind, key_hash
from usance.domain.api_keys.scopes import FULL, KeyScope, refuse_beyond
from usance.domain.errors import NotAllowedNow
from usance.flows.runtime import Runtime, Scope
from usance.store import api_keys
from usance.store.api_keys import KeyRow

KEY_BYTES = 32
SHOWN = 4  # characters of a key, to know it by


class KeyReplaced(NotAllowedNow):
    """It was rotated before; the key it was rotated to is the one to rotate."""

    code = "KeyReplaced"


def rotate_key(
    runtime: Runtime,
    scope: Scope,
    key_id: str,
    *,
    grace: Grace,
    giver: Collection[KeyScope] = FULL,
) -> tuple[str, str]:
    """The new key's id, and the key, which is shown this once and kept nowhere.

    The new one expires when the old one would have. `giver`: the scopes of whoever asks. Raises
    NotFound when it opens nothing any more; KeyReplaced; ForbiddenScope.
    """
    at = runtime.clock()
    with runtime.transaction(scope) as tx:
        old = api_keys.lock_open(tx, key_id, at=at)
        if (newer := api_keys.replaced_by(tx, key_id)) is not None:
            raise KeyReplaced(f"Key {key_id} was rotated to {newer}; rotate that one.")
        kind = KeyKind(old.kind)
        scopes = [KeyScope(text) for text in old.scopes or ()]
        refuse_beyond(giver, scopes if kind is KeyKind.SERVER else (KeyScope.CATALOGUE_READ,))

        secret = kind.prefix + secrets.token_urlsafe(KEY_BYTES)
        new = KeyRow(
            id=runtime.new_id("key"),
            name=old.name,
            kind=kind,
            scopes=scopes,
            key_hash=key_hash(secret),
            ends_with=secret[-SHOWN:],
            replaces=key_id,
            expires_at=old.expires_at,
        )

        api_keys.add(tx, new, at=at)
        api_keys.save_expiry(tx, key_id, at + grace.lasts)
        runtime.note(tx, scope, "key.rotated", key_id, after={"new": new.id, "grace": grace})
    return new.id, secret
