"""`usance fx`: exchange rates, for reports and for tax shown in another currency."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, session
from usance.cli.show import AsJson, counted, paper, print_json
from usance.documents.fx_file import read_rates
from usance.domain.calendar import parse_day
from usance.domain.money import currency
from usance.flows.import_fx_rates import import_fx_rates
from usance.providers.exchange_rates import ECB, EuropeanCentralBank
from usance.store import fx_rates

app = typer.Typer(no_args_is_help=True)

RatesFile = Annotated[Path, typer.Argument(help="eurofxref-hist.csv, or day,base,quote,rate.")]
Source = Annotated[str, typer.Option("--source", help="Whose rates they are.")]
Restate = Annotated[bool, typer.Option("--restate", help="Rates may differ from known ones.")]


@app.command("import")
def import_file(
    file: RatesFile,
    *,
    source: Source = "ECB",
    restate: Restate = False,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Import a file of rates: all of it, or nothing; again, and nothing changes."""
    quotes = read_rates(file.read_text(encoding="utf-8"), file.name)
    with session(environment) as here:
        new = import_fx_rates(here.runtime, here.scope, quotes, source=source, may_restate=restate)
    paper.print(f"{source}: {counted(new, 'new rate')}, {len(quotes) - new} known", markup=False)


@app.command("fetch")
def fetch(
    *,
    url: Annotated[str, typer.Option("--url", help="Where the archive is.")] = ECB,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Import what the European Central Bank has published."""
    bank = EuropeanCentralBank(url)
    quotes = read_rates(bank.published(), bank.source)
    with session(environment) as here:
        new = import_fx_rates(here.runtime, here.scope, quotes, source=bank.source)
    paper.print(f"{bank.source}: {counted(new, 'new rate')}, {len(quotes) - new} known")


@app.command("rate")
def rate(
    base: str,
    quote: str,
    *,
    on: Annotated[str, typer.Option("--on", help="The day, as 2025-01-31.")],
    source: Source = "ECB",
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Show what one unit of BASE costs in QUOTE, and of which day that is."""
    day = parse_day(on)
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        found = fx_rates.around(tx, source, day).rate(currency(base), currency(quote), day)
    if as_json:
        answer = {"base": found.base.code, "quote": found.quote.code, "rate": found.text}
        print_json({**answer, "day": found.day, "source": found.source})
    else:
        said = f"1 {found.base} = {found.text} {found.quote} ({found.source}, {found.day})"
        paper.print(said, markup=False)
