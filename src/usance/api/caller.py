"""Who is asking: the environment a key opens, what for, and what a handler may reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Request

from usance.api.errors import Unauthenticated
from usance.documents.paper.link import hosted_url
from usance.domain.api_keys.customer_tokens import CustomerTokenInvalid, bearer_of
from usance.domain.api_keys.keys import KeyKind
from usance.domain.api_keys.scopes import FULL, KeyScope
from usance.domain.ids import CustomerId, InvoiceId
from usance.domain.invoicing.approvers import named
from usance.flows.runtime import Runtime, Scope
from usance.flows.use_key import OpenKey, use_key
from usance.store import tenants
from usance.store.database import Tx
from usance.store.joined import Joined

CUSTOMER_TOKEN = "X-CUSTOMER-KEY"  # as Stigg's browser SDK calls it
PUBLISHED = "PUBLISHED"
ACTOR = "X-Usance-Actor"  # the header that names the person who acts through a key


@dataclass(frozen=True, slots=True)
class Rights:
    """What a key may do.

    A server key has scopes. A publishable key has none: it sees the catalogue as published, and
    what its customer token's customer has (api/admission.py).
    """

    scopes: frozenset[KeyScope] = frozenset()
    is_publishable: bool = False
    customer_id: CustomerId | None = None  # of the customer token
    until: int | None = None  # the Unix second at which that expires


FULL_RIGHTS = Rights(FULL)  # of whoever works on the server itself


@dataclass(frozen=True, slots=True)
class Caller:
    """A request's environment, on whose behalf it acts, where customers reach us, its rights."""

    runtime: Runtime
    scope: Scope
    public_url: str
    rights: Rights

    @property
    def sees_drafts(self) -> bool:
        """Whether it may see what is not published, or no more."""
        return not self.rights.is_publishable

    def statuses(self, asked: list[str] | None) -> list[str] | None:
        """Of the statuses that a request asks for (None: any), those that it may see."""
        if self.sees_drafts:
            return asked
        return [PUBLISHED] if asked is None or PUBLISHED in asked else []

    def transaction(self) -> AbstractContextManager[Tx]:
        """A transaction of the caller's environment."""
        return self.runtime.transaction(self.scope)

    def joined(self, tx: Tx) -> Caller:
        """The same caller, whose flows join `tx` instead of opening transactions of their own."""
        return replace(self, runtime=replace(self.runtime, database=Joined(tx)))

    def links(self, tx: Tx) -> Callable[[InvoiceId], str]:
        """Gives the hosted page of an invoice."""
        secret = tenants.link_secret(tx)
        tenant_id = self.scope.tenant_id

        def link(invoice_id: InvoiceId) -> str:
            return hosted_url(self.public_url, secret, tenant_id=tenant_id, invoice_id=invoice_id)

        return link


def authenticate(runtime: Runtime, keys: Sequence[str]) -> OpenKey:
    """The environment a key opens, and what for; of two keys neither does. Raises
    Unauthenticated.
    """
    found = use_key(runtime, keys[0]) if len(keys) == 1 else None
    if found is None:
        raise Unauthenticated
    return found


def rights_of(runtime: Runtime, key: OpenKey, tokens: Sequence[str]) -> Rights:
    """What a key may do with that customer token, which only a publishable key heeds.

    Raises CustomerTokenInvalid, also for two; CustomerTokenExpired.
    """
    if key.kind is KeyKind.SERVER:
        return Rights(key.scopes)
    if not tokens:
        return Rights(is_publishable=True)
    if len(tokens) > 1:
        raise CustomerTokenInvalid
    bearer = bearer_of(tokens[0], key.signing_secrets, at=runtime.clock())
    return Rights(is_publishable=True, customer_id=bearer.customer_id, until=bearer.until)


def in_the_name_of(scope: Scope, person: str | None) -> Scope:
    """The same, naming the person who acts through the key, when the request does.

    Only the shape is checked: whoever holds the key vouches for it. `person` as the header came,
    its bytes read as Latin-1; they are UTF-8. Raises Invalid (InvalidActor).
    """
    if person is None:
        return scope
    try:
        text = person.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    return replace(scope, actor=named(text, through=scope.actor))


async def caller_of(request: Request) -> Caller:
    """The caller that was let in (api/route.py)."""
    caller = request.state.caller
    assert isinstance(caller, Caller), "only those let in get here"
    return caller


Asked = Annotated[Caller, Depends(caller_of)]
