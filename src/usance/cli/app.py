"""`usance`: the commands, and what every one of them does about errors."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated

import psycopg
import structlog
import typer
from psycopg_pool import PoolTimeout

import usance
from usance.cli import (
    access,
    billing,
    company,
    connections,
    contracts,
    corrections,
    customers,
    demo,
    environment,
    fx,
    indices,
    invoices,
    keys,
    ledger,
    orders,
    payments,
    refunds,
    rehearsals,
    serve,
    sidecar,
    subscriptions,
    usage,
)
from usance.cli.show import people
from usance.domain.errors import DomainError, Invalid
from usance.providers.errors import ProviderError
from usance.settings import SettingsError
from usance.store.database import DatabaseUnusable
from usance.store.embedded.errors import EmbeddedPostgresError

app = typer.Typer(
    name="usance",
    help="From a signed deal to recognised revenue: orders, contracts, invoices, payments.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("worker")(serve.worker)
app.command("sidecar")(sidecar.sidecar)
app.command("migrate")(environment.migrate_database)
app.command("bill")(billing.bill)
app.command("access")(access.access)
app.command("daily")(rehearsals.daily)
app.command("simulate")(rehearsals.simulate)
app.command("what-if")(rehearsals.see_what_if)
app.command("late-fees")(corrections.late_fees)
app.add_typer(company.app, name="company")
app.add_typer(customers.app, name="customers")
app.add_typer(orders.app, name="orders")
app.add_typer(contracts.app, name="contracts")
app.add_typer(subscriptions.app, name="subscriptions")
app.add_typer(usage.app, name="usage")
app.add_typer(connections.app, name="connections")
app.add_typer(invoices.app, name="invoices")
app.add_typer(payments.app, name="payments")
app.add_typer(refunds.app, name="refunds")
app.add_typer(ledger.app, name="ledger")
app.add_typer(indices.app, name="indices")
app.add_typer(fx.app, name="fx")
app.add_typer(environment.environments, name="env")
app.add_typer(keys.keys, name="keys")
app.add_typer(environment.clock, name="clock")


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)
    ] = False,
) -> None:
    """From a signed deal to recognised revenue: orders, contracts, invoices, payments."""
    if version:
        typer.echo(usance.__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command named on the command line; exit 1 with one clear line on error."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        app()
    except Invalid as refusal:
        for problem in refusal.problems:
            people.print(f"[red]error[/red] {problem.code}: ", end="")
            people.print(problem.message, markup=False, soft_wrap=True)
    except DomainError as refusal:
        _say(refusal.code, refusal)
    except (SettingsError, DatabaseUnusable, EmbeddedPostgresError, ProviderError) as refusal:
        _say(type(refusal).__name__, refusal)
    except (psycopg.OperationalError, PoolTimeout) as failure:
        _say("DatabaseUnreachable", failure)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as failure:
        _say("FileError", failure)
    except KeyboardInterrupt:
        people.print("stopped")
    else:
        return
    sys.exit(1)


def _say(code: str, what: Exception) -> None:
    people.print(f"[red]error[/red] {code}: ", end="")
    people.print(" ".join(str(what).split()), markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
