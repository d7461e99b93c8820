"""The figures of a price index in a file: months in the first column, figures in the second.

So do statistical offices and FRED write them (`observation_date,CPIAUCSL`); a month whose cell is
empty or a point was not published and is passed over.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from usance.documents.plain import number
from usance.documents.table_file import MAX_PROBLEMS, table
from usance.domain.errors import Invalid, Problem, refuse_if
from usance.domain.price_index import month_from

UNPUBLISHED = ("", ".")


def read_figures(text: str, name: str) -> dict[date, Decimal]:
    """The figures in the table called `name`, by month. All of them are right, or none is taken.

    Raises Invalid with the problems of every line, as `cpi.csv:14`.
    """
    figures: dict[date, Decimal] = {}
    problems: list[Problem] = []
    for where, cells in table(text, name):
        if len(cells) != 2:
            expected = "two columns: the month and its figure"
            raise Invalid(Problem("UnreadableFile", where, ", ".join(cells)[:80], expected))
        written, figure = cells.values()
        try:
            month = month_from(written)
            if month in figures:
                raise Invalid(Problem("DuplicateMonth", "", written, "each month once"))
            if figure not in UNPUBLISHED:
                figures[month] = number(figure, "")
        except Invalid as refused:
            problems += [problem.under(where) for problem in refused.problems]
    refuse_if(problems[:MAX_PROBLEMS])
    if not figures:
        raise Invalid(Problem("EmptyFile", name, "", "at least one month and its figure"))
    return figures
