"""Price indices: changes between months, and what an import may change."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.errors import Invalid
from usance.domain.price_index import IndexSeries, added, change, month_from, written_month

MONTHS = st.dates(date(2000, 1, 1), date(2100, 1, 1)).map(lambda day: day.replace(day=1))
FIGURES = st.decimals(Decimal("0.001"), Decimal(10_000), places=3)
FEW_MONTHS = st.integers(1, 4).map(lambda month: date(2025, month, 1))  # so that they meet
PUBLISHED = st.dictionaries(FEW_MONTHS, FIGURES, max_size=4)
JANUARY, NOVEMBER = date(2025, 1, 1), date(2025, 11, 1)


@given(PUBLISHED, MONTHS, MONTHS, FIGURES, FIGURES)
def test_the_change_against_a_month_and_back_again_multiply_to_one(
    values: dict[date, Decimal], one: date, other: date, figure: Decimal, other_figure: Decimal
) -> None:
    series = IndexSeries("CPI", {**values, one: figure, other: other_figure})
    there = change(series, of=one, against=other)
    back = change(series, of=other, against=one)
    assert there is not None
    assert back is not None
    assert (1 + there) * (1 + back) == 1


@given(PUBLISHED, PUBLISHED, st.booleans())
def test_no_figure_changes_unless_a_restatement_was_said_to_be_one(
    known: dict[date, Decimal], published: dict[date, Decimal], may_restate: bool
) -> None:
    changed = {month for month in known.keys() & published if known[month] != published[month]}
    series = IndexSeries("CPI", known)
    if changed and not may_restate:
        with pytest.raises(Invalid) as refused:
            added(series, published, may_restate=False)
        found = {(problem.code, problem.path) for problem in refused.value.problems}
        assert found == {("IndexAlreadyPublished", written_month(month)) for month in changed}
        return
    new = added(series, published, may_restate=may_restate)
    assert {**known, **new} == {**known, **published}
    assert new.keys() == (published.keys() - known.keys()) | changed


def test_the_change_of_a_month_not_published_is_not_known() -> None:
    series = IndexSeries("CPI", {JANUARY: Decimal(100), NOVEMBER: Decimal(103)})
    assert change(series, of=date(2025, 11, 30), against=JANUARY) == Fraction(3, 100)
    assert change(series, of=date(2025, 12, 1), against=JANUARY) is None
    assert change(series, of=NOVEMBER, against=date(2024, 1, 1)) is None


@pytest.mark.parametrize(
    ("values", "code", "path"),
    [
        ({JANUARY: Decimal(0)}, "InvalidIndexValue", "2025-01"),
        ({JANUARY: Decimal("-1.5")}, "InvalidIndexValue", "2025-01"),
        ({date(2025, 1, 2): Decimal(1)}, "InvalidMonth", ""),
    ],
)
def test_what_is_no_figure_of_a_month_is_refused(
    values: dict[date, Decimal], code: str, path: str
) -> None:
    for make in (
        lambda: IndexSeries("CPI", values),
        lambda: added(IndexSeries("CPI", {}), values, may_restate=True),
    ):
        with pytest.raises(Invalid) as refused:
            make()
        assert [(each.code, each.path) for each in refused.value.problems] == [(code, path)]


@given(MONTHS)
def test_a_month_written_and_read_again_is_the_same(month: date) -> None:
    assert month_from(written_month(month)) == month
    assert month_from(month.isoformat()) == month


@pytest.mark.parametrize("written", ["2025-13", "2025-1", "2025-01-02", "Jan 2025", "", "2025"])
def test_what_is_no_month_is_refused(written: str) -> None:
    with pytest.raises(Invalid) as refused:
        month_from(written, path="month")
    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == ("InvalidMonth", "month")
