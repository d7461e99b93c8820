"""API keys, and the secret that signs customer tokens: made, listed, rotated, revoked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from usance.api.caller import Asked, Caller
from usance.api.envelope import Instant, Page, Single, Wire
from usance.api.fields import PathId, at
from usance.api.paging import Paging, part
from usance.api.route import SHOWN_ONCE, resource
from usance.domain.api_keys.keys import LONGEST_NAME, Grace, KeyKind, KeyStatus, status_of
from usance.domain.api_keys.scopes import KeyScope
from usance.domain.calendar import in_utc
from usance.flows.open_environment import create_key, revoke_key
from usance.flows.rotate_key import rotate_key
from usance.flows.rotate_signing_secret import rotate_signing_secret
from usance.store import api_keys
from usance.store.database import Row

keys = resource("api-keys", tag="API keys")
signing_secret = resource("signing-secret", tag="API keys")

ONCE = {SHOWN_ONCE: True}


class KeyBody(Wire):
    """A new key."""

    name: str = Field(
        min_length=1, max_length=LONGEST_NAME, description="For lists.", examples=["billing-sync"]
    )
    kind: KeyKind = Field(
        default=KeyKind.SERVER, description="PUBLISHABLE: safe in a web page; it only reads."
    )
    scopes: list[KeyScope] = Field(
        default=[KeyScope.FULL_ACCESS],
        max_length=len(KeyScope),
        description="Of a server key. None that the key which asks has not itself.",
        examples=[["CUSTOMERS_WRITE", "SUBSCRIPTIONS_WRITE"]],
    )
    expires_at: AwareDatetime | None = None


class RotateBody(Wire):
    """How long the old one goes on."""

    grace: Grace = Field(default=Grace.NOW)


class KeyWire(Wire):
    """A key, without the key itself. Instants are the world's."""

    id: str
    name: str
    kind: KeyKind
    scopes: list[KeyScope]
    status: KeyStatus
    ends_with: Annotated[str, Field(description="Its last four characters.")]
    replaces: str | None = Field(description="The id of the key it was rotated from.")
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None
    last_used_at: Instant | None = Field(description="To the minute.")


class NewKeyWire(KeyWire):
    """A key just made."""

    key: str = Field(description="Shown this once: send it as `X-API-KEY`.")


class SigningSecretWire(Wire):
    """The secret that signs customer tokens."""

    signing_secret: str = Field(description="Shown this once; for backends only.")
    former_expires_at: Instant = Field(description="Until when tokens of the one before are good.")


@keys.post(
    "", operation_id="createApiKey", summary="Create a key", status_code=201, openapi_extra=ONCE
)
def create(caller: Asked, body: KeyBody) -> Single[NewKeyWire]:
    """It is shown in this answer and never again: only its hash is kept."""
    ends_at = body.expires_at
    key = create_key(
        caller.runtime,
        caller.scope,
        name=body.name,
        kind=body.kind,
        scopes=body.scopes,
        expires_at=None if ends_at is None else at("expiresAt", lambda: in_utc(ends_at)),
        giver=caller.rights.scopes,
    )
    return Single(data=_new(caller, key.id, key.secret))


@keys.get("", operation_id="listApiKeys", summary="List keys")
def list_keys(caller: Asked, asked: Paging) -> Page[KeyWire]:
    """Oldest first, closed ones too."""
    with caller.transaction() as tx:
        found = api_keys.page(tx, after=asked.after, before=asked.before, limit=asked.and_one)
    shown, cursors = part(found, asked, lambda row: str(row.id))
    now = caller.runtime.clock()
    told = [KeyWire.model_validate(_plain(row, now)) for row in shown]
    return Page(data=told, pagination=cursors)


@keys.get("/{id}", operation_id="getApiKey", summary="Read a key")
def get(caller: Asked, id: PathId) -> Single[KeyWire]:
    """What it may do, and when it was last used."""
    return Single(data=_wire(caller, id))


@keys.post(
    "/{id}/rotate",
    operation_id="rotateApiKey",
    summary="Rotate a key",
    status_code=201,
    openapi_extra=ONCE,
)
def rotate(caller: Asked, id: PathId, body: RotateBody) -> Single[NewKeyWire]:
    """A new one that may do the same, shown this once; the old one closes after the grace."""
    new_id, secret = rotate_key(
        caller.runtime, caller.scope, id, grace=body.grace, giver=caller.rights.scopes
    )
    return Single(data=_new(caller, new_id, secret))


@keys.post("/{id}/revoke", operation_id="revokeApiKey", summary="Revoke a key")
def revoke(caller: Asked, id: PathId) -> Single[KeyWire]:
    """At once, and for good."""
    revoke_key(caller.runtime, caller.scope, id)
    return Single(data=_wire(caller, id))


@signing_secret.post(
    "/rotate",
    operation_id="rotateSigningSecret",
    summary="Make a signing secret",
    status_code=201,
    openapi_extra=ONCE,
)
def rotate_secret(caller: Asked, body: RotateBody) -> Single[SigningSecretWire]:
    """For customer tokens: the first, or another. Who can sign them can come to read what they
    open: it takes CUSTOMERS_READ, SUBSCRIPTIONS_READ and ENTITLEMENTS_READ, too.
    """
    secret = rotate_signing_secret(
        caller.runtime, caller.scope, grace=body.grace, giver=caller.rights.scopes
    )
    until = caller.runtime.clock() + body.grace.lasts
    return Single(data=SigningSecretWire(signing_secret=secret, former_expires_at=until))


def _wire(caller: Caller, key_id: str) -> KeyWire:
    return KeyWire.model_validate(_kept(caller, key_id))


def _new(caller: Caller, key_id: str, secret: str) -> NewKeyWire:
    return NewKeyWire.model_validate({**_kept(caller, key_id), "key": secret})


def _kept(caller: Caller, key_id: str) -> dict[str, object]:
    with caller.transaction() as tx:
        return _plain(api_keys.one(tx, key_id), caller.runtime.clock())


def _plain(row: Row, now: datetime) -> dict[str, object]:
    status = status_of(expires_at=row.expires_at, revoked_at=row.revoked_at, at=now)
    return {**row._asdict(), "scopes": row.scopes or [], "status": status}
