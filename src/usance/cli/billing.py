"""`usance bill`: make the drafts that should exist."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, session
from usance.cli.show import AsJson, counted, paper, people, print_json
from usance.domain.calendar import parse_day
from usance.domain.errors import Invalid
from usance.domain.invoicing.invoice import Draft
from usance.flows.plays.bill_subscriptions import bill_subscriptions
from usance.flows.refresh_drafts import refresh_drafts
from usance.flows.run_billing import BillingRun, run_billing


def bill(
    *,
    through: Annotated[
        str | None, typer.Option(help="Bill what is due by this day; else by today.")
    ] = None,
    is_dry: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be drafted; keep nothing.")
    ] = False,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Draft everything due that is not drafted, and bring held drafts up to date; of subscriptions,
    what has changed by now.

    Run it as often as you like, from as many machines: what exists is left alone.
    """
    day = None if through is None else _day(through)
    with session(environment) as here, _progress() as progress:
        task = progress.add_task("drafting", total=None, count=0)

        def see(drafts: Sequence[Draft]) -> None:
            progress.update(task, advance=len(drafts))

        if not is_dry:
            bill_subscriptions(here.runtime, here.scope)
        refreshed = [] if is_dry else refresh_drafts(here.runtime, here.scope)
        run = run_billing(here.runtime, here.scope, through=day, is_dry=is_dry, see=see)
    if as_json:
        print_json(_plain(run, len(refreshed)))
    else:
        sums = ", ".join(str(gross) for gross in run.gross.values()) or "nothing due"
        drafted = "would be drafted" if is_dry else "drafted"
        paper.print(f"{counted(run.draft_count, 'invoice')} {drafted}: {sums}")
        if refreshed:
            paper.print(f"{counted(len(refreshed), 'held draft')} brought up to date")


def _day(through: str) -> date:
    try:
        return parse_day(through)
    except Invalid as refusal:
        raise Invalid(*(problem.under("--through") for problem in refusal.problems)) from None


def _plain(run: BillingRun, refreshed: int) -> dict[str, object]:
    return {
        "isDry": run.is_dry,
        "through": run.through,
        "drafts": run.draft_count,
        "refreshed": refreshed,
        "gross": {code: gross.text for code, gross in run.gross.items()},
    }


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}: {task.completed:,.0f} drafts"),
        TimeElapsedColumn(),
        console=people,
        transient=True,
    )
