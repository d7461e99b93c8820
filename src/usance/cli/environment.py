"""`usance migrate`, `env`, `clock`: what surrounds the business."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, database, session
from usance.cli.show import AsJson, counted, instant, paper, print_json, print_table
from usance.domain.calendar import instant_from
from usance.domain.errors import Invalid
from usance.domain.ids import CustomerId, parse_ref
from usance.flows.open_environment import move_clock, open_environment
from usance.flows.plays.pass_time import pass_time
from usance.settings import settings_from
from usance.store import tenants
from usance.store.embedded.cluster import attach
from usance.store.migrate import migrate

environments = typer.Typer(no_args_is_help=True)
clock = typer.Typer(no_args_is_help=True)


def migrate_database(*, as_json: AsJson = False) -> None:
    """Bring the database up to date; safe to run at any time, by any number of processes."""
    settings = settings_from()
    if settings.database_url is not None:
        applied = migrate(settings.database_url)
    else:
        with attach(settings.home) as cluster:
            applied = migrate(cluster.url)
    if as_json:
        print_json({"applied": applied})
    else:
        paper.print("\n".join(f"applied {name}" for name in applied) or "up to date")


@environments.command("open")
def open_one(
    name: Annotated[str, typer.Argument(help="What `--env` will call it.")],
    *,
    is_production: Annotated[
        bool, typer.Option("--production", help="For real deals: its clock cannot be moved.")
    ] = False,
) -> None:
    """Open an environment: a sandbox, unless told otherwise."""
    kind = "PRODUCTION" if is_production else "SANDBOX"
    with database() as runtime:
        open_environment(runtime, parse_ref(name, path="name"), name=name, kind=kind)
    paper.print(f"{name} {kind}", markup=False)


@environments.command("list")
def list_environments(*, as_json: AsJson = False) -> None:
    """List all environments of this database."""
    with database() as runtime, runtime.database.platform() as platform:
        rows = tenants.every(platform)
    if as_json:
        print_json([row._asdict() for row in rows])
        return
    cells = [(row.tenant_id, row.kind, row.created_at, row.clock_at or "") for row in rows]
    print_table("Environments", ("id", "kind", "opened", "clock"), cells)


@clock.command("show")
def show(*, environment: Environment = DEFAULT_ENVIRONMENT, as_json: AsJson = False) -> None:
    """Show what time it is in an environment."""
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        moved = tenants.clock_of(tx)
        now = here.runtime.now(tx)
    if as_json:
        print_json({"now": now, "isMoved": moved is not None})
    else:
        paper.print(instant(now) + (" (moved)" if moved else ""))


@clock.command("set")
def set_clock(
    to: Annotated[str, typer.Argument(help="A day (its noon, UTC) or an instant: 2025-03-01.")],
    *,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Move a sandbox's clock forward; it stands there until moved again."""
    at = _instant(to)
    with session(environment) as here:
        move_clock(here.runtime, here.scope, at)
    paper.print(instant(at))


@clock.command("move")
def let_time_pass(
    to: Annotated[str, typer.Argument(help="A day (its noon, UTC) or an instant: 2025-03-01.")],
    *,
    environment: Environment = DEFAULT_ENVIRONMENT,
    customer: Annotated[
        str | None, typer.Option(help="Of this customer alone; the others' time stands still.")
    ] = None,
) -> None:
    """Let time pass in a sandbox: all that falls due on the way happens, day by day, in order."""
    at = _instant(to)

    def see(on: date, count: int) -> None:
        if count:
            paper.print(f"{on}  {counted(count, 'draft')}", markup=False)

    with session(environment) as here:
        customer_id = None if customer is None else CustomerId(customer)
        pass_time(here.runtime, here.scope, to=at, customer_id=customer_id, see=see)
    paper.print(instant(at))


def _instant(text: str) -> datetime:
    try:
        return instant_from(text)
    except Invalid as refused:
        raise Invalid(*(problem.under("to") for problem in refused.problems)) from None
