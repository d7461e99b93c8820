"""`usance indices`: published price indices, for uplifts by index."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, session
from usance.cli.show import AsJson, counted, paper, print_json, print_table
from usance.documents.index_file import read_figures
from usance.domain.price_index import written_month
from usance.flows.import_index import import_index
from usance.store import price_indices

app = typer.Typer(no_args_is_help=True)

IndexFile = Annotated[Path, typer.Argument(help="A .csv of months and figures.")]
Series = Annotated[str, typer.Option("--series", help="What contracts call it, such as CPI-U.")]
Restate = Annotated[bool, typer.Option("--restate", help="Figures may differ from known ones.")]


@app.command("import")
def import_file(
    file: IndexFile,
    *,
    series: Series,
    restate: Restate = False,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Import a file of figures: all of it, or nothing; again, and nothing changes."""
    figures = read_figures(file.read_text(encoding="utf-8"), file.name)
    with session(environment) as here:
        new = import_index(here.runtime, here.scope, series, figures, may_restate=restate)
    known = len(figures) - len(new)
    paper.print(f"{series}: {counted(len(new), 'new figure')}, {known} known", markup=False)


@app.command("list")
def list_series(*, environment: Environment = DEFAULT_ENVIRONMENT, as_json: AsJson = False) -> None:
    """List the series and the months they reach."""
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        rows = price_indices.overview(tx)
    answer = [
        {
            "id": row.series_id,
            "first": written_month(row.first),
            "last": written_month(row.last),
            "months": row.month_count,
        }
        for row in rows
    ]
    if as_json:
        print_json(answer)
    else:
        rows = [list(each.values()) for each in answer]
        print_table("Price indices", ("id", "first", "last", "months"), rows, right="months")
