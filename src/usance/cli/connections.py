"""`usance connections`: usage that another system counts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, session
from usance.cli.show import AsJson, counted, paper, print_json, print_table
from usance.documents.connection_notation import connection_from, plain_connection
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import ConnectionId
from usance.flows.connect_usage import connect_usage
from usance.flows.plays.sync_connection import (
    Synced,
    disconnect_usage,
    rehearse_sync,
    sync_connection,
)
from usance.flows.update_connection import update_connection
from usance.store import connection_differences, connections

app = typer.Typer(no_args_is_help=True)

LEFT_OUT = "-"
MOST_LINES = 1000
MOST_SHOWN = 50  # changes of one sync

Id = Annotated[str, typer.Argument(help="What the connection is called here.")]
Names = Annotated[
    list[str] | None,
    typer.Option(help=f"As it is called there=here; there={LEFT_OUT} leaves it out. Repeatable."),
]


@app.command("add")
def add(
    connection_id: Id,
    *,
    url: Annotated[str, typer.Option(help="Where the other side answers, without /api.")],
    since: Annotated[
        str, typer.Option(help="The first instant that counts: 2026-01-01T00:00:00Z.")
    ],
    key: Annotated[
        str,
        typer.Option(
            envvar="USANCE_CONNECTION_KEY",
            prompt="Server key of the other side",
            hide_input=True,
            help="A server key of the other side; asked for when it is not in the environment.",
        ),
    ],
    customer: Names = None,
    feature: Names = None,
    history: Annotated[str, typer.Option(help="RUNNING or AMOUNTS.")] = "RUNNING",
    creates: Annotated[
        bool, typer.Option(help="Create customers and features that are unknown here.")
    ] = True,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Connect a system: what it counts comes in by itself from now on."""
    plain = {
        "connectionId": connection_id,
        "url": url,
        "since": since,
        "history": history,
        "customers": _names(customer, "--customer"),
        "features": _names(feature, "--feature"),
        "createsCustomers": creates,
        "createsFeatures": creates,
    }
    with session(environment) as here:
        connect_usage(here.runtime, here.scope, connection_from(plain), key=key)
    paper.print(f"connected {connection_id}", markup=False)


@app.command("map")
def map_names(
    connection_id: Id,
    *,
    customer: Names = None,
    feature: Names = None,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Say what is called what, beside what was said before; it counts from the next sync on."""
    with session(environment) as here:
        with here.runtime.transaction(here.scope) as tx:
            before = connections.one(tx, connection_id).connection
        plain = plain_connection(before) | {
            "customers": {**before.customers, **_names(customer, "--customer")},
            "features": {**before.features, **_names(feature, "--feature")},
        }
        update_connection(here.runtime, here.scope, connection_from(plain))
    paper.print(f"changed {connection_id}", markup=False)


@app.command("list")
def list_connections(
    *, environment: Environment = DEFAULT_ENVIRONMENT, as_json: AsJson = False
) -> None:
    """List connections and how they fare; never their keys."""
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        found = connections.every(tx)
    if as_json:
        print_json(
            [
                {
                    **plain_connection(kept.connection),
                    "triedAt": kept.tried_at,
                    "syncedAt": kept.synced_at,
                    "failure": kept.failure,
                    "problems": [each._asdict() for each in kept.strangers],
                }
                for kept in found
            ]
        )
        return
    rows = [
        (
            kept.connection.id,
            kept.connection.url,
            _minute(kept.synced_at),
            kept.failure or ("" if kept.connection.is_enabled else "paused"),
            len(kept.strangers) or "",
        )
        for kept in found
    ]
    print_table("Connections", ("id", "url", "synced", "failure", "problems"), rows)


@app.command("sync")
def sync(
    connection_id: Id,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would happen; keep nothing.")
    ] = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="Read everything since the connection counts.")
    ] = False,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Sync now, and say what came of it. Exits with 1 when the other side failed."""
    run = rehearse_sync if dry_run else sync_connection
    with session(environment) as here:
        synced = run(here.runtime, here.scope, ConnectionId(connection_id), is_whole=whole)
    if as_json:
        print_json(synced)
    else:
        _print(synced)
    if synced.failure is not None:
        raise typer.Exit(1)


@app.command("differences")
def differences(
    connection_id: Id,
    *,
    every: Annotated[bool, typer.Option("--all", help="Also where there is none.")] = False,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Compare what the other side counted with what is counted here."""
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        kept = connections.one(tx, connection_id)
        now = here.runtime.now(tx)
        found = connection_differences.page(tx, kept.connection, now=now, limit=MOST_LINES)
    shown = [each for each in found if every or each.difference or each.problem]
    headings = ("customer", "feature", "there", "here", "difference", "synced", "problem")
    cells = [
        (
            each.customer_id,
            each.feature_id,
            f"{each.there.normalize():f}",
            f"{each.here.normalize():f}",
            f"{each.difference.normalize():f}",
            _minute(each.read_at),
            each.problem or "",
        )
        for each in shown
    ]
    strangers = [each._asdict() for each in kept.strangers]
    if as_json:
        lines = [dict(zip(headings, row, strict=True)) for row in cells]
        print_json({"differences": lines, "problems": strangers})
        return
    print_table("Differences", headings, cells, right="there here difference")
    for each in kept.strangers:
        paper.print(f"{each.code}: {each.there}", markup=False)


@app.command("pause")
def pause(connection_id: Id, *, environment: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Sync no more by itself, until it is resumed."""
    _enable(connection_id, environment, is_enabled=False)
    paper.print(f"paused {connection_id}", markup=False)


@app.command("resume")
def resume(connection_id: Id, *, environment: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Sync by itself again, and catch up."""
    _enable(connection_id, environment, is_enabled=True)
    paper.print(f"resumed {connection_id}", markup=False)


@app.command("remove")
def remove(
    connection_id: Id,
    *,
    take_back: Annotated[
        bool, typer.Option("--take-back", help="Take back all that it took in.")
    ] = False,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Remove a connection and forget its key; what it took in stays, unless it is taken back."""
    with session(environment) as here:
        disconnect_usage(
            here.runtime, here.scope, ConnectionId(connection_id), takes_back=take_back
        )
    paper.print(f"removed {connection_id}", markup=False)


def _enable(connection_id: str, environment: str, *, is_enabled: bool) -> None:
    with session(environment) as here:
        with here.runtime.transaction(here.scope) as tx:
            before = connections.one(tx, connection_id).connection
        plain = plain_connection(before) | {"isEnabled": is_enabled}
        update_connection(here.runtime, here.scope, connection_from(plain))


def _names(given: list[str] | None, option: str) -> dict[str, str | None]:
    names: dict[str, str | None] = {}
    for each in given or ():
        there, is_pair, here = each.partition("=")
        if not is_pair or not there or not here:
            expected = f"what it is called there=here, or there={LEFT_OUT}"
            raise Invalid(Problem("InvalidName", option, each[:80], expected))
        names[there] = None if here == LEFT_OUT else here
    return names


def _print(synced: Synced) -> None:
    for each in synced.taken_in[:MOST_SHOWN]:
        paper.print(
            f"{each.used_at:%Y-%m-%d %H:%M}  {each.customer_id}  {each.feature_id}  "
            f"{each.amount.normalize():+f}",
            markup=False,
        )
    if synced.change_count > MOST_SHOWN:
        paper.print(f"and {synced.change_count - MOST_SHOWN} more")
    for problem in synced.problems:
        paper.print(f"problem: {problem}", markup=False)
    paper.print(
        ", ".join(
            (
                counted(len(synced.customers), "customer"),
                counted(len(synced.features), "feature"),
                counted(synced.change_count, "change"),
                f"{counted(synced.read_count, 'history', 'histories')} read",
            )
        )
    )
    if synced.failure is not None:
        paper.print(f"failed: {synced.failure}", markup=False)


def _minute(instant: datetime | None) -> str:
    return "" if instant is None else f"{instant:%Y-%m-%d %H:%M}"
