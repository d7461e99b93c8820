"""Price indices: the published figures that uplifts refer to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from pydantic import Field

from usance.api.caller import Asked, Caller
from usance.api.envelope import Instant, Single, Wire
from usance.api.fields import PathId
from usance.api.route import resource
from usance.documents.plain import number
from usance.domain.errors import Invalid, NotFound, Problem, refuse_if
from usance.domain.price_index import month_from, written_month
from usance.flows.import_index import import_index
from usance.store import price_indices

MAX_FIGURES = 2000

router = resource("price-indices", tag="Reference data")


class FigureBody(Wire):
    """What an index stood at in a month."""

    month: str = Field(description="As YYYY-MM, or its first day.", examples=["2025-01"])
    value: str = Field(description="Above zero.", examples=["317.671"])


class FiguresBody(Wire):
    """Figures as they were published."""

    figures: list[FigureBody] = Field(min_length=1, max_length=MAX_FIGURES)
    restate: bool = Field(
        default=False, description="They may differ from figures known; those are kept too."
    )


class FigureWire(FigureBody):
    """A figure; of a month that was restated each revision, the last of which counts."""

    revision: int
    imported_at: Instant


class SeriesWire(Wire):
    """An index series."""

    id: str = Field(examples=["CPI-U"])
    figures: list[FigureWire] = Field(description="By month, then by revision.")


class SeriesOverview(Wire):
    """How far an index series reaches."""

    id: str
    first: str = Field(examples=["2020-01"])
    last: str = Field(examples=["2025-10"])
    month_count: int
    imported_at: Instant


@router.get("", operation_id="listPriceIndices", summary="List price indices")
def list_series(caller: Asked) -> Single[list[SeriesOverview]]:
    """By id, without their figures."""
    with caller.transaction() as tx:
        rows = price_indices.overview(tx)
    return Single(
        data=[
            SeriesOverview(
                id=row.series_id,
                first=written_month(row.first),
                last=written_month(row.last),
                month_count=row.month_count,
                imported_at=row.imported_at,
            )
            for row in rows
        ]
    )


@router.get("/{id}", operation_id="getPriceIndex", summary="Read a price index")
def get_series(caller: Asked, id: PathId) -> Single[SeriesWire]:
    """Every figure that was imported."""
    return _one(caller, id)


@router.post("/{id}", operation_id="importPriceIndex", summary="Import figures of a price index")
def import_figures(caller: Asked, id: PathId, body: FiguresBody) -> Single[SeriesWire]:
    """All of them, or none. A figure that differs from the known one needs `restate`."""
    figures = figures_from(body.figures)
    import_index(caller.runtime, caller.scope, id, figures, may_restate=body.restate)
    return _one(caller, id)


def figures_from(sent: Sequence[FigureBody]) -> dict[date, Decimal]:
    """The figures by month. Raises Invalid with every problem."""
    figures: dict[date, Decimal] = {}
    problems: list[Problem] = []
    for index, each in enumerate(sent):
        try:
            month = month_from(each.month, path="month")
            if month in figures:
                raise Invalid(Problem("DuplicateMonth", "month", each.month, "each month once"))
            figures[month] = number(each.value, "value")
        except Invalid as refused:
            problems += [problem.under(f"figures[{index}]") for problem in refused.problems]
    refuse_if(problems)
    return figures


def _one(caller: Caller, series_id: str) -> Single[SeriesWire]:
    with caller.transaction() as tx:
        rows = price_indices.revisions(tx, series_id)
    if not rows:
        raise NotFound("price index", series_id)
    figures = [
        FigureWire(
            month=written_month(row.month),
            value=f"{row.value:f}",
            revision=row.revision,
            imported_at=row.imported_at,
        )
        for row in rows
    ]
    return Single(data=SeriesWire(id=series_id, figures=figures))
