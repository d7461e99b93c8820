"""A command's session: the database it works on, and in which environment."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer

from usance.domain.errors import Conflict
from usance.domain.ids import parse_ref
from usance.flows.open_environment import open_environment
from usance.flows.runtime import Runtime, Scope
from usance.opening import database_for, runtime_for
from usance.settings import Settings, settings_from
from usance.store import tenants

DEFAULT_ENVIRONMENT = "default"

Environment = Annotated[
    str,
    typer.Option(
        "--env",
        envvar="USANCE_ENVIRONMENT",
        help="The environment to work in; a new one is opened as a sandbox.",
    ),
]


@dataclass(frozen=True, slots=True)
class Session:
    """What a command needs: the world, on whose behalf, and the settings."""

    runtime: Runtime
    scope: Scope
    settings: Settings


@contextmanager
def database() -> Iterator[Runtime]:
    """A migrated database, and no environment in particular."""
    settings = settings_from()
    with database_for(settings) as opened:
        yield runtime_for(opened, settings)


@contextmanager
def session(environment: str = DEFAULT_ENVIRONMENT) -> Iterator[Session]:
    """A migrated database and an environment in it, opened as a sandbox when it is new."""
    with database() as runtime:
        with runtime.database.platform() as platform:
            known = {row.tenant_id for row in tenants.every(platform)}
        if environment not in known:
            _open(runtime, environment)
        scope = Scope(environment, f"cli:{_user()}")
        yield Session(runtime, scope, settings_from())


def _open(runtime: Runtime, environment: str) -> None:
    try:
        tenant_id = parse_ref(environment, path="--env")
        open_environment(runtime, tenant_id, name=environment, kind="SANDBOX")
    except Conflict:  # another command was first
        return


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in containers
        return "unknown"
