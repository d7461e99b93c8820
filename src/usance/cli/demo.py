"""`usance demo`: the main job, from signed orders to paid invoices, on example deals."""

from __future__ import annotations

import time
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from usance.cli.demo_report import report, say_where, show
from usance.cli.demo_story import play
from usance.cli.session import session
from usance.cli.show import AsJson, people, print_json, to_json_file
from usance.flows.runtime import world_clock

OutFolder = Annotated[Path, typer.Option("--out", help="Where PDFs and demo.json are written.")]


def demo(*, out: OutFolder = Path("demo-out"), as_json: AsJson = False) -> None:
    """Play half a year: orders, contracts, usage, invoices, PDFs, bank transfers, ledger.

    In a sandbox of its own, on a clock that is moved; the example deals are in `examples/`.
    """
    start = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    with session(_environment(world_clock())) as here:
        with _progress() as progress:
            task = progress.add_task("starting", total=None)

            def tell(what: str) -> None:
                progress.update(task, description=what)

            played = play(here, examples(), out, tell)
        answer = report(here, played)
        answer["timings"]["total"] = f"{time.perf_counter() - start:.3f}"
        to_json_file(answer, out / "demo.json")
        if as_json:
            print_json(answer)
            return
        show(here, answer)
        say_where(answer, str(out))
        people.print(f"{len(played.issued)} invoices in {answer['timings']['total']} s")


def examples() -> Path:
    """The example deals: carried in the package, or beside it in a checkout."""
    package = Path(str(files("usance")))
    carried, beside = package / "examples", package.parents[1] / "examples"
    return carried if carried.is_dir() else beside


def _environment(now: datetime) -> str:
    return f"demo-{now:%Y%m%d-%H%M%S-%f}"


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=people,
        transient=True,
    )
