"""Make the secret that signs customer tokens, the first one or another."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from usance.domain.api_keys.keys import Grace
from usance.domain.api_keys.scopes import FULL, SIGNERS, KeyScope, refuse_beyond
from usance.flows.runtime import Runtime, Scope
from usance.store import api_keys

SECRET_BYTES = 32


def rotate_signing_secret(
    runtime: Runtime, scope: Scope, *, grace: Grace, giver: Collection[KeyScope] = FULL
) -> str:
    """The new secret: `signing-` and 43 random characters; tokens of the one before it are good
    for the grace, those of earlier ones no more.

    It is shown this once, by us. `giver`: the scopes of whoever asks; who can sign tokens can come
    to read what they open. Raises NotFound, ForbiddenScope.
    """
    refuse_beyond(giver, SIGNERS)
    secret = f"signing-{secrets.token_urlsafe(SECRET_BYTES)}"
    at = runtime.clock()
    with runtime.transaction(scope) as tx:
        is_first = api_keys.lock_signing_secret(tx) is None

        api_keys.save_signing_secret(tx, secret, at=at, former_until=at + grace.lasts)
        after = {"grace": grace, "is_first": is_first}
        runtime.note(tx, scope, "signing_secret.rotated", scope.tenant_id, after=after)
    return secret
