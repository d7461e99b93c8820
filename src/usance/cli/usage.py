"""`usance usage`: usage events from files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, session
from usance.cli.show import AsJson, paper, print_json
from usance.documents.event_file import read_events
from usance.domain.metering.receipts import Outcome
from usance.flows.ingest_usage import ingest_usage

app = typer.Typer(help="Usage events.", no_args_is_help=True)

EventFile = Annotated[Path, typer.Argument(help="Events as .jsonl, .json or .csv.")]


@app.command("import")
def import_file(
    file: EventFile, *, environment: Environment = DEFAULT_ENVIRONMENT, as_json: AsJson = False
) -> None:
    """Import a file of events: all of it, or nothing; again, and nothing changes."""
    events = read_events(file.read_text(encoding="utf-8"), str(file))
    with session(environment) as here:
        receipts = ingest_usage(here.runtime, here.scope, events)
    counts = {outcome.value.lower(): receipts.count(outcome) for outcome in Outcome}
    if as_json:
        print_json(counts)
    else:
        paper.print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
