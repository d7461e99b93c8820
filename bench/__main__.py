"""`python -m bench [--only NAME]`: run the benchmarks and say which goals hold."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table

from bench import (
    billing_run,
    catalogue_scale,
    check_http,
    check_local,
    drafting,
    ingest,
    paper,
    preview,
    timeline,
    usage_query,
)
from bench.figure import Figure

BENCHES: dict[str, Callable[[], Iterator[Figure]]] = {
    "drafting": drafting.run,
    "preview": preview.run,
    "timeline": timeline.run,
    "pdf": paper.run,
    "billing_run": billing_run.run,
    "catalogue_scale": catalogue_scale.run,
    "check_http": check_http.run,
    "check_local": check_local.run,
    "ingest": ingest.run,
    "usage_query": usage_query.run,
}


def main() -> int:
    """Exit status 0 when every goal holds, 1 when one does not."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=[*BENCHES, ""], default="", help="run one benchmark")
    only = parser.parse_args().only
    people = Console(stderr=True)
    figures: list[Figure] = []
    for name in [only] if only else BENCHES:
        people.print(f"[bold]{name}[/bold] …")
        for figure in BENCHES[name]():
            figures.append(figure)
            print(json.dumps(figure.plain()), flush=True)
    people.print(_table(figures))
    return 0 if all(figure.holds for figure in figures) else 1


def _table(figures: list[Figure]) -> Table:
    table = Table(title="Beside its own limit, measured in the same run")
    for heading, side in (
        ("bench", "left"),
        ("value", "right"),
        ("limit", "right"),
        ("unit", "left"),
        ("ratio", "right"),
        ("goal", "right"),
        ("holds", "left"),
        ("note", "left"),
    ):
        table.add_column(heading, justify="right" if side == "right" else "left")
    for each in figures:
        table.add_row(
            each.bench,
            f"{each.value:,.4g}",
            f"{each.limit:,.4g}",
            each.unit,
            f"{each.ratio:.3g}",
            f"{each.bound} {each.goal:g}",
            "yes" if each.holds else "[red]no[/red]",
            each.note,
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
