"""Exchange rates in a file: as the European Central Bank publishes them, or one a line.

The bank's `eurofxref-hist.csv` has a column a currency: `Date,USD,JPY,…`, how much of it a euro
costs, `N/A` where it is not quoted. The plain shape is `day,base,quote,rate`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from usance.documents.plain import currency, day, number
from usance.documents.table_file import MAX_PROBLEMS, table
from usance.domain.errors import Invalid, Problem, refuse_if
from usance.domain.fx import FxQuote
from usance.domain.money import currency as currency_of

PLAIN = {"day", "base", "quote", "rate"}
NOT_QUOTED = ("", "N/A")
# Currencies that went into the euro or into another one: ISO 4217 lists them no more.
GONE = frozenset(["BGN", "CYP", "EEK", "HRK", "LTL", "LVL", "MTL", "ROL", "SIT", "SKK", "TRL"])
EUR = currency_of("EUR")


def read_rates(text: str, name: str) -> list[FxQuote]:
    """The quotes in the table called `name`. All of them are right, or none is taken.

    Raises Invalid with the problems of every line, as `rates.csv:14.rate`.
    """
    quotes: list[FxQuote] = []
    problems: list[Problem] = []
    for where, cells in table(text, name):
        read = _plain if cells.keys() == PLAIN else _central_bank if "Date" in cells else None
        if read is None:
            expected = "the columns day, base, quote, rate; or Date and one a currency"
            raise Invalid(Problem("UnreadableFile", where, ", ".join(cells)[:80], expected))
        try:
            quotes += read(cells)
        except Invalid as refused:
            problems += [problem.under(where) for problem in refused.problems]
    refuse_if(problems[:MAX_PROBLEMS])
    if not quotes:
        raise Invalid(Problem("EmptyFile", name, "", "at least one rate"))
    return quotes


def _plain(cells: dict[str, str]) -> Iterator[FxQuote]:
    yield FxQuote(
        currency(cells["base"], "base"),
        currency(cells["quote"], "quote"),
        day(cells["day"], "day"),
        number(cells["rate"], "rate"),
    )


def _central_bank(cells: dict[str, str]) -> Iterator[FxQuote]:
    on: date = day(cells["Date"], "Date")
    for code, cell in cells.items():
        if code != "Date" and code not in GONE and cell not in NOT_QUOTED:
            yield FxQuote(EUR, currency(code, code), on, number(cell, code))
