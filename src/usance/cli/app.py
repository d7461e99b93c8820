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
from usance.cli.commands import Commands
from usance.cli.show import people
from usance.domain.errors import DomainError, Invalid
from usance.providers.errors import ProviderError
from usance.settings import SettingsError
from usance.store.database import DatabaseUnusable
from usance.store.embedded.errors import EmbeddedPostgresError

app = typer.Typer(
    name="usance",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


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
