"""Who is asking: the environment a key opens, and what a handler may reach."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Request

from usance.api.errors import Unauthenticated
from usance.documents.link import hosted_url
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.approvers import named
from usance.flows.open_environment import key_hash
from usance.flows.runtime import Runtime, Scope
from usance.store import tenants
from usance.store.database import Tx
from usance.store.joined import Joined

LONGEST_KEY = 200
ACTOR = "X-Usance-Actor"  # the header that names the person who acts through a key


@dataclass(frozen=True, slots=True)
class Caller:
    """A request's environment, on whose behalf it acts, and where customers reach us."""

    runtime: Runtime
    scope: Scope
    public_url: str

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


def authenticate(runtime: Runtime, key: str | None) -> Scope:
    """The environment a key opens, acting as that key. Raises Unauthenticated."""
    if not key or len(key) > LONGEST_KEY:
        raise Unauthenticated
    with runtime.database.platform() as tx:
        found = tenants.tenant_of_key(tx, key_hash(key))
    if found is None:
        raise Unauthenticated
    return Scope(found.tenant_id, f"key:{found.id}")


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
