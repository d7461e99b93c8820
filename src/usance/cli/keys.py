"""`usance keys`: who may come in over the network, and what for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, Session, session
from usance.cli.show import AsJson, paper, print_json, print_table
from usance.domain.api_keys.customer_tokens import customer_token
from usance.domain.api_keys.keys import Grace, KeyKind, status_of
from usance.domain.api_keys.scopes import KeyScope
from usance.domain.ids import parse_ref
from usance.flows.open_environment import create_key, revoke_key
from usance.flows.rotate_key import rotate_key
from usance.flows.rotate_signing_secret import rotate_signing_secret
from usance.flows.runtime import world_clock
from usance.store import api_keys
from usance.store.database import Row

keys = typer.Typer(no_args_is_help=True)

Days = Annotated[int | None, typer.Option("--days", min=1, max=3650, help="It expires after.")]
WithGrace = Annotated[
    Grace, typer.Option("--grace", case_sensitive=False, help="How long the old one goes on.")
]


@keys.command("create")
def create(
    *,
    name: Annotated[str, typer.Option(help="What it is for, as it will stand in lists.")] = "cli",
    scopes: Annotated[
        list[KeyScope] | None,
        typer.Option("--scope", case_sensitive=False, help="Again for each; FULL_ACCESS if none."),
    ] = None,
    is_publishable: Annotated[
        bool, typer.Option("--publishable", help="For web pages: it only reads what is public.")
    ] = False,
    days: Days = None,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Create an API key and print it, this once: only its hash is kept."""
    if is_publishable and scopes:
        raise typer.BadParameter("a publishable key has no scopes: all may do the same")
    with session(environment) as here:
        key = create_key(
            here.runtime,
            here.scope,
            name=name,
            kind=KeyKind.PUBLISHABLE if is_publishable else KeyKind.SERVER,
            scopes=scopes or [KeyScope.FULL_ACCESS],
            expires_at=None if days is None else here.runtime.clock() + timedelta(days=days),
        )
        _print_new(here, key.id, key.secret, as_json=as_json)


@keys.command("list")
def list_keys(*, environment: Environment = DEFAULT_ENVIRONMENT, as_json: AsJson = False) -> None:
    """List the keys of an environment; never the keys themselves."""
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        rows = api_keys.every(tx)
        at = here.runtime.clock()
    if as_json:
        print_json([{**row._asdict(), "status": _status(row, at)} for row in rows])
        return
    cells = [
        (row.id, row.name, _does(row), f"…{row.ends_with}", _status(row, at), row.last_used_at)
        for row in rows
    ]
    print_table("API keys", ("id", "name", "may", "key", "status", "last used"), cells)


@keys.command("rotate")
def rotate(
    key_id: str,
    *,
    grace: WithGrace = Grace.NOW,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Create a key that may do the same and print it; the old one closes after the grace."""
    with session(environment) as here:
        new_id, secret = rotate_key(here.runtime, here.scope, key_id, grace=grace)
        _print_new(here, new_id, secret, as_json=as_json)


@keys.command("revoke")
def revoke(key_id: str, *, environment: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Close a key for good."""
    with session(environment) as here:
        revoke_key(here.runtime, here.scope, key_id)
    paper.print(f"revoked {key_id}", markup=False)


@keys.command("signing-secret")
def signing_secret(
    *,
    grace: WithGrace = Grace.NOW,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Create the secret that signs customer tokens, the first or another, and print it."""
    with session(environment) as here:
        secret = rotate_signing_secret(here.runtime, here.scope, grace=grace)
    if as_json:
        print_json({"signingSecret": secret, "environment": environment})
    else:
        paper.print(secret, markup=False, soft_wrap=True)


@keys.command("customer-token")
def token(
    customer_id: str,
    *,
    secret: Annotated[str, typer.Option(envvar="USANCE_SIGNING_SECRET", help="It signs it.")],
    minutes: Annotated[
        int | None, typer.Option(min=1, max=525_600, help="It expires after; else never.")
    ] = None,
) -> None:
    """Sign a customer token, to try things out; a backend signs its own."""
    customer = parse_ref(customer_id, path="CUSTOMER_ID")
    until = None if minutes is None else world_clock() + timedelta(minutes=minutes)
    paper.print(customer_token(secret, customer, until=until), markup=False, soft_wrap=True)


def _print_new(here: Session, key_id: str, secret: str, *, as_json: bool) -> None:
    if not as_json:
        paper.print(secret, markup=False, soft_wrap=True)
        return
    with here.runtime.transaction(here.scope) as tx:
        row = api_keys.one(tx, key_id)
    print_json(
        {
            "key": secret,
            "id": row.id,
            "name": row.name,
            "kind": row.kind,
            "scopes": row.scopes or [],
            "expiresAt": row.expires_at,
            "environment": here.scope.tenant_id,
        }
    )


def _status(row: Row, at: datetime) -> str:
    return status_of(expires_at=row.expires_at, revoked_at=row.revoked_at, at=at)


def _does(row: Row) -> str:
    return "PUBLISHABLE" if row.kind == KeyKind.PUBLISHABLE else ", ".join(row.scopes)
